//! The JSON of every shape, as a client meets it: a change here is a change of the contract.

use forecourt_core::{
    event::{
        AlertReason, AnsweredBy, Author, Event, EventRecord, Fence, MessagePosted, MessageSeq,
        Origin, Seq, Source, Version,
    },
    hours::{OpeningHours, Span},
    id::{
        AttachmentId, DeliveryId, LeadId, MemberId, MessageId, ServiceId, SessionId, TenantId,
        TurnId, VehicleId,
    },
    knowledge::{Fuel, Knowledge, Localized, Service, Vehicle, VehicleStatus},
    lang::Lang,
    money::{Currency, Money},
    promise::{PromiseSettings, Rung},
    settings::{Brand, MailSettings, TenantSettings},
};
use forecourt_ports::{
    bus,
    store::{self, DeliveryRow, LeadRow, Member, PromiseRow, StoredMessage, TenantSnapshot},
};
use forecourt_wire as wire;
use insta::assert_json_snapshot;
use jiff::Timestamp;
use uuid::Uuid;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_262_400 + second).expect("a time of this century")
}

fn session() -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(2))
}

fn message() -> MessageId {
    MessageId::from_uuid(Uuid::from_u128(3))
}

fn turn() -> TurnId {
    TurnId::from_uuid(Uuid::from_u128(4))
}

fn member() -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(5))
}

fn record(event: Event) -> EventRecord {
    EventRecord {
        tenant: TenantId::from_uuid(Uuid::from_u128(1)),
        session: session(),
        seq: Seq(41),
        version: Version(7),
        at: at(1),
        event,
    }
}

fn posted(author: Author) -> Event {
    Event::MessagePosted(MessagePosted {
        message: message(),
        seq: MessageSeq(2),
        author,
        text: "Ja, den er ledig.\nVelkommen! 🚗".into(),
        client_id: (author == Author::Customer).then(|| "c-1".into()),
        origin: (author == Author::Assistant).then(|| Origin {
            turn: turn(),
            model: "house".into(),
            prompt: "reply@3".into(),
        }),
    })
}

fn tenant() -> TenantSnapshot {
    TenantSnapshot {
        id: TenantId::from_uuid(Uuid::from_u128(1)),
        slug: "nordlys-bil".into(),
        pack: "dealer".into(),
        settings: TenantSettings {
            brand: Brand {
                name: "Nordlys Bil".into(),
                phone: Some("+47 22 00 00 00".into()),
                email: None,
                address: Some("Storgata 1, Oslo".into()),
                website: None,
                logo_url: None,
                color: "#0b5fff".into(),
            },
            languages: vec![Lang::Nb, Lang::En],
            zone: "Europe/Oslo".into(),
            country: "NO".into(),
            hours: OpeningHours {
                week: vec![vec![Span {
                    opens: jiff::civil::time(9, 0, 0, 0),
                    closes: jiff::civil::time(16, 30, 0, 0),
                }]],
                exceptions: vec![],
            },
            promise: PromiseSettings::default(),
            gather: forecourt_core::gather::GatherSettings::default(),
            handoff: forecourt_core::handoff::HandoffSettings::default(),
            dialogue: forecourt_core::dialogue::DialogueSettings::default(),
            bookings: forecourt_core::booking::BookingSettings::default(),
            mail: MailSettings {
                from_name: "Nordlys".into(),
                from_address: "post@nordlys.example".into(),
                reply_to: None,
                alert_to: vec![],
            },
            allowed_origins: vec![],
            models: forecourt_core::models::ModelSettings::default(),
        },
    }
}

fn row() -> LeadRow {
    LeadRow {
        lead: LeadId::from_uuid(Uuid::from_u128(6)),
        session: session(),
        name: Some("Kari Nordmann".into()),
        email: Some("kari@example.no".into()),
        phone: None,
        vehicle_interest: Some("Tesla Model 3".into()),
        source: Source::Website,
        source_url: None,
        status: store::LeadStatus::Contacted,
        lang: Lang::Nb,
        created_at: at(0),
        updated_at: at(3),
        excerpt: "Er bilen ledig?".into(),
        repeats: 1,
        promise: PromiseRow {
            state: store::PromiseState::Kept,
            since: Some(at(0)),
            deadline: Some(at(90)),
            answered_after_ms: Some(2_345),
            by: Some(AnsweredBy::Model { model: "house".into() }),
        },
        needs_human: None,
        assignee: None,
        callback: None,
        with_human: false,
        closed: false,
    }
}

fn problem() -> wire::Problem {
    wire::Problem {
        kind: "/problems/invalid".into(),
        title: "Some fields are not as they should be".into(),
        status: 400,
        code: "invalid".into(),
        detail: "Mend the fields and send them again.".into(),
        instance: Some("0192f8e0c0de".into()),
        errors: vec![wire::FieldError {
            pointer: "/email".into(),
            code: "email".into(),
            detail: "is not a mail address; write it like kari@example.no".into(),
        }],
        retry_after_s: None,
    }
}

#[test]
fn problems() {
    assert_json_snapshot!("problem", problem());
    let bare =
        wire::Problem { errors: vec![], instance: None, retry_after_s: Some(2), ..problem() };
    assert_json_snapshot!("problem_with_retry", bare);
}

#[test]
fn what_a_customer_gets() {
    let brand = wire::TenantBrand::of(&tenant().settings);
    assert_json_snapshot!(
        "session_opened",
        wire::SessionOpened {
            session_id: session(),
            token: "v1.a.b".into(),
            lang: "nb".into(),
            tenant: brand,
            greeting: "Hei!".into(),
            epoch: 1,
            seq: 0,
        }
    );
    let stored = StoredMessage {
        message: message(),
        seq: MessageSeq(1),
        author: Author::Member { member: member() },
        member_name: Some("Ola".into()),
        text: "Hei".into(),
        client_id: None,
        at: at(0),
    };
    assert_json_snapshot!(
        "session_snapshot",
        wire::SessionSnapshot {
            session_id: session(),
            lang: "nb".into(),
            status: wire::SessionStatus::WithHuman,
            member_name: None,
            epoch: 1,
            seq: 7,
            messages: vec![stored.into()],
            draft: Some(wire::Draft { draft_id: turn(), text: "Ja, d".into() }),
            offers: vec![],
            bookings: vec![],
            call: None,
            attachments: vec![],
        }
    );
    assert_json_snapshot!(
        "message_accepted",
        wire::MessageAccepted { message_id: message(), seq: 2, version: 7 }
    );
    assert_json_snapshot!(
        "form_receipt",
        wire::FormReceipt {
            lead_id: LeadId::from_uuid(Uuid::from_u128(6)),
            status: wire::FormStatus::Appended,
        }
    );
}

#[test]
fn what_a_customer_is_told() {
    let of = |event| wire::SessionEvent::of(&record(event), None).unwrap();
    assert_json_snapshot!("event_customer_message", of(posted(Author::Customer)));
    assert_json_snapshot!("event_assistant_message", of(posted(Author::Assistant)));
    let by_member = record(posted(Author::Member { member: member() }));
    assert_json_snapshot!(
        "event_member_message",
        wire::SessionEvent::of(&by_member, Some("Ola")).unwrap()
    );
    assert_json_snapshot!(
        "event_taken_over",
        of(Event::TakenOver { member: member(), fence: Fence(2), give_back_ms: None })
    );
    assert_json_snapshot!(
        "event_released",
        of(Event::Released {
            member: member(),
            fence: Fence(3),
            why: forecourt_core::event::ReleaseReason::BySpeaker,
        })
    );
    assert_json_snapshot!("event_closed", of(Event::Closed { fence: Fence(4) }));
    assert_json_snapshot!(
        "event_turn_started",
        of(Event::TurnStarted { turn: turn(), rung: Rung::Primary, fence: Fence(1) })
    );
    assert_json_snapshot!("event_turn_cancelled", of(Event::TurnCancelled { turn: turn() }));
    let progress = bus::Draft::Progress { turn: turn(), step: bus::Step::Looking };
    assert_json_snapshot!("event_draft_progress", wire::SessionEvent::from(&progress));
    let delta = bus::Draft::Delta { turn: turn(), offset: 4, text: "ledig".into() };
    assert_json_snapshot!("event_draft_delta", wire::SessionEvent::from(&delta));
    let discarded = bus::Draft::Discarded { turn: turn() };
    assert_json_snapshot!("event_draft_discarded", wire::SessionEvent::from(&discarded));
    assert_json_snapshot!(
        "event_gap",
        wire::SessionEvent::Gap(wire::SessionGap {
            snapshot_url: format!("/v1/sessions/{}", session()),
            epoch: 1,
            seq: 7
        })
    );
    assert_json_snapshot!(
        "event_error",
        wire::SessionEvent::Error(wire::SessionError { problem: problem() })
    );
}

#[test]
fn what_a_customer_is_not_told() {
    for event in [
        Event::HumanAlerted { reason: AlertReason::NotProven },
        Event::PromiseBroken { message: message(), after_ms: 90_000 },
        Event::DeliveryFailed {
            delivery: DeliveryId::from_uuid(Uuid::from_u128(9)),
            code: "550".into(),
        },
    ] {
        assert_eq!(wire::SessionEvent::of(&record(event), None), None);
    }
}

#[test]
fn what_staff_get() {
    assert_json_snapshot!("lead", wire::Lead::from(row()));
    let waiting = LeadRow {
        promise: PromiseRow {
            state: store::PromiseState::Waiting,
            answered_after_ms: None,
            by: None,
            ..row().promise
        },
        needs_human: Some(AlertReason::NotProven),
        closed: true,
        ..row()
    };
    assert_json_snapshot!("lead_that_needs_a_person", wire::Lead::from(waiting));
    let events = [
        Event::PromiseKept {
            message: message(),
            after_ms: 2_345,
            by: AnsweredBy::Model { model: "house".into() },
        },
        Event::HandoffRequested {
            reason: AlertReason::StillWaiting,
            reroute_ms: None,
            callback_ms: None,
        },
        posted(Author::Assistant),
        Event::PromiseBroken { message: message(), after_ms: 90_000 },
        Event::RungReached { message: message(), rung: Rung::ModelsEnd },
    ];
    let delivery = DeliveryRow {
        delivery: DeliveryId::from_uuid(Uuid::from_u128(9)),
        kind: "answer".into(),
        status: "accepted".into(),
        attempts: 1,
        code: None,
        updated_at: at(2),
    };
    assert_json_snapshot!(
        "lead_detail",
        wire::LeadDetail {
            lead: row().into(),
            messages: vec![],
            events: events.into_iter().map(|event| (&record(event)).into()).collect(),
            deliveries: vec![delivery.into()],
            ratings: vec![wire::MessageRating {
                message_id: message(),
                member_id: member(),
                rating: wire::Rating::Bad,
                reason: Some("Feil pris".into()),
                at: at(3),
            }],
            attachments: vec![wire::AttachmentView {
                attachment_id: AttachmentId::from_uuid(Uuid::from_u128(8)),
                message_id: Some(message()),
                bytes: 2_000,
                state: wire::AttachmentState::Failed,
                kind: None,
                reason: Some(wire::AttachmentFailure::WrongKind),
            }],
            handoff_note: Some(wire::HandoffNote {
                asked: vec!["Er den ledig?".into()],
                promised: vec![],
                held: vec![],
                missing: vec![wire::Missing::Contact],
            }),
        }
    );
    let member = Member {
        tenant: TenantId::from_uuid(Uuid::from_u128(1)),
        member: member(),
        name: "Ola".into(),
        email: "ola@nordlys.example".into(),
        role: store::Role::Manager,
    };
    assert_json_snapshot!("me", wire::Me::of(member, &tenant()));
}

#[test]
fn what_the_live_socket_says() {
    let frame = |frame: wire::ServerFrame| frame;
    assert_json_snapshot!(
        "frame_welcome",
        frame(wire::ServerFrame::Welcome(wire::WelcomeFrame {
            reference: "1".into(),
            epoch: 1,
            seq: 41,
            resumed: true
        }))
    );
    assert_json_snapshot!(
        "frame_event",
        frame(wire::ServerFrame::Event(Box::new(wire::EventFrame {
            seq: 41,
            event: wire::LeadEventName::MessagePosted,
            at: at(1),
            session_id: session(),
            lead: Some(row().into()),
            changes: None,
            seen: None,
            message: Some(wire::Message {
                message_id: message(),
                seq: 2,
                at: at(1),
                author: wire::Author::Assistant,
                member_name: None,
                text: "Ja".into(),
                client_id: None,
            }),
        })))
    );
    assert_json_snapshot!(
        "frame_beat",
        frame(wire::ServerFrame::Beat(wire::BeatFrame { seq: 41 }))
    );
    assert_json_snapshot!(
        "frame_reply",
        frame(wire::ServerFrame::Reply(wire::ReplyFrame {
            reference: "2".into(),
            ok: false,
            problem: Some(problem()),
            accepted: None,
            newer: vec![],
            draft: None,
        }))
    );
}

#[test]
fn what_a_client_sends_is_read_as_it_is_written_and_unknown_fields_are_refused() {
    let hello: wire::ClientFrame =
        serde_json::from_str(r#"{"type":"hello","ref":"1","after":null,"topics":["leads"]}"#)
            .unwrap();
    assert_eq!(
        hello,
        wire::ClientFrame::Hello(wire::HelloFrame {
            reference: "1".into(),
            after: None,
            topics: vec![wire::Topic::Leads],
            only: None,
        })
    );
    for refused in [
        r#"{"type":"hello","ref":"1","after":null,"topics":["leads"],"tenant_id":"x"}"#,
        r#"{"type":"hello","ref":"1","after":null,"topics":["all"]}"#,
        r#"{"type":"send","ref":"1"}"#,
        r#"{"ref":"1"}"#,
        r#"{"type":"ping","ref":1}"#,
    ] {
        assert!(serde_json::from_str::<wire::ClientFrame>(refused).is_err(), "{refused}");
    }
    assert!(
        serde_json::from_str::<wire::PostMessage>(r#"{"text":"a","client_id":"b","x":1}"#).is_err()
    );
    assert!(
        serde_json::from_str::<wire::Login>(
            r#"{"tenant":"a","email":"b","password":"c","role":"owner"}"#
        )
        .is_err()
    );
    assert!(serde_json::from_str::<wire::FormLead>(r#"{"name":"a","utm_source":"x"}"#).is_ok());
}

#[test]
fn what_everybody_may_know_of_a_tenant() {
    let price = Money { minor: 39_900_000, currency: Currency::Nok };
    let knowledge = Knowledge {
        vehicles: vec![Vehicle {
            id: VehicleId::from_uuid(Uuid::from_u128(7)),
            make: "Tesla".into(),
            model: "Model 3".into(),
            variant: None,
            year: 2022,
            price,
            fuel: Fuel::Electric,
            kilometres: 41_000,
            status: VehicleStatus::Available,
            details: forecourt_core::inventory::Details::default(),
        }],
        services: vec![Service {
            id: ServiceId::from_uuid(Uuid::from_u128(8)),
            name: Localized::from([(Lang::Nb, "Prøvekjøring"), (Lang::En, "Test drive")]),
            keywords: vec![],
            minutes: 45,
            price: None,
            notice_minutes: 60,
            capacity: 1,
        }],
        ..Knowledge::default()
    };
    assert_json_snapshot!("tenant", wire::PublicTenant::of(&tenant(), &knowledge, Lang::Nb));
}
