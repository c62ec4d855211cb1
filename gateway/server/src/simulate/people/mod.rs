//! Customers and staff: what they do, as the dice say, and what they were told.
//!
//! They live outside the nodes: a call that is cut off is made again, as a webhook's sender, a widget
//! and a person at a dashboard do. Whatever they were acked must be there for ever (A1).

mod customers;
mod staff;

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use forecourt_actors::{Engine, EngineError, TenantHandle};
use forecourt_core::id::{MemberId, SessionId, TenantId};
use forecourt_ports::{
    fake::SeqIds,
    presence::{Availability, MemberPresence, Person},
    store::NewTenant,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    clock::{TrueTime, pass},
    dice::Dice,
    node::Node,
    world::Shared,
};

/// What all personal data of the simulation has in it: a log line with one of these breaks A13.
pub(super) const PERSONAL: &[&str] = &["Qvistgaard", "kunde.example", "+4799", "hemmelig"];
/// A call that is not answered for so long hangs (A9).
const ANSWERED: SignedDuration = SignedDuration::from_secs(150);

/// A tenant as its people know it.
#[derive(Clone, Debug)]
pub(super) struct Business {
    pub(super) id: TenantId,
    slug: String,
    members: Vec<MemberId>,
}

impl Business {
    pub(super) fn new(tenant: &NewTenant) -> Self {
        Self {
            id: tenant.snapshot.id,
            slug: tenant.snapshot.slug.clone(),
            members: tenant.members.iter().map(|new| new.member.member).collect(),
        }
    }
}

impl Business {
    /// Its people, who take conversations.
    fn staff(&self) -> Vec<MemberPresence> {
        let there = |member: &MemberId| MemberPresence {
            person: Person { member: *member, name: "Noen".into() },
            availability: Availability::Online,
        };
        self.members.iter().map(there).collect()
    }
}

/// Everybody.
pub(super) struct Town {
    pub(super) world: Shared,
    pub(super) time: TrueTime,
    pub(super) nodes: RefCell<Vec<Rc<Node>>>,
    pub(super) businesses: Vec<Business>,
    pub(super) ids: SeqIds,
    /// Conversations that a member is looking after.
    looked_after: RefCell<BTreeSet<SessionId>>,
    dice: RefCell<Dice>,
    born: RefCell<u64>,
}

/// Why a caller has no answer.
enum Lost {
    /// Nobody listens, the line was cut, or "later".
    Later,
    No,
}

impl Town {
    pub(super) fn new(
        world: Shared,
        time: TrueTime,
        seed: u64,
        businesses: Vec<Business>,
    ) -> Rc<Self> {
        let staff = businesses.iter().map(|business| (business.id, business.staff()));
        world.lock().staff = staff.collect();
        Rc::new(Self {
            world,
            time,
            nodes: RefCell::default(),
            businesses,
            ids: SeqIds::new(),
            looked_after: RefCell::default(),
            dice: RefCell::new(Dice::new(seed, "people")),
            born: RefCell::new(0),
        })
    }

    pub(super) fn alive(&self) -> Vec<Rc<Node>> {
        self.nodes.borrow().iter().filter(|node| node.is_alive()).cloned().collect()
    }

    /// People come, more by day than by night, until `end`.
    pub(super) async fn live(self: Rc<Self>, per_day: u64, end: Timestamp) {
        loop {
            let hour = self.time.now().as_second() / 3600 % 24;
            let busy = if (7..19).contains(&hour) { 17 } else { 3 }; // tenths of the average
            let mean = SignedDuration::from_millis((864_000_000 / per_day.max(1) / busy) as i64);
            let wait = self.dice.borrow_mut().until_next(mean);
            pass(wait).await;
            if self.time.now() >= end {
                return;
            }
            let crowd = if self.dice.borrow_mut().chance(15) { 12 } else { 1 };
            for _ in 0..crowd {
                let mut dice = self.dice.borrow_mut().part();
                let town = Rc::clone(&self);
                if dice.chance(600) {
                    actix::spawn(town.submits(dice));
                } else {
                    actix::spawn(town.chats(dice));
                }
            }
        }
    }

    /// One call of one living node. It ends with an answer, or the node dies under it.
    async fn call<T: 'static, F: Future<Output = Result<T, EngineError>> + 'static>(
        self: &Rc<Self>,
        place: usize,
        session: Option<SessionId>,
        what: &'static str,
        dice: &mut Dice,
        act: impl FnOnce(TenantHandle) -> F + 'static,
    ) -> Result<T, Lost> {
        let Some(node) = dice.pick(&self.alive()).cloned() else { return Err(Lost::Later) };
        let (engine, slug): (Engine, _) =
            (node.engine.clone(), self.businesses[place].slug.clone());
        let death = node.death();
        self.world.lock().count("calls");
        let mut call = actix::spawn(async move {
            match engine.tenant(&slug).await? {
                Some(tenant) => act(tenant).await.map(Some),
                None => Ok(None),
            }
        });
        let answer = tokio::select! {
            biased;
            answer = &mut call => Some(answer),
            () = death => None,
            () = pass(ANSWERED) => {
                self.world.lock().check("A9", false, session, || {
                    format!("node {} does not answer {what}", node.number)
                });
                None
            }
        };
        call.abort();
        let mut world = self.world.lock();
        world.check("A9", true, session, String::new);
        match answer {
            Some(Ok(Ok(Some(answer)))) => Ok(answer),
            Some(Ok(Err(EngineError::Rejected(rejection)))) => {
                world.step(session, format!("{what} is refused: {rejection}"));
                Err(Lost::No)
            }
            Some(Ok(Err(EngineError::Busy { .. }))) => {
                world.count("calls told to come later");
                world.step(session, format!("{what}: busy"));
                Err(Lost::Later)
            }
            Some(Ok(Err(EngineError::Unavailable { .. }) | Ok(None))) => {
                world.count("calls told to come later");
                world.step(session, format!("{what}: unavailable"));
                Err(Lost::Later)
            }
            Some(Err(_)) | None => {
                world.count("calls cut off");
                world.step(session, format!("{what}: cut off"));
                Err(Lost::Later)
            }
        }
    }
}
