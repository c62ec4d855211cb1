#!/usr/bin/env bash
# Runs nginx with nchan in the foreground on a free port, as the current user, until it is told to stop.
# Says {"listening":"127.0.0.1:PORT","publish":"127.0.0.1:PORT","pid":PID} once it accepts connections.
#   FOLDER   where it keeps its files   WORKERS   its processes (2)
set -euo pipefail
folder=${FOLDER:-$(mktemp -d)}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p "$folder/tmp"
user=$([ "$(id -u)" = 0 ] && echo "user root;" || true)
cat >"$folder/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
$user
worker_processes ${WORKERS:-2};
pid $folder/nginx.pid;
error_log stderr warn;
events {
  worker_connections 16384;
  use epoll;
  multi_accept on;
}
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_temp_path $folder/tmp;
  proxy_temp_path $folder/tmp;
  fastcgi_temp_path $folder/tmp;
  uwsgi_temp_path $folder/tmp;
  scgi_temp_path $folder/tmp;
  # Everything stays in memory, and enough of it that no listener of a window is cut.
  client_body_in_single_buffer on;
  nchan_shared_memory_size 512M;
  server {
    listen 127.0.0.1:$port backlog=4096 reuseport;
    location = /publish {
      nchan_publisher http;
      nchan_channel_id events;
      nchan_message_buffer_length 2000;
      nchan_message_timeout 1m;
    }
    location = /listen {
      nchan_subscriber websocket eventsource;
      nchan_channel_id events;
      nchan_subscriber_first_message newest;
      nchan_websocket_ping_interval 0;
      nchan_subscriber_timeout 0;
    }
  }
}
CONF
ulimit -n "$(ulimit -H -n)"
nginx -c "$folder/nginx.conf" -p "$folder" &
pid=$!
trap 'kill -TERM $pid 2>/dev/null || true; wait $pid; exit 0' TERM INT
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 $pid || exit 1
  sleep 0.05
done
echo "{\"listening\":\"127.0.0.1:$port\",\"publish\":\"127.0.0.1:$port\",\"pid\":$pid}"
wait $pid
