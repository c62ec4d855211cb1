//! The listener: accepts connections, and can shut the door and open it again on the same port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, oneshot, watch};

use super::Shared;
use super::session::Session;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Opens or shuts the door; the sender is told when it is done.
pub(super) struct Door {
    pub(super) open: bool,
    pub(super) done: oneshot::Sender<io::Result<()>>,
}

/// The port: listening, or held without listening so that nobody else takes it meanwhile.
pub(super) struct Doorway {
    pub(super) addr: SocketAddr,
    listener: Option<TcpListener>,
    held: Option<TcpSocket>,
}

impl Doorway {
    pub(super) fn new(addr: SocketAddr, refuse: bool) -> io::Result<Self> {
        let socket = bound(addr)?;
        let addr = socket.local_addr()?;
        let mut doorway = Self { addr, listener: None, held: Some(socket) };
        doorway.set(!refuse)?;
        Ok(doorway)
    }

    fn set(&mut self, open: bool) -> io::Result<()> {
        if open && self.listener.is_none() {
            let socket = match self.held.take() {
                Some(socket) => socket,
                None => bound(self.addr)?,
            };
            self.listener = Some(socket.listen(BACKLOG)?);
        } else if !open && self.listener.is_some() {
            self.listener = None;
            self.held = Some(bound(self.addr)?);
        }
        Ok(())
    }
}

fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Accepts until the simulator is dropped; then the runtime ends, and every connection with it.
pub(super) async fn serve(
    mut doorway: Doorway,
    mut orders: mpsc::Receiver<Door>,
    shared: Arc<Shared>,
) {
    let (closing, _) = watch::channel(0_u64);
    loop {
        let accepted = async {
            match &doorway.listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            order = orders.recv() => {
                let Some(Door { open, done }) = order else { return };
                if !open {
                    closing.send_modify(|times| *times += 1);
                }
                // Who asked may be gone by now.
                done.send(doorway.set(open)).ok();
            }
            accepted = accepted => match accepted {
                Ok((stream, peer)) => {
                    // Delayed small packets would be measured as slowness of the engine.
                    stream.set_nodelay(true).ok();
                    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
                    shared.open.fetch_add(1, Ordering::Relaxed);
                    let session = Session::new(stream, peer, number, Arc::clone(&shared));
                    let (mut closed, shared) = (closing.subscribe(), Arc::clone(&shared));
                    tokio::spawn(async move {
                        tokio::select! {
                            // A client that vanishes in mid-dialogue is what this server is for.
                            _ = session.run() => {}
                            _ = closed.changed() => {}
                        }
                        shared.open.fetch_sub(1, Ordering::Relaxed);
                    });
                }
                // Out of descriptors: let some connections end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
}
