#!/usr/bin/env bash
# Installs nginx and its nchan module from the distribution's packages.
set -euo pipefail
if command -v nginx >/dev/null && [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ]; then exit 0; fi
sudo=$([ "$(id -u)" = 0 ] || command -v sudo || true)
$sudo apt-get update -qq
# A service of its own would take port 80 and processors: the packages are installed without starting it.
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
  nginx libnginx-mod-nchan >&2
