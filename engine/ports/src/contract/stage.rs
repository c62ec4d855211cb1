//! A tenant with people, and the moves that a conversation is made of.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use forecourt_core::{
    capture::{RawSubmission, Submission},
    effect::{Effect, TimerKind},
    event::{DeliveryKind, Event, Source, Version},
    hours::OpeningHours,
    id::{DeliveryId, MemberId, NodeId, SessionId, TenantId},
    knowledge::Knowledge,
    lang::Lang,
    promise::PromiseSettings,
    session::{
        Answer, Circumstances, Command, Decided, DeliveryReport, Fresh, LeadSession,
        SubmittedContact, replay::Cause,
    },
    settings::{Brand, MailSettings, TenantSettings},
};
use jiff::{SignedDuration, Timestamp};

use super::Ground;
use crate::{
    fake::SeqIds,
    ids::Ids as _,
    store::{
        Append, Appended, Batch, LeadFold, LeadRecord, Member, NewMember, NewTenant, Role, Store,
        TenantSnapshot,
    },
};

/// Where a test plays: one tenant, two nodes, a time that stands still.
pub struct Stage<'a> {
    pub ground: &'a dyn Ground,
    pub node: NodeId,
    pub store: Arc<dyn Store>,
    pub other_node: NodeId,
    pub other: Arc<dyn Store>,
    pub tenant: TenantId,
    pub member: MemberId,
    pub settings: TenantSettings,
    pub ids: SeqIds,
    pub now: Timestamp,
    leads: Leads,
}

/// The rows of leads as writers hold them: by the state that a session has with them.
type Leads = Mutex<HashMap<SessionId, Vec<(LeadSession, Option<Arc<LeadRecord>>)>>>;

/// What a test calls a tenant, a member and their settings.
pub fn new_tenant(slug: &str, ids: &SeqIds) -> NewTenant {
    let tenant = TenantId::from_uuid(ids.uuid());
    let member = Member {
        tenant,
        member: MemberId::from_uuid(ids.uuid()),
        name: "Åse Ødegård".into(),
        email: format!("Aase@{slug}.example.no"),
        role: Role::Seller,
    };
    let settings = TenantSettings {
        brand: Brand {
            name: "Prøve Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: None,
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: vec![Lang::Nb, Lang::En, Lang::Fr, Lang::Ar],
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: OpeningHours::default(),
        promise: PromiseSettings::default(),
        // Each message is answered at once: the contract is the store's, not the conversation's.
        gather: forecourt_core::gather::GatherSettings {
            shortest_ms: 0,
            longest_ms: 0,
            ..Default::default()
        },
        handoff: forecourt_core::handoff::HandoffSettings::default(),
        // A contract writes more than a customer would.
        dialogue: forecourt_core::dialogue::DialogueSettings {
            most_messages: 200,
            ..forecourt_core::dialogue::DialogueSettings::default()
        },
        mail: MailSettings {
            from_name: "Prøve Bil".into(),
            from_address: "post@prove.example.no".into(),
            reply_to: None,
            alert_to: vec!["vakt@prove.example.no".into()],
        },
        bookings: forecourt_core::booking::BookingSettings {
            offer_minutes: 20,
            ..forecourt_core::booking::BookingSettings::default()
        },
        allowed_origins: vec!["https://bil.example.no".into()],
        models: forecourt_core::models::ModelSettings::default(),
    };
    NewTenant {
        snapshot: TenantSnapshot { id: tenant, slug: slug.into(), pack: "dealer".into(), settings },
        name: "Prøve Bil AS".into(),
        knowledge: Knowledge::default(),
        busy: vec![],
        members: vec![NewMember {
            member,
            lang: Lang::Nb,
            password_hash: Some("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".into()),
        }],
    }
}

impl<'a> Stage<'a> {
    /// A tenant on an empty ground.
    pub async fn set(ground: &'a dyn Ground) -> Self {
        let ids = SeqIds::new();
        let new = new_tenant("prove-bil", &ids);
        let (tenant, member) = (new.snapshot.id, new.members[0].member.member);
        let settings = new.snapshot.settings.clone();
        ground.add_tenant(new).await;
        let (node, store) = ground.node(1);
        let (other_node, other) = ground.node(2);
        let now = "2026-11-23T08:00:00.123456Z".parse().expect("a time");
        let leads = Leads::default();
        Self { ground, node, store, other_node, other, tenant, member, settings, ids, now, leads }
    }

    /// Another tenant on the same ground: the same stage, played for it.
    pub async fn set_another(&self, slug: &str) -> Self {
        let new = new_tenant(slug, &self.ids);
        let (tenant, member) = (new.snapshot.id, new.members[0].member.member);
        self.ground.add_tenant(new).await;
        let lane = slug.bytes().fold(1, |sum: u16, byte| sum.wrapping_mul(31) ^ u16::from(byte));
        Self {
            ground: self.ground,
            node: self.node,
            store: Arc::clone(&self.store),
            other_node: self.other_node,
            other: Arc::clone(&self.other),
            tenant,
            member,
            settings: self.settings.clone(),
            ids: SeqIds::lane(lane | 1), // not the lane of `set`
            now: self.now,
            leads: Leads::default(),
        }
    }

    /// The same stage for a writer of its own, whose ids are nobody else's.
    #[must_use]
    pub fn writer(&self, n: u16) -> Self {
        Self {
            ground: self.ground,
            node: self.node,
            store: Arc::clone(&self.store),
            other_node: self.other_node,
            other: Arc::clone(&self.other),
            tenant: self.tenant,
            member: self.member,
            settings: self.settings.clone(),
            ids: SeqIds::lane(2_000 + n * 2), // even: the lanes of other tenants are odd
            now: self.now,
            leads: Leads::default(),
        }
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// What the core decides, ready to be stored.
    pub fn decide(&self, state: &LeadSession, command: Command) -> Append {
        let fresh = Fresh(self.ids.uuid());
        let circumstances =
            Circumstances { now: self.now, settings: &self.settings, fresh, turn_shows: false };
        let cause = Cause {
            command: command.clone(),
            fresh: fresh.0,
            turn_shows: false,
            settings: self.settings.print(),
        };
        let decided = state.decide(command, circumstances).expect("the command is allowed");
        let lead = self.fold(state, &decided);
        Append {
            session: state.id,
            expected: state.version,
            at: self.now,
            events: decided.decision.events,
            state: decided.state,
            effects: decided.decision.effects,
            lead,
            cause: Some(cause),
            inbound: None,
        }
    }

    /// The lead's row goes along where this stage has seen it, as it does with an actor; elsewhere the store reads.
    fn fold(&self, before: &LeadSession, decided: &Decided) -> Option<LeadFold> {
        let mut leads = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = leads.entry(before.id).or_default();
        let row = match seen.iter().find(|(state, _)| state == before) {
            Some((_, row)) => row.clone(),
            None if !before.exists() => None,
            None => return None,
        };
        let fold = LeadFold::of(row.as_ref(), self.now, &decided.decision.events, &decided.state);
        // Races are between the newest states.
        seen.truncate(8);
        seen.insert(0, (decided.state.clone(), fold.after.clone()));
        Some(fold)
    }

    /// Stores appends in one commit of the first node.
    pub async fn commit(&self, appends: Vec<Append>) -> Vec<Appended> {
        let batch = Batch { appends, inbound: Vec::new() };
        self.store.commit(self.tenant, &batch).await.expect("the store is there")
    }

    /// Stores one append, which must be stored.
    pub async fn store(&self, append: Append) -> LeadSession {
        let state = append.state.clone();
        let appended = self.commit(vec![append]).await;
        assert!(matches!(appended[..], [Appended::Stored { .. }]), "{appended:?}");
        state
    }

    /// Decides and stores.
    pub async fn play(&self, state: &LeadSession, command: Command) -> LeadSession {
        self.store(self.decide(state, command)).await
    }

    pub fn lang(&self) -> Lang {
        self.settings.default_language()
    }

    pub fn new_session(&self) -> LeadSession {
        LeadSession::new(SessionId::from_uuid(self.ids.uuid()))
    }

    /// A form of somebody who is not known yet.
    pub fn submit_new(&self, submission: Submission) -> Command {
        Command::Submit {
            submission,
            contact: SubmittedContact {
                contact: self.ids.contact(),
                new_contact: true,
                lead: self.ids.lead(),
                source: Source::Website,
                same_phone_as: None,
            },
        }
    }

    /// A new lead from a form.
    pub async fn lead(&self, name: &str, email: &str) -> LeadSession {
        let form = submission(name, email, None, "Hei, er bilen fortsatt ledig?");
        self.play(&self.new_session(), self.submit_new(form)).await
    }

    /// A new chat with one message.
    pub async fn chat(&self, text: &str) -> LeadSession {
        let opened = self.play(&self.new_session(), Command::Open { lang: Lang::Nb }).await;
        self.play(&opened, Self::customer_says(text, "c-1")).await
    }

    pub fn customer_says(text: &str, client_id: &str) -> Command {
        Command::PostMessage {
            text: text.into(),
            client_id: client_id.into(),
            page_url: None,
            pressed: None,
            attachments: Vec::new(),
        }
    }

    pub fn member_says(&self, text: &str) -> Command {
        let client_id = format!("m-{}", self.ids.uuid().simple());
        Command::PostMemberMessage { member: self.member, text: text.into(), client_id, seen: None }
    }

    /// The running turn ends with a text.
    pub fn answer(state: &LeadSession, text: &str) -> Command {
        let turn = state.turn.expect("a turn runs").turn;
        let (model, prompt) = ("house".into(), "reply@1".into());
        Command::EndTurn {
            turn,
            result: Ok(Answer { text: text.into(), model, prompt }),
            notes: forecourt_core::dialogue::TurnNotes::default(),
        }
    }

    pub fn fire(kind: TimerKind) -> Command {
        Command::FireTimer { kind, turn_runs: true }
    }

    pub fn report(delivery: DeliveryId, attempt: u32, report: DeliveryReport) -> Command {
        Command::ReportDelivery { delivery, attempt, report }
    }
}

/// The only open delivery that carries an answer.
pub fn open_answer(state: &LeadSession) -> DeliveryId {
    let mut open = state.deliveries.iter().filter(|(_, d)| d.kind == DeliveryKind::Answer);
    let found = open.next().expect("an answer is on its way");
    assert!(open.next().is_none(), "there are several");
    *found.0
}

/// A form as the webhook parses it.
pub fn submission(name: &str, email: &str, phone: Option<&str>, message: &str) -> Submission {
    let raw = RawSubmission {
        name: Some(name.into()),
        email: Some(email.into()),
        phone: phone.map(Into::into),
        vehicle_interest: Some("Tesla Model 3".into()),
        message: Some(message.into()),
        source_url: Some("https://bil.example.no/tesla".into()),
    };
    raw.parse("NO").expect("a form that can be answered")
}

/// An append that a bug or a hostile text made: the same decision with one message's text replaced.
pub fn with_text(mut append: Append, text: &str) -> Append {
    for event in &mut append.events {
        if let Event::MessagePosted(posted) = event {
            posted.text = text.into();
        }
    }
    append
}

/// When a timer is set by a decision.
pub fn timer_set(append: &Append, wanted: TimerKind) -> Option<Timestamp> {
    append.effects.iter().find_map(|effect| match effect {
        Effect::SetTimer { kind, due_at } if *kind == wanted => Some(*due_at),
        _ => None,
    })
}

/// The version after an append.
pub fn version_after(append: &Append) -> Version {
    Version(append.expected.0 + append.events.len() as i64)
}
