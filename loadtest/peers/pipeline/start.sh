#!/usr/bin/env bash
# Runs the pipeline with a Postgres and a Redis of its own until it is told to stop.
# Says {"listening":"127.0.0.1:PORT","pid":PID} once it takes leads.
#   FOLDER   where everything lies          MODEL_URL   the model's base address
#   WORKERS  processes that answer (1)      SMTP_URL    smtp://127.0.0.1:PORT
set -euo pipefail
cd "$(dirname "$0")"
folder=${FOLDER:-$(mktemp -d)}
bin=${FORECOURT_PG_BIN:-$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1 || command -v initdb)")}
as=()
mkdir -p "$folder/pg" "$folder/redis"
if [ "$(id -u)" = 0 ]; then
  as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  chown postgres:postgres "$folder/pg"
fi
"${as[@]}" "$bin/initdb" -D "$folder/pg/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
# The same choices as Forecourt's own cluster, word for word.
cat >>"$folder/pg/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$folder/pg'
fsync = on
synchronous_commit = on
full_page_writes = on
max_connections = 100
shared_buffers = 128MB
wal_compression = on
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
log_checkpoints = off
CONF
"${as[@]}" "$bin/postgres" -D "$folder/pg/data" >&2 &
postgres=$!
# As BullMQ asks for: never evict, and lose a second at most.
redis-server --port 0 --unixsocket "$folder/redis/socket" --dir "$folder/redis" --save "" \
  --appendonly yes --appendfsync everysec --maxmemory-policy noeviction >&2 &
redis=$!
node=
stop() {
  trap - TERM INT
  [ -z "$node" ] || kill -TERM "$node" 2>/dev/null || true
  [ -z "$node" ] || wait "$node" || true
  kill -INT "$postgres" 2>/dev/null || true
  kill -TERM "$redis" 2>/dev/null || true
  wait
  exit 0
}
trap stop TERM INT
for _ in $(seq 200); do
  if [ -S "$folder/redis/socket" ] && "$bin/pg_isready" -q -h "$folder/pg"; then break; fi
  sleep 0.1
done
export PG_HOST=$folder/pg PG_PORT=5432 REDIS_SOCKET=$folder/redis/socket NODE_ENV=production
node main.js &
node=$!
wait "$node"
stop
