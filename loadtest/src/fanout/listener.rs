//! Listeners: many sockets, few threads, and no more work per byte than looking for marks.
//!
//! Lives here: the handshake of each protocol as data ([`Dial`]), and the read loop. A listener never
//! parses frames and never answers pings: servers whose protocol insists are configured not to ask within a
//! run.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::LocalSet;

use super::marker::Scanner;

/// Handshakes at once on one thread.
const AT_ONCE: usize = 32;
/// How long one handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// Bytes of one read; one buffer serves all listeners of a thread.
const READ: usize = 256 * 1024;

/// How a listener begins.
#[derive(Debug, Clone)]
pub struct Dial {
    pub address: SocketAddr,
    /// The request head, blank line included.
    pub request: String,
    /// What is said once the head of the answer is there, each as a masked frame of this opcode.
    pub says: Vec<(u8, String)>,
    /// The listener is ready when these bytes came after the head; empty means at once.
    pub awaits: &'static [u8],
    /// The status that the head must begin with.
    pub status: &'static str,
}

/// What all listeners of a run share.
#[derive(Debug)]
pub struct Shared {
    /// All times of marks count from here.
    pub epoch: Instant,
    /// The number of the last event that each listener got.
    pub seen: Vec<AtomicU32>,
    /// Events that came, by all listeners together, and the bytes around them.
    pub deliveries: AtomicU64,
    pub bytes: AtomicU64,
    /// Events that came twice or out of order, and those that never came.
    pub disorder: AtomicU64,
    pub missed: AtomicU64,
    /// Listeners whose connection ended.
    pub lost: AtomicU64,
    /// Microseconds from publishing to arrival, by thread.
    latencies: Vec<Mutex<Histogram<u64>>>,
}

impl Shared {
    fn new(listeners: usize, threads: usize, epoch: Instant) -> Self {
        Self {
            epoch,
            seen: std::iter::repeat_with(AtomicU32::default).take(listeners).collect(),
            deliveries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            disorder: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            latencies: std::iter::repeat_with(|| Mutex::new(histogram())).take(threads).collect(),
        }
    }

    /// The last event that every listener has.
    pub fn everybody_has(&self) -> u32 {
        self.seen.iter().map(|seen| seen.load(Ordering::Relaxed)).min().unwrap_or(0)
    }

    /// Latencies since the last call, in microseconds.
    pub fn take_latencies(&self) -> Histogram<u64> {
        let mut sum = histogram();
        for part in &self.latencies {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            // Same bounds: it fits.
            sum.add(&*part).ok();
            part.reset();
        }
        sum
    }

    /// Nanoseconds since the epoch.
    pub fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Listeners that listen until this is dropped.
pub struct Listeners {
    pub shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Listeners {
    /// Opens listeners, one for each of `dials`; they are spread over `threads` threads. `connected` is
    /// called with the number of those that are ready, whenever `pause_at` of them are, and at the end.
    pub fn open(
        dials: &[Dial],
        threads: usize,
        pause_at: usize,
        mut connected: impl FnMut(usize),
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(dials.len(), threads, Instant::now()));
        let (stop, stopped) = watch::channel(false);
        let mut all = Self { shared, stop, threads: Vec::new() };
        let mut ready = 0;
        for range in [0..pause_at.min(dials.len()), pause_at.min(dials.len())..dials.len()] {
            if range.is_empty() {
                continue;
            }
            let (told, tell) = mpsc::channel();
            for part in 0..threads {
                let mine: Vec<(usize, Dial)> = range
                    .clone()
                    .filter(|index| index % threads == part)
                    .map(|index| (index, dials[index].clone()))
                    .collect();
                let (shared, stopped, told) =
                    (Arc::clone(&all.shared), stopped.clone(), told.clone());
                let thread = thread::Builder::new()
                    .name("listeners".to_owned())
                    .spawn(move || serve(part, mine, &shared, &stopped, &told))?;
                all.threads.push(thread);
            }
            drop(told);
            for _ in range {
                match tell.recv() {
                    Ok(Ok(())) => ready += 1,
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Err(io::Error::other("a thread of listeners ended")),
                }
            }
            connected(ready);
        }
        Ok(all)
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

/// Up to a minute, in microseconds, to three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order")
}

fn serve(
    part: usize,
    dials: Vec<(usize, Dial)>,
    shared: &Arc<Shared>,
    stopped: &watch::Receiver<bool>,
    told: &mpsc::Sender<io::Result<()>>,
) {
    let buffer = Rc::new(RefCell::new(vec![0; READ]));
    let places = Rc::new(Semaphore::new(AT_ONCE));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            told.send(Err(error)).ok(); // nobody waits any more
            return;
        }
    };
    LocalSet::new().block_on(&runtime, async {
        for (index, dial) in dials {
            let (shared, told, places) = (Arc::clone(shared), told.clone(), Rc::clone(&places));
            let buffer = Rc::clone(&buffer);
            tokio::task::spawn_local(async move {
                let Ok(place) = places.acquire().await else { return };
                let opened = tokio::time::timeout(HANDSHAKE, open(&dial)).await;
                let opened = opened.unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()));
                drop(place);
                match opened {
                    Ok((stream, rest)) => {
                        told.send(Ok(())).ok(); // nobody waits any more
                        drop(told);
                        listen((part, index), &stream, &rest, &shared, &buffer).await;
                        shared.lost.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => {
                        told.send(Err(error)).ok(); // nobody waits any more
                    }
                }
            });
        }
        let mut stopped = stopped.clone();
        stopped.wait_for(|stop| *stop).await.ok(); // its owner is gone: the same
    });
}

/// Shakes hands; gives what came behind the head too.
async fn open(dial: &Dial) -> io::Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect(dial.address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(dial.request.as_bytes()).await?;
    let mut got = Vec::with_capacity(1024);
    let head = loop {
        if let Some(at) = memchr::memmem::find(&got, b"\r\n\r\n") {
            break at + 4;
        }
        if got.len() > 64 * 1024 || stream.read_buf(&mut got).await? == 0 {
            return Err(refused(&got));
        }
    };
    let status = got.get(9..12).unwrap_or_default();
    if status != dial.status.as_bytes() {
        return Err(refused(&got));
    }
    for (opcode, text) in &dial.says {
        stream.write_all(&masked(*opcode, text.as_bytes())).await?;
    }
    let mut rest = got.split_off(head);
    while !dial.awaits.is_empty() && memchr::memmem::find(&rest, dial.awaits).is_none() {
        if rest.len() > 64 * 1024 || stream.read_buf(&mut rest).await? == 0 {
            return Err(refused(&rest));
        }
    }
    Ok((stream, rest))
}

fn refused(got: &[u8]) -> io::Error {
    let line = String::from_utf8_lossy(&got[..got.len().min(300)]).into_owned();
    io::Error::new(io::ErrorKind::ConnectionRefused, format!("the listener was refused: {line}"))
}

/// A client's frame. The mask is zero: it must be there, not be random, on loopback.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    if let Ok(length @ ..126) = u8::try_from(payload.len()) {
        frame.push(0x80 | length);
    } else {
        frame.push(0xfe);
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        frame.extend_from_slice(&length.to_be_bytes());
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

async fn listen(
    (part, index): (usize, usize),
    stream: &TcpStream,
    rest: &[u8],
    shared: &Shared,
    buffer: &RefCell<Vec<u8>>,
) {
    let mut scanner = Scanner::default();
    scanner.scan(rest, |_| {});
    loop {
        if stream.readable().await.is_err() {
            return;
        }
        let mut buffer = buffer.borrow_mut();
        let count = match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        let mut last = shared.seen[index].load(Ordering::Relaxed);
        let (mut came, mut disorder, mut missed) = (0, 0, 0);
        let now = shared.now();
        let latencies = shared.latencies[part].lock();
        let mut latencies = latencies.unwrap_or_else(PoisonError::into_inner);
        scanner.scan(&buffer[..count], |mark| {
            if mark.number <= last {
                disorder += 1;
                return;
            }
            missed += u64::from(mark.number - last - 1);
            last = mark.number;
            came += 1;
            latencies.saturating_record(now.saturating_sub(mark.at) / 1_000);
        });
        shared.bytes.fetch_add(count as u64, Ordering::Relaxed);
        shared.deliveries.fetch_add(came, Ordering::Relaxed);
        if disorder + missed > 0 {
            shared.disorder.fetch_add(disorder, Ordering::Relaxed);
            shared.missed.fetch_add(missed, Ordering::Relaxed);
        }
        shared.seen[index].store(last, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::publisher::{Publisher, Way};
    use super::super::{send_loop, server};
    use super::*;

    #[test]
    fn every_listener_gets_every_event_once_and_in_order() {
        let (told, hear) = mpsc::channel();
        // It serves until the process of the tests ends.
        thread::spawn(move || {
            send_loop::serve(move |door, way_in| told.send((door, way_in)).unwrap())
        });
        let (door, way_in) = hear.recv().unwrap();
        let dials = vec![server::socket(door, "/"); 20];
        let mut steps = Vec::new();
        let listeners = Listeners::open(&dials, 2, 5, |ready| steps.push(ready)).unwrap();
        assert_eq!(steps, [5, 20]);
        let way = Way::Lines { first: String::new() };
        let mut publisher = Publisher::connect(way_in, way, 200).unwrap();
        let shared = &listeners.shared;
        for _ in 0..5 {
            publisher.publish(10, shared.now()).unwrap();
        }
        let end = Instant::now() + Duration::from_secs(20);
        while shared.everybody_has() < 50 && Instant::now() < end {
            thread::yield_now();
        }
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        assert_eq!((shared.everybody_has(), of(&shared.deliveries)), (50, 1_000));
        assert_eq!((of(&shared.disorder), of(&shared.missed), of(&shared.lost)), (0, 0, 0));
        assert_eq!(of(&shared.bytes), 1_000 * 204);
        assert_eq!(shared.take_latencies().len(), 1_000);
    }
}
