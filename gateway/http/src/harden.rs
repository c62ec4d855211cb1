//! The server around the routes: sockets that cannot be held for ever, and an end that loses nothing.

use std::{any::Any, io, net::TcpListener, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::{Extensions, Server},
    rt::net::TcpStream,
};

use crate::{gateway::Gateway, routes::configure};

/// A peer that acknowledges nothing for this long is gone: the only thing that ends one that stops reading.
const UNREAD: Duration = Duration::from_secs(30);
/// Headers must be here by then.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const BACKLOG: u32 = 2_048;
/// After [`Gateway::begin_stop`] only requests are left, and those end by themselves.
const STOP_WITHIN_S: u64 = 10;

/// For `HttpServer::on_connect`: sends small frames at once, and frees sockets of peers that stop reading.
pub fn harden(connection: &dyn Any, _: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let socket = socket2::SockRef::from(stream);
    // A socket that takes neither option is served all the same.
    let _as_it_is = socket.set_tcp_nodelay(true);
    #[cfg(target_os = "linux")]
    let _as_it_is = socket.set_tcp_user_timeout(Some(UNREAD));
}

/// A server for a gateway on a bound listener. It handles no signals: whoever runs it calls
/// [`Gateway::begin_stop`] first and then `ServerHandle::stop(true)`.
pub fn server(listener: TcpListener, gateway: Gateway, workers: usize) -> io::Result<Server> {
    let workers = workers.max(1);
    let connections = gateway.0.config.limits.connections / workers;
    let app = move || {
        let gateway = gateway.clone();
        App::new().configure(|config| configure(config, gateway))
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .backlog(BACKLOG)
        .max_connections(connections.max(1))
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEADERS_WITHIN)
        .client_disconnect_timeout(Duration::from_secs(1))
        .shutdown_timeout(STOP_WITHIN_S)
        .disable_signals()
        .on_connect(harden)
        .listen(listener)?;
    Ok(server.run())
}
