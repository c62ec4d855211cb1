#!/usr/bin/env bash
# Installs Redis from the distribution's packages, and what package-lock.json names from the npm registry.
# Postgres is there already: Forecourt needs it too (`make postgres`).
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v redis-server >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || command -v sudo || true)
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
    redis-server >&2
fi
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi
npm ci --no-audit --no-fund --loglevel=error >&2
touch node_modules/.package-lock.json
