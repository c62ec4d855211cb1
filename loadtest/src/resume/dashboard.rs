//! A dashboard over a bad network: comes back with its cursor, loads the list after a gap, checks everything.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forecourt_wire::{Cursor, EventFrame, LeadPage};
use tokio::time::Instant;

use super::{Books, Breaks, Conversation, Heard, Stage};
use crate::live::backoff::Backoff;
use crate::live::client::Interest;
use crate::live::{Client, Dial, Told};

/// It comes back sooner than people's do: there is much to break in a short time.
const FIRST: Duration = Duration::from_millis(60);
const ANSWER: Duration = Duration::from_secs(20);

/// One dashboard.
pub(super) struct Listener {
    pub(super) stage: Stage,
    pub(super) way: SocketAddr,
    pub(super) books: Arc<Books>,
    pub(super) conversations: Arc<[Conversation]>,
    /// None: it never breaks its line.
    pub(super) breaks: Option<Breaks>,
}

/// How far a conversation was told.
#[derive(Clone, Copy)]
enum Known {
    Upto(i64),
    /// The snapshot held at least so much: what follows begins there at the latest.
    AtLeast(i64),
}

impl Listener {
    /// Listens until everything was told, at most for `patience` after the last was written.
    pub(super) async fn run(mut self, patience: Duration) -> Heard {
        let mut breaks = self.breaks.take();
        let random =
            breaks.as_mut().map_or_else(|| rand::SeedableRng::seed_from_u64(0), Breaks::random);
        let dial = Dial::as_member(self.way, &self.stage.cookie);
        let mut client =
            Client::new(dial, Interest::default(), None, rand::SeedableRng::seed_from_u64(0))
                .with_backoff(Backoff::from(random, FIRST));
        let mut heard = Heard::default();
        let mut upto: HashMap<String, Known> = self
            .conversations
            .iter()
            .map(|one| (one.session.clone(), Known::AtLeast(one.messages)))
            .collect();
        let mut last = self.books.last.subscribe();
        let mut deadline = None;
        let mut next_break = breaks.as_mut().map(Breaks::next);
        let mut stood = None;
        loop {
            let end = last.borrow_and_update().clone();
            if let Some(end) = &end {
                // Nothing breaks any more.
                next_break = None;
                let is_told = |(session, last): (&String, &i64)| match upto.get(session) {
                    Some(Known::Upto(seq) | Known::AtLeast(seq)) => seq >= last,
                    None => false,
                };
                if end.iter().all(is_told) {
                    break;
                }
                deadline.get_or_insert_with(|| Instant::now() + patience);
            }
            let never = Instant::now() + Duration::from_hours(1);
            tokio::select! {
                told = client.next() => match told {
                    Told::Event(event) => {
                        stood = client.after();
                        self.event(&event, &mut heard, &mut upto);
                    }
                    Told::Resync(at) => {
                        match stood.replace(at) {
                            None => heard.begins = at.seq,
                            Some(before) => {
                                self.books.count(|outcome| outcome.gaps += 1);
                                let from = if before.epoch == at.epoch { before.seq } else { heard.begins };
                                heard.gaps.push((from, at.seq));
                            }
                        }
                        if let Some(adopted) = self.snapshot(at, &mut upto).await {
                            // What the list holds, and what it leaves out of the log, is told as one.
                            if adopted.seq > at.seq {
                                heard.gaps.push((at.seq, adopted.seq));
                            }
                            client.adopt(adopted);
                            stood = client.after();
                        }
                    }
                    Told::Ready | Told::Now(_) | Told::Booking(_) => {}
                    Told::Down(_) => self.books.count(|outcome| outcome.breaks += 1),
                    Told::SignedOut => break,
                },
                () = tokio::time::sleep_until(next_break.unwrap_or(never)) => {
                    if let Some(breaks) = &mut breaks {
                        let (how, pause) = (breaks.how(), breaks.pause());
                        client.break_off(how, pause).await;
                        self.books.count(|outcome| outcome.breaks += 1);
                        if breaks.loses_cursor() {
                            client.resume_after(Cursor { epoch: 1, seq: 1 });
                        }
                        next_break = Some(breaks.next());
                    }
                }
                () = tokio::time::sleep_until(deadline.unwrap_or(never)) => {
                    self.books.wrong(format!("a dashboard by {} is behind", self.way), |outcome| outcome.behind += 1);
                    break;
                }
                _ = last.changed(), if end.is_none() => {}
            }
        }
        let repeated = client.repeated;
        self.books.count(|outcome| outcome.repeated += repeated);
        heard
    }

    fn event(&self, event: &EventFrame, heard: &mut Heard, upto: &mut HashMap<String, Known>) {
        self.books.count(|outcome| outcome.told += 1);
        if !heard.places.insert(event.seq) {
            let example = format!("place {} was told twice", event.seq);
            self.books.wrong(example, |outcome| outcome.repeated += 1);
        }
        let session = event.session_id.to_string();
        let (Some(message), Some(known)) = (&event.message, upto.get_mut(&session)) else { return };
        let id = message.message_id.to_string();
        if !self.books.is_so(&session, message.seq, &id) {
            let example = format!("{id} is not message {} of {session}", message.seq);
            self.books.wrong(example, |outcome| outcome.invented += 1);
        }
        let follows = match *known {
            Known::Upto(last) => message.seq == last + 1,
            // The row was read after the place of its list: what it held already may be told once more.
            Known::AtLeast(last) => message.seq <= last + 1,
        };
        if !follows {
            let (Known::Upto(last) | Known::AtLeast(last)) = *known;
            let example = format!("after message {last} of {session} came {}", message.seq);
            self.books.wrong(example, |outcome| outcome.missed += 1);
        }
        *known = match *known {
            Known::AtLeast(last) if message.seq < last => Known::AtLeast(last),
            _ => Known::Upto(message.seq),
        };
    }

    /// Loads the list, checks that it is no older than the gap says, and takes over what it shows.
    async fn snapshot(&self, at: Cursor, upto: &mut HashMap<String, Known>) -> Option<Cursor> {
        let mut adopted: Option<Cursor> = None;
        for page in 1.. {
            let list = self.page(page).await?;
            let here = Cursor { epoch: list.epoch, seq: list.seq };
            adopted.get_or_insert(here);
            if here.epoch != at.epoch || here.seq < at.seq {
                let example = format!("a list of {here} after a gap at {at}");
                self.books.wrong(example, |outcome| outcome.wrong_snapshots += 1);
            }
            for lead in &list.leads {
                let Some(known) = upto.get_mut(&lead.session_id.to_string()) else { continue };
                // Its customer's last words begin with their number, from 0; one message came before.
                let number = lead.excerpt.split_once(':').and_then(|(n, _)| n.parse::<i64>().ok());
                let told = match *known {
                    Known::Upto(last) | Known::AtLeast(last) => last,
                };
                let begins = self
                    .conversations
                    .iter()
                    .find(|one| one.session == lead.session_id.to_string());
                let shown = match (number, begins) {
                    (Some(number), Some(one)) => one.messages + 1 + number,
                    _ => told,
                };
                if shown < told {
                    let example =
                        format!("a list shows message {shown} where {told} was told before");
                    self.books.wrong(example, |outcome| outcome.wrong_snapshots += 1);
                }
                *known = Known::AtLeast(shown.max(told));
            }
            if u64::from(page) >= list.pages {
                break;
            }
        }
        adopted
    }

    /// A page of the list, by the honest way: how a snapshot travels is not what is tested here.
    async fn page(&self, page: u32) -> Option<LeadPage> {
        for _ in 0..100 {
            let mut url = self.stage.target.at("/v1/leads");
            url.query_pairs_mut().append_pair("page", &page.to_string());
            let request = self.stage.http.get(url).header("cookie", &self.stage.cookie);
            if let Ok(response) = request.timeout(ANSWER).send().await
                && response.status().is_success()
            {
                return response.json().await.ok();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        None
    }
}
