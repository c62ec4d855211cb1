#!/usr/bin/env bash
# Runs the independent conformance judges of the three protocols against our model simulator, each with
# two generations of the vendor's official SDK.
#
#   loadtest/conformance/run.sh [options of the judges, as --only wire -v]
#
#   FORECOURT_CHECKS  folder of the judges anthropic_check.py, openai_check.py and gemini_check.py, or the
#                     path of one of them [default: ../shared/checks/llm_conformance beside the project]
#   FORECOURT_JUDGES  which of them: any of anthropic, openai, gemini [default: all]
#   FORECOURT_LOADTEST  a built forecourt-loadtest binary [default: built by cargo]
#   PYTHON            the Python that makes the environments [default: python3]
#
# The simulator has no Responses endpoint: the engine does not use it, so those four checks are skipped.
# The environments live in loadtest/.venv; once they exist no network is needed. Exit status: 0 all
# passed, 1 a check failed, 2 nothing could be judged.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
checks=${FORECOURT_CHECKS:-$root/../shared/checks/llm_conformance}
[ -f "$checks" ] && checks=$(dirname "$checks")
judges=${FORECOURT_JUDGES:-anthropic openai gemini}

for judge in $judges; do
    if [ ! -f "$checks/${judge}_check.py" ]; then
        echo "error: there is no conformance judge at $checks/${judge}_check.py" >&2
        echo "  Set FORECOURT_CHECKS to the folder of the judges." >&2
        exit 2
    fi
done

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

for judge in $judges; do
    environment "$judge" "requirements-$judge.txt" >/dev/null || exit 2
    environment "$judge-older" "requirements-$judge-older.txt" >/dev/null || exit 2
done

binary=${FORECOURT_LOADTEST:-}
if [ -z "$binary" ]; then
    # Where cargo puts it depends on the environment: cargo itself is asked.
    binary=$(cd "$root" && cargo build --quiet -p forecourt-loadtest --bin forecourt-loadtest \
        --message-format=json | "${PYTHON:-python3}" -c '
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
address=$("${PYTHON:-python3}" -c 'import json, sys; print(json.load(open(sys.argv[1]))["listening"])' "$ready") || {
    echo "error: the simulator was not ready in time" >&2
    exit 2
}

worst=0
for judge in $judges; do
    case $judge in
    openai) base=http://$address/v1 skip=responses ;;
    *) base=http://$address skip= ;;
    esac
    for generation in "$judge" "$judge-older"; do
        status=0
        PYTHONDONTWRITEBYTECODE=1 "$root/loadtest/.venv/$generation/bin/python" \
            "$checks/${judge}_check.py" "$base" ${skip:+--skip "$skip"} "$@" || status=$?
        [ "$status" -gt "$worst" ] && worst=$status
    done
done
exit "$worst"
