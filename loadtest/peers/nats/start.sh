#!/usr/bin/env bash
# Runs a NATS server with WebSocket listeners on free ports until it is told to stop.
# Says {"listening":"127.0.0.1:PORT","publish":"127.0.0.1:PORT","pid":PID} once it accepts connections.
#   FOLDER   where it keeps its files
set -euo pipefail
folder=${FOLDER:-$(mktemp -d)}
read -r listen publish < <(python3 -c '
import socket
a, b = socket.socket(), socket.socket()
for s in a, b: s.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')
cat >"$folder/nats.conf" <<CONF
host: "127.0.0.1"
port: $publish
max_connections: 16384
ping_interval: "10m"
write_deadline: "30s"
websocket { host: "127.0.0.1", port: $listen, no_tls: true, compression: false }
CONF
export GOMAXPROCS=${WORKERS:-2}
nats-server -c "$folder/nats.conf" >&2 &
pid=$!
trap 'kill -TERM $pid 2>/dev/null || true; wait $pid || true; exit 0' TERM INT
until (exec 3<>"/dev/tcp/127.0.0.1/$listen") 2>/dev/null; do
  kill -0 $pid || exit 1
  sleep 0.05
done
echo "{\"listening\":\"127.0.0.1:$listen\",\"publish\":\"127.0.0.1:$publish\",\"pid\":$pid}"
wait $pid
