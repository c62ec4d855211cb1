#!/usr/bin/env bash
# Installs the peers and measures both sides in one run: fan-out (P1 to P4), then the pipeline (P6).
# Results: target/bench/peers-fanout.{json,md}, target/bench/peers-pipeline.{json,md}.
#   FORECOURT_BIN, LOADTEST_BIN   the binaries (target/release/…)
#   ROUNDS                        turns of each side (3)
#   FANOUT_ARGS, PIPELINE_ARGS    further arguments, such as "--seconds 8" or "--rates 200,500"
#   ONLY                          fanout or pipeline
set -euo pipefail
cd "$(dirname "$0")/../.."
engine=${FORECOURT_BIN:-target/release/forecourt}
loadtest=${LOADTEST_BIN:-target/release/forecourt-loadtest}
export FORECOURT_PEERS=$PWD/loadtest/peers

# Two processors for the measured side, the others for the load; on two, they share.
cpus=$(nproc)
if [ "$cpus" -ge 4 ]; then
  places=(--server-cpus 0,1 --client-cpus "2-$((cpus - 1))")
else
  places=()
fi
ulimit -n "$(ulimit -H -n)"
only=${ONLY:-both}
status=0
if [ "$only" != pipeline ]; then
  for peer in nchan nats socketio; do "$FORECOURT_PEERS/$peer/install.sh"; done
  # shellcheck disable=SC2086 # arguments are words
  "$loadtest" fanout --engine "$engine" --rounds "${ROUNDS:-3}" "${places[@]}" \
    --json target/bench/peers-fanout.json ${FANOUT_ARGS:-} || status=$?
fi
if [ "$only" != fanout ]; then
  "$FORECOURT_PEERS/pipeline/install.sh"
  # shellcheck disable=SC2086 # arguments are words
  "$loadtest" compare --engine "$engine" --rounds "${ROUNDS:-3}" "${places[@]}" \
    --json target/bench/peers-pipeline.json ${PIPELINE_ARGS:-} || status=$?
fi
exit "$status"
