//! One direction of a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::RngExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::dial::{Act, Dial, Towards};

const BUFFER: usize = 16 * 1024;

pub(super) type Dials = watch::Receiver<Arc<[Dial]>>;

/// The connection is to be reset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Broken;

impl From<std::io::Error> for Broken {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// Moves bytes one way, under the dials of the moment.
pub(super) struct Pipe {
    pub(super) way: Towards,
    pub(super) dials: Dials,
}

/// What the dials of a moment say to the next piece.
#[derive(Debug, Clone, Copy, Default)]
struct Plan {
    wait: Duration,
    /// Bytes a second.
    rate: Option<u64>,
    size: Option<usize>,
    cut: Option<u64>,
    half_close: Option<u64>,
}

impl Pipe {
    pub(super) async fn run(
        mut self,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
        (count, pieces): (&AtomicU64, &AtomicU64),
    ) -> Result<(), Broken> {
        let mut buffer = vec![0; BUFFER];
        let mut passed: u64 = 0;
        loop {
            let read = from.read(&mut buffer).await?;
            until_open(&mut self.dials, self.way).await;
            if read == 0 {
                // The other side may have gone meanwhile.
                to.shutdown().await.ok();
                return Ok(());
            }
            let wait = self.plan().wait;
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let mut rest = buffer.get(..read).unwrap_or_default();
            while !rest.is_empty() {
                until_open(&mut self.dials, self.way).await;
                let plan = self.plan();
                let mut size = rest.len().min(plan.size.unwrap_or(usize::MAX));
                for limit in [plan.cut, plan.half_close].into_iter().flatten() {
                    let room = limit.saturating_sub(passed);
                    size = size.min(usize::try_from(room).unwrap_or(usize::MAX));
                }
                if size == 0 {
                    if plan.cut.is_some_and(|after| passed >= after) {
                        return Err(Broken);
                    }
                    to.shutdown().await.ok();
                    // What still comes this way is swallowed: only this direction has ended.
                    while from.read(&mut buffer).await? > 0 {}
                    return Ok(());
                }
                if let Some(rate) = plan.rate {
                    tokio::time::sleep(Duration::from_secs_f64(size as f64 / rate as f64)).await;
                }
                let (piece, later) = rest.split_at(size);
                // Counted first: who has read the bytes may look at once.
                count.fetch_add(size as u64, Ordering::Relaxed);
                pieces.fetch_add(1, Ordering::Relaxed);
                to.write_all(piece).await?;
                passed += size as u64;
                rest = later;
            }
        }
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        for dial in self.dials.borrow().iter().filter(|dial| dial.concerns(self.way)) {
            match dial.act {
                Act::Latency { wait, jitter } => {
                    let more = rand::rng().random_range(0.0..=1.0);
                    plan.wait += wait + jitter.mul_f64(more);
                }
                // A narrow link sends in small pieces, or it would be silent and then burst.
                Act::Bandwidth { bytes } => {
                    plan.rate = Some(bytes);
                    let tenth = usize::try_from(bytes / 10).unwrap_or(usize::MAX).max(1);
                    plan.size = Some(plan.size.map_or(tenth, |size| size.min(tenth)));
                }
                Act::Slice { bytes } => {
                    plan.size = Some(plan.size.map_or(bytes, |size| size.min(bytes)));
                }
                Act::Cut { after } => plan.cut = Some(after),
                Act::HalfClose { after } => plan.half_close = Some(after),
                Act::Blackhole | Act::Reset | Act::Refuse => {}
            }
        }
        plan
    }
}

/// Waits while bytes that go this way are held back.
pub(super) async fn until_open(dials: &mut Dials, way: Towards) {
    let open = |dials: &Arc<[Dial]>| {
        !dials.iter().any(|dial| dial.act == Act::Blackhole && dial.concerns(way))
    };
    // An error says that the proxy is gone; its runtime ends with it.
    dials.wait_for(open).await.ok();
}

/// Waits until open connections are to be reset.
pub(super) async fn until_reset(dials: &mut Dials) {
    let reset = |dials: &Arc<[Dial]>| dials.iter().any(|dial| dial.act == Act::Reset);
    if dials.wait_for(reset).await.is_err() {
        std::future::pending::<()>().await;
    }
}
