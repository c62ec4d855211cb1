//! The server around the routes: sockets that cannot be held for ever, and an end that loses nothing.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    time::Duration,
};

use actix_codec::Framed;
use actix_http::{
    HttpMessage as _, HttpService, Protocol, Request, body::MessageBody, error::DispatchError,
    h1::Codec,
};
use actix_server::Server;
use actix_service::{
    IntoServiceFactory as _, ServiceFactoryExt as _, fn_factory, fn_service, map_config,
};
use actix_web::{
    App, Error, HttpResponse,
    dev::{AppConfig, Service as _, ServiceFactory, ServiceResponse},
    rt::net::TcpStream,
};

use crate::{
    gateway::Gateway,
    routes::configure,
    takeover::Connection,
    upgrade::{self, Upgradable},
};

/// A peer that acknowledges nothing for this long is gone: the only thing that ends one that stops reading.
const UNREAD: Duration = Duration::from_secs(30);
/// Headers must be here by then.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const BACKLOG: u32 = 2_048;
/// After [`Gateway::begin_stop`] only requests are left, and those end by themselves.
const STOP_WITHIN_S: u64 = 10;

/// Sends small frames at once, and frees sockets of peers that stop reading.
fn harden(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    // A socket that takes neither option is served all the same.
    let _as_it_is = socket.set_tcp_nodelay(true);
    #[cfg(target_os = "linux")]
    let _as_it_is = socket.set_tcp_user_timeout(Some(UNREAD));
}

/// A server for a gateway on a bound listener. It handles no signals: whoever runs it calls
/// [`Gateway::begin_stop`] first and then `ServerHandle::stop(true)`.
///
/// It is put together by hand because `HttpServer` does not let go of connections that become sockets
/// (see `upgrade`) or event streams (see `takeover`).
pub fn server(listener: TcpListener, gateway: Gateway, workers: usize) -> io::Result<Server> {
    let workers = workers.max(1);
    let connections = gateway.0.config.limits.connections / workers;
    let address = listener.local_addr()?;
    let builder = Server::build()
        .workers(workers)
        .backlog(BACKLOG)
        .max_concurrent_connections(connections.max(1))
        .shutdown_timeout(STOP_WITHIN_S)
        .disable_signals();
    let stopped = builder.graceful_shutdown_signal();
    let services = move || {
        let stopped = stopped.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopped = stopped.clone();
                async move { stopped.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEADERS_WITHIN)
            .client_disconnect_timeout(Duration::from_secs(1))
            .local_addr(address)
            .on_connect_ext(|connection: &Connection, data| {
                if let Some(stream) = connection.stream() {
                    harden(stream);
                }
                data.insert(connection.slot());
            })
            .upgrade(sockets(gateway.clone()))
            .finish(application(gateway.clone()));
        handing_over(http)
    };
    Ok(builder.listen("http", listener, services)?.run())
}

/// Serves a connection, and what becomes of it behind an answer that does not end.
fn handing_over<H>(
    http: H,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    H: ServiceFactory<
            (Connection, Protocol, Option<SocketAddr>),
            Config = (),
            Response = (),
            Error = DispatchError,
            InitError = (),
        > + 'static,
{
    fn_factory(move || {
        let http = http.new_service(());
        async move {
            let http = Rc::new(http.await?);
            Ok(fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                let connection = Connection::new(stream);
                let slot = connection.slot();
                // Boxed: what the server keeps of a connection is freed when it is taken over.
                let served = Box::pin(http.call((connection, Protocol::Http1, peer)));
                async move {
                    let served = served.await;
                    match slot.taken() {
                        Some(rest) => {
                            rest.await;
                            Ok(())
                        }
                        None => served,
                    }
                }
            }))
        }
    })
}

/// What answers requests.
fn application(
    gateway: Gateway,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = ServiceResponse<impl MessageBody>,
    Error = HttpResponse,
    InitError = (),
    Service: 'static,
> {
    let app = App::new().configure(|config| configure(config, gateway)).into_factory();
    map_config(app.map_err(|error| error.error_response()), |()| AppConfig::default())
}

/// What answers requests for a WebSocket.
fn sockets(
    gateway: Gateway,
) -> impl ServiceFactory<
    (Request, Framed<Connection, Codec>),
    Config = (),
    Response = (),
    Error = Error,
    InitError = (),
> {
    fn_factory(move || {
        let application = application(gateway.clone()).new_service(());
        async move {
            let application = Rc::new(application.await?);
            Ok(fn_service(move |(request, framed): (Request, Framed<Connection, Codec>)| {
                request.extensions_mut().insert(Upgradable);
                let response = application.call(request);
                async move {
                    // The application's own errors are answers already.
                    if let Ok(response) = response.await {
                        upgrade::serve(response, framed).await;
                    }
                    Ok(())
                }
            }))
        }
    })
}
