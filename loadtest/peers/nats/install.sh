#!/usr/bin/env bash
# Installs the NATS server from the distribution's packages.
set -euo pipefail
if command -v nats-server >/dev/null; then exit 0; fi
sudo=$([ "$(id -u)" = 0 ] || command -v sudo || true)
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
  nats-server >&2
