//! Letters about bookings: claimed, prepared, recorded, handed over, reported.
//!
//! # Invariants
//! - **R1** a letter is handed over only after the store has recorded that it will be; what a crash
//!   leaves in between is *uncertain*, and never blindly repeated;
//! - a letter that speaks of a booking as it is no more stays in: it is asked before the way and, under
//!   the booking's lock, at the point of no return;
//! - **A9** so many per sweep, one after the other; a retry has a ladder, and the ladder an end.

use std::sync::Arc;

use forecourt_core::{
    booking::{invite, letter::LetterKind, words},
    id::SessionId,
};
use forecourt_ports::{
    sender::{CalendarEntry, Letter, Outgoing, Recipient, SendError},
    store::{DueLetter, LetterEnd, LetterStatus, StoreError},
};
use jiff::{SignedDuration, Timestamp};

use crate::{Engine, names};

/// Letters that one sweep takes.
const AT_ONCE: u32 = 50;
/// Covers the ways of a whole sweep, one after the other, in all but the worst case; what takes longer
/// finds its claim gone at the point of no return.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Covers the longest handover.
const HANDOVER_LEASE: SignedDuration = SignedDuration::from_secs(45);
/// The pauses after each try that failed for now, in minutes; a code is not good for longer than two.
const LADDER: [i64; 5] = [1, 5, 30, 120, 360];

/// Sends what is due; says whether to look for more at once.
pub(crate) async fn sweep(engine: &Engine, now: Timestamp) -> bool {
    let ports = engine.ports();
    let due = match ports.store.claim_letters(ports.node, now, LEASE, AT_ONCE).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "letters about bookings could not be claimed");
            return false;
        }
    };
    let full = due.len() >= AT_ONCE as usize;
    for letter in due {
        if engine.is_closed() {
            return false; // its claim ends, and another node takes it up
        }
        let _counted = engine.registry().count_in();
        if let Err(error) = send(engine, &letter).await {
            tracing::warn!(booking.id = %letter.booking.id, %error, "a letter's fate was not stored");
            return false;
        }
    }
    full
}

async fn send(engine: &Engine, due: &DueLetter) -> Result<(), StoreError> {
    let ports = engine.ports();
    let now = ports.clock.now();
    let over = |status, code: Option<&str>| LetterEnd::Over {
        status,
        code: code.map(|code| code.chars().take(200).collect()),
    };
    let end = async |end: LetterEnd| {
        let result = match &end {
            LetterEnd::Again { .. } => "retried",
            LetterEnd::Over { status: LetterStatus::Accepted, .. } => "accepted",
            LetterEnd::Over { status: LetterStatus::Uncertain, .. } => "uncertain",
            LetterEnd::Over { status: LetterStatus::Dropped, .. } => "dropped",
            LetterEnd::Over { .. } => "failed",
        };
        metrics::counter!(names::BOOKING_LETTERS, "result" => result).increment(1);
        ports.store.end_letter(due, &end, ports.clock.now()).await
    };
    if due.lost {
        return end(over(LetterStatus::Uncertain, Some("lost"))).await;
    }
    if !due.booking.may_leave(due.owed, now) {
        return end(over(LetterStatus::Dropped, None)).await;
    }
    let Some(outgoing) = written(engine, due, now).await else {
        return end(over(LetterStatus::Failed, Some("no_recipient"))).await;
    };
    let again = |code: String| {
        let ladder = if due.owed.kind == LetterKind::Code { &LADDER[..2] } else { &LADDER[..] };
        let pause = usize::try_from(due.attempt - 1).ok().and_then(|nth| ladder.get(nth));
        match pause {
            Some(minutes) => {
                let pause = SignedDuration::from_mins(*minutes);
                let at = ports.clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX);
                LetterEnd::Again { at, code }
            }
            None => over(LetterStatus::Failed, Some(&code)),
        }
    };
    let prepared = match ports.sender.prepare(&outgoing).await {
        Ok(prepared) => prepared,
        Err(SendError::Permanent { code }) => {
            return end(over(LetterStatus::Failed, Some(&code))).await;
        }
        Err(SendError::Temporary { code, .. } | SendError::Uncertain { code }) => {
            return end(again(code)).await;
        }
    };
    let now = ports.clock.now();
    if engine.is_closed()
        || !ports.store.hand_over_letter(due, ports.node, now, HANDOVER_LEASE).await?
    {
        return Ok(()); // moved, cancelled, or another node's by now
    }
    match prepared.hand_over().await {
        Ok(_) => end(over(LetterStatus::Accepted, None)).await,
        Err(SendError::Temporary { code, .. }) => end(again(code)).await,
        Err(SendError::Permanent { code }) => end(over(LetterStatus::Failed, Some(&code))).await,
        Err(SendError::Uncertain { code }) => end(over(LetterStatus::Uncertain, Some(&code))).await,
    }
}

/// The letter, if there is somebody to send it to.
async fn written(engine: &Engine, due: &DueLetter, now: Timestamp) -> Option<Outgoing> {
    let (ports, booking) = (engine.ports(), &due.booking);
    let address = booking.wish.customer.email.clone()?;
    let tenant = engine.tenant_by_id(due.tenant).await.ok()??;
    let snapshot = tenant.snapshot();
    let lang = snapshot.settings.language_or_default(booking.wish.customer.lang);
    let knowledge = tenant.knowledge().await.ok()?;
    let service = knowledge.services.iter().find(|service| service.id == booking.wish.service);
    let service = service.map_or("", |service| service.name.get(lang));
    let link = ports.links.invitation(due.tenant, booking.id);
    // An entry that is taken out again needs no link; reminders find it in the calendar.
    let (shown, goes_along) = match due.owed.kind {
        LetterKind::Confirmation | LetterKind::Change => (link.as_deref(), true),
        LetterKind::Cancellation => (None, true),
        LetterKind::Reminder24h | LetterKind::Reminder2h | LetterKind::Code | LetterKind::Offer => {
            (None, false)
        }
    };
    let business = &snapshot.settings.brand.name;
    // Of what is cancelled there is nothing to do any more; a code proves who asked, elsewhere.
    let page = match due.owed.kind {
        LetterKind::Cancellation | LetterKind::Code => None,
        _ => ports.links.booking(due.tenant, booking.id),
    };
    let page = page.as_deref();
    let named = words::Named { service, business, calendar: shown, page };
    let (subject, text) = if due.owed.kind == LetterKind::Code {
        words::code_letter(&ports.links.code(due.tenant, booking.id, due.delivery)?, lang, named)
    } else {
        words::letter(due.owed.kind, booking, lang, named, now)
    };
    let calendar = goes_along.then(|| {
        let settings = &snapshot.settings;
        let entry = invite::Entry {
            summary: &format!("{service} · {business}"),
            description: "",
            location: settings.brand.address.as_deref().unwrap_or_default(),
            organizer_name: business,
            organizer: &settings.mail.from_address,
            url: None,
            // As behind the link: one entry, however it reaches the calendar.
            host: link.as_deref().and_then(|url| url.split('/').nth(2)).unwrap_or_default(),
        };
        let text = invite::render(booking, &entry, now);
        CalendarEntry { method: invite::method(booking), text }
    });
    Some(Outgoing {
        delivery: due.delivery,
        tenant: due.tenant,
        // Letters of a booking that no conversation led to are threaded by the booking.
        session: booking.wish.session.unwrap_or(SessionId::from_uuid(booking.id.into_uuid())),
        settings: Arc::new(snapshot.settings.clone()),
        lang,
        letter: Letter::Booking { subject, text, calendar },
        to: Recipient { name: booking.wish.customer.name.clone(), address },
        thread: vec![],
        unsubscribe_url: None,
    })
}
