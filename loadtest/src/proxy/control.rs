//! The proxy's run-time controls over HTTP, for a shell.
//!
//! | call | effect |
//! |---|---|
//! | `GET /proxy` | where it listens and leads, what went through |
//! | `POST /proxy/dials {"dials":["latency;ms=50"]}` | replaces all dials; an empty list is an honest network |
//! | `POST /proxy/cut` | resets every open connection, once |
//! | `GET /proxy/health` | 200 |

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use serde::Deserialize;
use serde_json::json;

use super::{Dial, Proxy};

/// The control server of a proxy. It stops when it is dropped.
pub struct Control {
    addr: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Control {
    /// Starts the controls of `proxy` on a port of loopback.
    pub fn start(port: u16, proxy: Arc<Proxy>) -> io::Result<Self> {
        let (told, hear) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("proxy-control".to_owned())
            .spawn(move || serve(port, proxy, &told))?;
        match hear.recv() {
            Ok((addr, handle)) => Ok(Self { addr, handle, thread: Some(thread) }),
            Err(_) => Err(match thread.join() {
                Ok(Err(error)) => error,
                _ => io::ErrorKind::BrokenPipe.into(),
            }),
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // The command is sent by the call; the future only tells when it was carried out.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve(
    port: u16,
    proxy: Arc<Proxy>,
    told: &mpsc::SyncSender<(SocketAddr, ServerHandle)>,
) -> io::Result<()> {
    let proxy = Data::from(proxy);
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(proxy.clone())
                .route("/proxy", web::get().to(show))
                .route("/proxy/dials", web::post().to(set))
                .route("/proxy/cut", web::post().to(cut))
                .route("/proxy/health", web::get().to(health))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .bind((Ipv4Addr::LOCALHOST, port))?;
        let addr = server.addrs().first().copied().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let server = server.run();
        // Nobody hears it if the starter is gone; then the server stops with its handle.
        told.send((addr, server.handle())).ok();
        server.await
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Orders {
    dials: Vec<String>,
}

async fn show(proxy: Data<Proxy>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "listening": proxy.addr().to_string(),
        "to": proxy.to().to_string(),
        "dials": proxy.dials().len(),
        "counts": proxy.counts(),
    }))
}

async fn set(body: web::Bytes, proxy: Data<Proxy>) -> HttpResponse {
    let refused = |why: String| HttpResponse::BadRequest().json(json!({ "error": why }));
    let orders: Orders = match serde_json::from_slice(&body) {
        Ok(orders) => orders,
        Err(error) => return refused(error.to_string()),
    };
    match orders.dials.iter().map(|dial| Dial::parse(dial)).collect::<Result<Vec<_>, _>>() {
        Ok(dials) => {
            proxy.set(&dials);
            HttpResponse::Ok().json(json!({ "dials": dials.len() }))
        }
        Err(error) => refused(error.to_string()),
    }
}

async fn cut(proxy: Data<Proxy>) -> HttpResponse {
    proxy.cut();
    HttpResponse::Ok().json(proxy.counts())
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}
