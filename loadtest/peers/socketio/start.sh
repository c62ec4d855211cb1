#!/usr/bin/env bash
# Runs socket.io on free ports until it is told to stop; it says where, and its pid.
set -euo pipefail
cd "$(dirname "$0")"
exec env NODE_ENV=production node server.js
