//! `forecourt bench-fanout`: the whole engine, and beside it a door through which a load generator publishes
//! made-up events, so that fan-out is measured without the commits that would otherwise bound it.
//!
//! Everything behind the bus is what `serve` runs: rooms, rows, frames, sockets, streams. Only the store
//! never sees these events. The command is for benchmarks: the door opens on this machine alone, and never
//! in `serve`.
//!
//! The door's protocol: the first line is `<tenant slug> <session>`, every further line is the text of a
//! message of that session.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context as _;
use forecourt_actors::Ports;
use forecourt_core::{
    event::{Author, Event, EventRecord, MessagePosted, MessageSeq, Seq, Version},
    id::{MessageId, SessionId},
};
use forecourt_ports::{
    bus::{Bus, Published},
    clock::Clock,
    ids::Ids,
    store::{LeadFold, Store},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    net::{TcpListener, TcpStream},
    runtime::Handle,
};

/// The longest line (A9).
const LONGEST: u64 = 16 * 1024;

/// What the door needs of the engine.
pub(crate) struct Door {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    io: Handle,
}

impl Door {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self {
            store: Arc::clone(&ports.store),
            bus: Arc::clone(&ports.bus),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
            io: ports.io.clone(),
        }
    }

    /// Opens the door on a free port, and says where on standard output.
    pub(crate) async fn open(self) -> anyhow::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        say(listener.local_addr()?)?;
        let io = self.io.clone();
        io.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Err(error) = self.publish(stream).await {
                    tracing::error!(%error, "the load generator went wrong");
                }
            }
        });
        Ok(())
    }

    async fn publish(&self, stream: TcpStream) -> anyhow::Result<()> {
        let mut lines = BufReader::with_capacity(64 * 1024, stream);
        let first = line(&mut lines).await?.context("no first line came")?;
        let (slug, session) = first.split_once(' ').context("no session came")?;
        let session: SessionId = session.trim().parse()?;
        let tenant = self.store.find_tenant(slug).await?.context("there is no such tenant")?;
        let loaded = self.store.load(tenant, session).await?.context("there is no such session")?;
        let Seq(mut seq) = self.store.head(tenant).await?.seq;
        let Version(mut version) = loaded.state.version;
        while let Some(text) = line(&mut lines).await? {
            (seq, version) = (seq + 1, version + 1);
            let at = self.clock.now();
            let event = Event::MessagePosted(MessagePosted {
                message: MessageId::from_uuid(self.ids.uuid()),
                seq: MessageSeq(version),
                author: Author::Assistant,
                text,
                client_id: None,
                origin: None,
            });
            // As a session's actor does it: what an event changed goes along with it.
            let changed = std::slice::from_ref(&event);
            let news = LeadFold::of(loaded.lead.as_ref(), at, changed, &loaded.state).news.pop();
            let place = (Seq(seq), Version(version));
            let record = EventRecord { tenant, session, seq: place.0, version: place.1, at, event };
            self.bus.publish(tenant, vec![Published::with(record, news.unwrap_or_default())]);
        }
        Ok(())
    }
}

async fn line(from: &mut BufReader<TcpStream>) -> anyhow::Result<Option<String>> {
    let mut line = String::new();
    let count = from.take(LONGEST).read_line(&mut line).await?;
    line.truncate(line.trim_end().len());
    Ok((count > 0).then_some(line))
}

fn say(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", serde_json::json!({ "event": "door", "publish": address }))?;
    Ok(out.flush()?)
}
