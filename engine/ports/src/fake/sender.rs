//! A provider that takes letters and remembers them, and refuses, stalls or dies on demand.
//!
//! A dial is set for one try: the letters' tries are counted from 1 in the order of their
//! [`Sender::prepare`]. Tries without a dial are accepted.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use forecourt_core::id::DeliveryId;
use jiff::Timestamp;

use super::lock;
use crate::{
    clock::Clock,
    sender::{Accepted, Outgoing, Prepared, SendError, Sender},
};

/// What happens to one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dial {
    /// Cannot be reached: fails before the handover, and is worth another try.
    Refuse,
    /// An address that cannot be written: fails before the handover, for good.
    BadAddress,
    /// The provider says "not now" at the handover, with the wait it asks for.
    Temporary(Option<Duration>),
    /// The provider says no for good at the handover.
    Permanent,
    /// The handover broke off; the provider has not taken it.
    Uncertain,
    /// The handover broke off after the provider had taken it.
    TakenInSilence,
    /// The handover never ends.
    Hang,
    /// The connection never comes about.
    HangBefore,
    /// The client's code panics at the handover.
    Panic,
    /// The client's code panics before the handover.
    PanicBefore,
}

/// A letter that the provider has taken.
#[derive(Clone, Debug)]
pub struct Sent {
    pub outgoing: Outgoing,
    pub at: Timestamp,
}

/// See the [module](self).
pub struct RecordingSender {
    clock: Arc<dyn Clock>,
    post: Arc<Mutex<Post>>,
}

#[derive(Default)]
struct Post {
    tries: u64,
    dials: BTreeMap<u64, Dial>,
    sent: Vec<Sent>,
}

impl RecordingSender {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, post: Arc::default() }
    }

    /// Sets what happens to try number `nth`, counted from 1 over all letters.
    pub fn dial(&self, nth: u64, dial: Dial) {
        lock(&self.post).dials.insert(nth, dial);
    }

    /// Sets what happens to the next `count` tries.
    pub fn dial_next(&self, count: u64, dial: &Dial) {
        let mut post = lock(&self.post);
        let next = post.tries + 1;
        post.dials.extend((next..next + count).map(|nth| (nth, dial.clone())));
    }

    /// The provider is well again: nothing more happens to any try.
    pub fn heal(&self) {
        lock(&self.post).dials.clear();
    }

    /// What the provider has taken, in order; the same letter twice stands here twice.
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.post).sent.clone()
    }

    /// How often a delivery was taken: more than once is a fault of whoever sends.
    pub fn times_sent(&self, delivery: DeliveryId) -> usize {
        lock(&self.post).sent.iter().filter(|sent| sent.outgoing.delivery == delivery).count()
    }

    /// How many tries there were.
    pub fn tries(&self) -> u64 {
        lock(&self.post).tries
    }
}

#[async_trait]
impl Sender for RecordingSender {
    fn name(&self) -> &'static str {
        "recording"
    }

    async fn prepare(&self, outgoing: &Outgoing) -> Result<Box<dyn Prepared>, SendError> {
        let dial = {
            let mut post = lock(&self.post);
            post.tries += 1;
            let nth = post.tries;
            post.dials.remove(&nth)
        };
        match dial {
            Some(Dial::Refuse) => Err(temporary("connect", None)),
            Some(Dial::BadAddress) => Err(SendError::Permanent { code: "address".into() }),
            Some(Dial::HangBefore) => std::future::pending().await,
            Some(Dial::PanicBefore) => panic!("the sender was told to panic"),
            dial => Ok(Box::new(Letter {
                outgoing: outgoing.clone(),
                dial,
                clock: Arc::clone(&self.clock),
                post: Arc::clone(&self.post),
            })),
        }
    }
}

struct Letter {
    outgoing: Outgoing,
    dial: Option<Dial>,
    clock: Arc<dyn Clock>,
    post: Arc<Mutex<Post>>,
}

impl Letter {
    fn take(&self) -> Accepted {
        let at = self.clock.now();
        let mut post = lock(&self.post);
        post.sent.push(Sent { outgoing: self.outgoing.clone(), at });
        Accepted { reference: Some(format!("recorded-{}", post.sent.len())), at }
    }
}

#[async_trait]
impl Prepared for Letter {
    async fn hand_over(self: Box<Self>) -> Result<Accepted, SendError> {
        match self.dial {
            Some(Dial::Temporary(retry_after)) => Err(temporary("451", retry_after)),
            Some(Dial::Permanent) => Err(SendError::Permanent { code: "550".into() }),
            Some(Dial::Uncertain) => Err(SendError::Uncertain { code: "cut".into() }),
            Some(Dial::TakenInSilence) => {
                self.take();
                Err(SendError::Uncertain { code: "cut".into() })
            }
            Some(Dial::Hang) => std::future::pending().await,
            Some(Dial::Panic) => panic!("the sender was told to panic"),
            Some(Dial::Refuse | Dial::BadAddress | Dial::HangBefore | Dial::PanicBefore) | None => {
                Ok(self.take())
            }
        }
    }
}

fn temporary(code: &str, retry_after: Option<Duration>) -> SendError {
    SendError::Temporary { code: code.into(), retry_after }
}

#[cfg(test)]
mod tests {
    use forecourt_core::{
        id::{SessionId, TenantId},
        lang::Lang,
    };
    use uuid::Uuid;

    use super::*;
    use crate::{
        contract::new_tenant,
        fake::{ManualClock, SeqIds},
        sender::{self, Recipient},
    };

    fn outgoing() -> Outgoing {
        let id = Uuid::nil();
        Outgoing {
            delivery: DeliveryId::from_uuid(id),
            tenant: TenantId::from_uuid(id),
            session: SessionId::from_uuid(id),
            settings: Arc::new(new_tenant("bil", &SeqIds::new()).snapshot.settings),
            lang: Lang::Nb,
            letter: sender::Letter::Answer { subject: None, text: "Hei".into() },
            to: Recipient { name: None, address: "kari@example.no".into() },
            thread: vec![],
            unsubscribe_url: None,
        }
    }

    async fn send(sender: &RecordingSender) -> Result<Accepted, SendError> {
        sender.prepare(&outgoing()).await?.hand_over().await
    }

    #[tokio::test]
    async fn each_try_ends_as_its_dial_says_and_only_what_is_taken_is_recorded() {
        let sender = RecordingSender::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)));
        sender.dial(1, Dial::Refuse);
        sender.dial(3, Dial::Permanent);
        sender.dial(4, Dial::TakenInSilence);
        assert!(matches!(send(&sender).await, Err(SendError::Temporary { .. })));
        assert!(send(&sender).await.is_ok());
        assert!(matches!(send(&sender).await, Err(SendError::Permanent { .. })));
        assert!(matches!(send(&sender).await, Err(SendError::Uncertain { .. })));
        sender.dial_next(2, &Dial::Temporary(Some(Duration::from_secs(9))));
        for _ in 0..2 {
            let wait = Some(Duration::from_secs(9));
            let refused = SendError::Temporary { code: "451".into(), retry_after: wait };
            assert_eq!(send(&sender).await, Err(refused));
        }
        assert!(send(&sender).await.is_ok());
        assert_eq!((sender.tries(), sender.sent().len()), (7, 3));
        assert_eq!(sender.times_sent(outgoing().delivery), 3);
    }
}
