#!/usr/bin/env bash
# Installs what package-lock.json names, from the configured npm registry.
set -euo pipefail
cd "$(dirname "$0")"
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi
npm ci --no-audit --no-fund --loglevel=error >&2
touch node_modules/.package-lock.json
