#!/usr/bin/env bash
# Runs the independent conformance judge of the Messages protocol against our model simulator,
# with both generations of the official SDK.
#
#   loadtest/conformance/run.sh [options of the judge, as --only wire -v]
#
#   FORECOURT_CHECKS  path of the judge anthropic_check.py; its folder also holds common.py
#                     [default: ../shared/checks/llm_conformance/anthropic_check.py beside the project]
#   FORECOURT_LOADTEST  a built forecourt-loadtest binary [default: built by cargo]
#   PYTHON            the Python that makes the environments [default: python3]
#
# The environments live in loadtest/.venv; once they exist no network is needed. Exit status: 0 all
# passed, 1 a check failed, 2 nothing could be judged.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
judge=${FORECOURT_CHECKS:-$root/../shared/checks/llm_conformance/anthropic_check.py}

if [ ! -f "$judge" ]; then
    echo "error: the conformance judge is not at $judge" >&2
    echo "  Set FORECOURT_CHECKS to the path of anthropic_check.py." >&2
    exit 2
fi

# One environment per requirements file, made anew when that file changes.
environment() { # name, requirements file
    local folder=$root/loadtest/.venv/$1 wanted=$here/$2
    if ! cmp -s "$wanted" "$folder/installed.txt"; then
        echo "making the environment $1" >&2
        rm -rf "$folder"
        "${PYTHON:-python3}" -m venv "$folder" >&2
        "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" >&2
        cp "$wanted" "$folder/installed.txt"
    fi
    echo "$folder/bin/python"
}

newest=$(environment newest requirements.txt) || exit 2
older=$(environment older requirements-older.txt) || exit 2

binary=${FORECOURT_LOADTEST:-}
if [ -z "$binary" ]; then
    # Where cargo puts it depends on the environment: cargo itself is asked.
    binary=$(cd "$root" && cargo build --quiet -p forecourt-loadtest --bin forecourt-loadtest \
        --message-format=json | "$newest" -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("reason") == "compiler-artifact" and message.get("executable"):
        print(message["executable"])') || exit 2
fi

ready=$(mktemp)
"$binary" model-sim --port 0 >"$ready" &
simulator=$!
# Only our own process, and only if it still runs.
trap 'kill "$simulator" 2>/dev/null || true; wait "$simulator" 2>/dev/null || true; rm -f "$ready"' EXIT

for _ in $(seq 100); do
    [ -s "$ready" ] && break
    if ! kill -0 "$simulator" 2>/dev/null; then
        echo "error: the simulator ended before it was ready" >&2
        exit 2
    fi
    sleep 0.1
done
address=$("$newest" -c 'import json, sys; print(json.load(open(sys.argv[1]))["listening"])' "$ready") || {
    echo "error: the simulator was not ready in time" >&2
    exit 2
}

worst=0
for python in "$newest" "$older"; do
    status=0
    PYTHONDONTWRITEBYTECODE=1 "$python" "$judge" "http://$address" "$@" || status=$?
    [ "$status" -gt "$worst" ] && worst=$status
done
exit "$worst"
