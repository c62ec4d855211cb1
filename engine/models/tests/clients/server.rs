//! A provider that does what a script says, byte by byte, and notes what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// One thing to do with a connection after its request was read.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Write(Vec<u8>),
    /// The same, a byte per packet.
    Drip(Vec<u8>),
    /// The same again and again, this long apart, until the other side goes.
    Repeat(Vec<u8>, Duration),
    Pause(Duration),
    /// Nothing, until the other side goes.
    Hang,
    /// Ends the connection without the usual farewell.
    Reset,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: serde_json::Value,
}

impl Request {
    /// The value of a header that stands exactly once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        });
        values.next().filter(|_| values.next().is_none())
    }
}

/// What a server has seen of the other side.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// A request came.
    asked: bool,
    /// A write has waited for [`STUCK`]: nobody reads.
    stuck: bool,
    /// A connection was left, or the script ended it.
    left: bool,
    /// Bytes of repeated pieces that the other side took.
    taken: usize,
}

const STUCK: Duration = Duration::from_millis(500);

/// Closed when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    seen: watch::Receiver<Seen>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (sees, seen) = watch::channel(Seen::default());
        let noted = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (script, noted, sees) = (script.clone(), Arc::clone(&noted), sees.clone());
                tokio::spawn(async move {
                    serve(connection, script, &noted, &sees).await;
                    sees.send_modify(|seen| seen.left = true);
                });
            }
        });
        Self { address, requests, seen, task }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) async fn until_asked(&mut self) {
        self.seen.wait_for(|seen| seen.asked).await.unwrap();
    }

    pub(crate) async fn until_stuck(&mut self) {
        self.seen.wait_for(|seen| seen.stuck).await.unwrap();
    }

    /// How many bytes of an endless answer the other side took.
    pub(crate) fn taken(&self) -> usize {
        self.seen.borrow().taken
    }

    pub(crate) async fn until_left(&mut self) {
        self.seen.wait_for(|seen| seen.left).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut connection: TcpStream,
    script: Vec<Act>,
    noted: &Mutex<Vec<Request>>,
    sees: &watch::Sender<Seen>,
) {
    connection.set_nodelay(true).unwrap();
    let Some(request) = read(&mut connection).await else { return };
    noted.lock().unwrap().push(request);
    sees.send_modify(|seen| seen.asked = true);
    for act in script {
        let going_on = match act {
            Act::Write(bytes) => connection.write_all(&bytes).await.is_ok(),
            Act::Drip(bytes) => drip(&mut connection, &bytes).await,
            Act::Repeat(bytes, pause) => repeat(&mut connection, &bytes, pause, sees).await,
            Act::Pause(pause) => {
                tokio::time::sleep(pause).await;
                true
            }
            Act::Hang => {
                let _left = connection.read(&mut [0]).await;
                false
            }
            Act::Reset => {
                connection.set_zero_linger().unwrap();
                return;
            }
        };
        if !going_on {
            return;
        }
    }
    let _closed = connection.shutdown().await;
}

async fn drip(connection: &mut TcpStream, bytes: &[u8]) -> bool {
    for byte in bytes {
        if connection.write_all(&[*byte]).await.is_err() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

async fn repeat(
    connection: &mut TcpStream,
    bytes: &[u8],
    pause: Duration,
    sees: &watch::Sender<Seen>,
) -> bool {
    loop {
        let mut write = std::pin::pin!(connection.write_all(bytes));
        let written = if let Ok(written) = tokio::time::timeout(STUCK, &mut write).await {
            written
        } else {
            sees.send_modify(|seen| seen.stuck = true);
            write.await
        };
        if written.is_err() {
            return false;
        }
        sees.send_modify(|seen| seen.taken += bytes.len());
        if !pause.is_zero() {
            let mut gone = [0];
            tokio::select! {
                _ = connection.read(&mut gone) => return false,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// Reads a request with a `content-length`.
async fn read(connection: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let body = bytes.split_off(head + 4);
    bytes.truncate(head);
    let head = String::from_utf8(bytes).unwrap();
    let mut request = Request { head, body: serde_json::Value::Null };
    let length: usize = request.header("content-length")?.parse().ok()?;
    let mut body = body;
    while body.len() < length {
        if connection.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    request.body = serde_json::from_slice(&body).unwrap();
    Some(request)
}
