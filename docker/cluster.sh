#!/usr/bin/env bash
# Two nodes on this machine, without containers: Postgres, Redis, the nodes and a proxy, all on loopback.
#   docker/cluster.sh path/of/forecourt [folder]      (`make run-cluster` builds it first)
# A node that ends is started again at its address after a second: `kill -9` one, or `kill` it for a rolling
# restart, and watch. Ctrl-C stops everything, in order. FORECOURT_PROXY_PORT chooses the proxy's port.
set -euo pipefail

BIN=${1:?the path of the forecourt binary}
DIR=${2:-.forecourt-cluster}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# How long a node may drain (10 s), say its last words (3 s) and close.
DRAIN=15

say() { printf '%s\n' "$*" >&2; }
die() { say "cluster: $*"; exit 1; }

for program in nginx redis-server; do
    command -v "$program" >/dev/null || PATH=$PATH:/usr/sbin:/usr/local/sbin
    command -v "$program" >/dev/null || die "$program is not installed; make run-cluster installs it on Debian and Ubuntu"
done
[ -x "$BIN" ] || die "$BIN is not there; run make run-cluster"
BIN=$(cd "$(dirname "$BIN")" && pwd)/$(basename "$BIN")
umask 077
# Postgres runs as another user when we are root, and has to get to its own folder in here.
[ -d "$DIR" ] || install -d -m 0711 "$DIR"
DIR=$(cd "$DIR" && pwd)
RUN=$DIR/run
mkdir -p "$RUN/proxy" "$DIR/node-a" "$DIR/node-b"

random() { od -An -vtx1 -N"$1" /dev/urandom | tr -d ' \n'; }
# Kept, so that links in letters and sign-ins survive a restart.
[ -s "$DIR/secret" ] || random 32 >"$DIR/secret"
FORECOURT_SECRET=$(<"$DIR/secret")
export FORECOURT_SECRET

# A port that nobody listens on at this moment.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s' "$port"; return; }
    done
}

# --- processes: each in a group of its own, so that Ctrl-C reaches this script alone --------------------

set -m
# Where the system can, they also end with a script that is killed.
TIED=()
if setpriv --pdeathsig TERM true 2>/dev/null; then TIED=(setpriv --pdeathsig TERM --); fi
declare -A PIDS=()

# start NAME COMMAND...: its lines, with its name before them, go to the standard error.
start() {
    local name=$1
    shift
    "${TIED[@]}" "$@" </dev/null > >(exec sed -u "s/^/$(printf '%-9s' "$name")| /" >&2) 2>&1 &
    PIDS[$name]=$!
    # Or the shell would report its end beside ours.
    disown "${PIDS[$name]}"
}

lives() { kill -0 "${PIDS[$1]:-0}" 2>/dev/null && [ -n "${PIDS[$1]:-}" ]; }

# stop NAME SIGNAL SECONDS: and the last word after them.
stop() {
    local name=$1 pid=${PIDS[$1]:-}
    [ -n "$pid" ] || return 0
    unset "PIDS[$name]"
    kill -s "$2" "$pid" 2>/dev/null || return 0
    for ((i = 0; i < $3 * 20; i++)); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.05
    done
    say "cluster: $name does not stop; killed"
    kill -s KILL "$pid" 2>/dev/null || true
}

stop_all() {
    trap '' INT TERM
    trap - EXIT
    set +e
    say "cluster: stopping"
    stop proxy TERM 5
    # Both drain at the same time.
    for node in node-a node-b; do kill -s TERM "${PIDS[$node]:-}" 2>/dev/null; done
    stop node-a TERM "$DRAIN"
    stop node-b TERM "$DRAIN"
    stop redis TERM 5
    stop postgres TERM 15
    say "cluster: stopped"
}
trap 'stop_all; exit 0' INT TERM
trap 'code=$?; stop_all; exit $code' EXIT

# await NAME FILE: prints the url of the ready line that the process writes there.
await() {
    local url=
    for ((i = 0; i < 1200; i++)); do
        url=$(sed -n 's/.*"event":"ready".*"url":"\([^"]*\)".*/\1/p' "$2" 2>/dev/null || true)
        [ -z "$url" ] || { printf '%s' "$url"; return; }
        lives "$1" || die "$1 did not start; its last lines are above"
        sleep 0.05
    done
    die "$1 did not become ready within a minute"
}

# --- Postgres, Redis ------------------------------------------------------------------------------------

# Its standard output is the ready line; what it logs goes to the standard error.
launch() {
    local name=$1
    shift
    : >"$RUN/$name.ready"
    start "$name" bash -c 'out=$1; shift; exec "$@" >"$out"' - "$RUN/$name.ready" "$@"
}

launch postgres "$BIN" database --data-dir "$DIR/postgres"
DATABASE_URL=$(await postgres "$RUN/postgres.ready")
export DATABASE_URL

REDIS_PORT=$(free_port)
REDIS_PASSWORD=$(random 24)
# Told by a pipe: a command line can be read by everybody. It holds nothing that Postgres has not.
printf '%s\n' 'bind 127.0.0.1' "port $REDIS_PORT" "requirepass $REDIS_PASSWORD" 'save ""' 'appendonly no' \
    "dir \"$RUN\"" 'loglevel warning' >"$RUN/redis.conf"
start redis redis-server "$RUN/redis.conf"
export REDIS_URL="redis://:$REDIS_PASSWORD@127.0.0.1:$REDIS_PORT"

# --- the nodes ------------------------------------------------------------------------------------------

PROXY_PORT=${FORECOURT_PROXY_PORT:-8080}
if (exec 3<>"/dev/tcp/127.0.0.1/$PROXY_PORT") 2>/dev/null; then
    [ -z "${FORECOURT_PROXY_PORT:-}" ] || die "port $PROXY_PORT is taken; choose another by FORECOURT_PROXY_PORT"
    PROXY_PORT=$(free_port)
fi
URL=http://127.0.0.1:$PROXY_PORT
export FORECOURT_PUBLIC_URL=${FORECOURT_PUBLIC_URL:-$URL}
export FORECOURT_TRUSTED_PROXIES=127.0.0.1

declare -A AT=([node-a]=127.0.0.1:$(free_port) [node-b]=127.0.0.1:$(free_port))
node() {
    FORECOURT_DATA_DIR=$DIR/$1 launch "$1" "$BIN" serve --listen "${AT[$1]}"
}
# At once: whoever comes first prepares the database, the other one waits.
node node-a
node node-b
A_URL=$(await node-a "$RUN/node-a.ready")
B_URL=$(await node-b "$RUN/node-b.ready")

# --- the proxy ------------------------------------------------------------------------------------------

render() {
    local text
    text=$(<"$HERE/proxy.conf.template")
    text=${text//'${PROXY_LISTEN}'/127.0.0.1:$PROXY_PORT}
    text=${text//'${NODE_A}'/${A_URL#http://}}
    text=${text//'${NODE_B}'/${B_URL#http://}}
    text=${text//'${NODE_A_URL}'/$A_URL}
    text=${text//'${NODE_B_URL}'/$B_URL}
    # An access log line per request would drown the nodes here.
    printf '%s\n' "${text//'access_log /dev/stdout forecourt'/access_log off}"
}
{
    # As root its workers would become nobody, who cannot enter this folder.
    [ "$(id -u)" != 0 ] || printf 'user root;\n'
    printf '%s\n' 'worker_processes 2;' 'daemon off;' "pid $RUN/proxy/nginx.pid;" 'error_log stderr crit;' \
        'worker_rlimit_nofile 8192;' 'events { worker_connections 4096; }' 'http {'
    for kind in client_body proxy fastcgi uwsgi scgi; do printf '%s_temp_path %s/proxy/%s;\n' "$kind" "$RUN" "$kind"; done
    render
    printf '}\n'
} >"$RUN/proxy/nginx.conf"
nginx -t -q -p "$RUN/proxy" -e stderr -c "$RUN/proxy/nginx.conf" || die "the proxy's configuration is wrong"
start proxy nginx -p "$RUN/proxy" -e stderr -c "$RUN/proxy/nginx.conf"
until (exec 3<>"/dev/tcp/127.0.0.1/$PROXY_PORT") 2>/dev/null; do
    lives proxy || die "the proxy did not start"
    sleep 0.05
done

if [ -t 1 ]; then
    printf '\n  Two nodes are ready.\n\n  %-38s start here, through the proxy\n' "$URL/"
    printf '  %-38s the dashboard\n  %-38s the mail that was sent\n\n' "$URL/app/" "$URL/dev/mail"
    printf '  node A %s (process %s), node B %s (process %s)\n' "$A_URL" "${PIDS[node-a]}" "$B_URL" "${PIDS[node-b]}"
    printf '  kill -9 one of them: it comes back after a second. Ctrl-C stops everything.\n\n'
else
    printf '{"event":"ready","url":"%s","nodes":["%s","%s"],"pids":{"node-a":%s,"node-b":%s,"redis":%s,"postgres":%s,"proxy":%s}}\n' \
        "$URL" "$A_URL" "$B_URL" "${PIDS[node-a]}" "${PIDS[node-b]}" "${PIDS[redis]}" "${PIDS[postgres]}" "${PIDS[proxy]}"
fi

# --- and keep them running ------------------------------------------------------------------------------

while :; do
    # Waited for, so that a signal is heard at once.
    sleep 0.5 &
    wait $! || true
    for name in postgres redis proxy; do
        lives "$name" || die "$name has ended"
    done
    for name in node-a node-b; do
        lives "$name" && continue
        say "cluster: $name has ended; starting it again"
        sleep 1
        node "$name"
    done
done
