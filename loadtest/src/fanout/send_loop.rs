//! The bare loop: prepared bytes, one `send()` an event and listener, one thread. The bound that one event
//! one write cannot pass.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Our own client does not check the proof.
const AGREED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/// Serves WebSocket listeners and one publisher of lines until the process ends.
pub fn serve(ready: impl FnOnce(std::net::SocketAddr, std::net::SocketAddr)) -> io::Result<()> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let publisher = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    ready(door.local_addr()?, publisher.local_addr()?);
    let listeners = Arc::new(Mutex::new(Vec::new()));
    let coming = Arc::clone(&listeners);
    thread::Builder::new().name("door".to_owned()).spawn(move || {
        for stream in door.incoming().map_while(Result::ok) {
            // Who does not shake hands is no listener; who was greeted gets the very next event.
            if let Ok(mut stream) = asked(stream) {
                let mut listeners = coming.lock().unwrap_or_else(PoisonError::into_inner);
                if stream.write_all(AGREED).is_ok() {
                    listeners.push(stream);
                }
            }
        }
    })?;
    for stream in publisher.incoming() {
        for line in BufReader::new(stream?).split(b'\n') {
            let frame = frame(&line?);
            let mut listeners = listeners.lock().unwrap_or_else(PoisonError::into_inner);
            listeners.retain_mut(|listener| listener.write_all(&frame).is_ok());
        }
    }
    Ok(())
}

/// Reads a request, whatever it asks.
fn asked(mut stream: TcpStream) -> io::Result<TcpStream> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > 8 * 1024 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An unmasked text frame.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    if let Ok(length @ ..126) = u8::try_from(payload.len()) {
        frame.push(length);
    } else {
        frame.push(126);
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        frame.extend_from_slice(&length.to_be_bytes());
    }
    frame.extend_from_slice(payload);
    frame
}
