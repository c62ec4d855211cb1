//! Publishing: the cheapest way that each server has, over one connection, many events a write.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use super::marker::Mark;

/// How a server takes events.
#[derive(Debug, Clone)]
pub enum Way {
    /// A line an event; the first line is said once, and may be empty.
    Lines { first: String },
    /// A POST an event, pipelined.
    Http { path: String },
    /// The NATS protocol.
    Nats { subject: String },
}

/// An open way in.
pub struct Publisher {
    stream: TcpStream,
    way: Way,
    /// Bytes of one event's text.
    size: usize,
    next: u32,
    buffer: Vec<u8>,
}

impl Publisher {
    /// Connects; what the server answers is read and thrown away by a thread of its own.
    pub fn connect(address: SocketAddr, way: Way, size: usize) -> io::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        let mut answers = stream.try_clone()?;
        thread::Builder::new().name("answers".to_owned()).spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while matches!(answers.read(&mut buffer), Ok(count) if count > 0) {}
        })?;
        match &way {
            Way::Lines { first } if !first.is_empty() => writeln!(stream, "{first}")?,
            Way::Lines { .. } | Way::Http { .. } => {}
            Way::Nats { .. } => write!(stream, "CONNECT {{\"verbose\":false}}\r\n")?,
        }
        Ok(Self { stream, way, size, next: 1, buffer: Vec::new() })
    }

    /// The number of the last event that was published.
    pub fn last(&self) -> u32 {
        self.next - 1
    }

    /// Publishes `count` events with the time `at`, in one write.
    pub fn publish(&mut self, count: u32, at: u64) -> io::Result<()> {
        self.buffer.clear();
        for _ in 0..count {
            let text = Mark { number: self.next, at }.text(self.size);
            self.next += 1;
            let out = &mut self.buffer;
            match &self.way {
                Way::Lines { .. } => writeln!(out, "{text}")?,
                Way::Http { path } => write!(
                    out,
                    "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{text}",
                    text.len()
                )?,
                Way::Nats { subject } => write!(out, "PUB {subject} {}\r\n{text}\r\n", text.len())?,
            }
        }
        self.stream.write_all(&self.buffer)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // Ends the thread that reads answers; a connection that is gone already is as good.
        self.stream.shutdown(std::net::Shutdown::Both).ok();
    }
}
