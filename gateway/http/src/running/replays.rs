//! `POST /v1/deliveries/{delivery}/replay` and `POST /v1/deliveries/replay`: dead letters, sent once more.
//!
//! # Invariants
//! - a wish that is repeated with its `client_id` sends nothing twice, on whatever node it is asked;
//! - letters of one conversation are sent in their order, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, web};
use forecourt_actors::EngineError;
use forecourt_core::{
    id::{DeliveryId, SessionId},
    session::Rejection,
};
use forecourt_ports::store::{DeliveryFilter, Role};
use forecourt_wire::{
    DeliveryReplayed, ReplayDeliveries, ReplayDelivery, ReplayOutcome, ReplayReport, ReplayResult,
};
use futures_util::{StreamExt as _, stream};

use super::{deliveries::named, in_order};
use crate::{
    auth::Staff,
    desk::TenantDesk,
    extract::Json,
    gateway::{Gateway, State},
    leads,
    messages::check_client_id,
    problem::{Answer, Code, Problem},
    sessions,
};

/// Letters that one call sends at most (A9).
pub(crate) const MOST: usize = 500;
/// Letters that a dry run shows.
const SHOWN: usize = 50;
/// Conversations that are asked at once.
const AT_ONCE: usize = 8;

/// `POST /v1/deliveries/{delivery}/replay` — one dead letter.
pub(crate) async fn one(
    gateway: web::Data<Gateway>,
    delivery: web::Path<String>,
    staff: Staff,
    body: Json<ReplayDelivery>,
) -> Answer {
    staff.require(Role::Manager)?;
    let Json(ReplayDelivery { even_if_sent, client_id }) = body;
    if let Some(id) = &client_id {
        check_client_id(id)?;
    }
    let state = &gateway.0;
    let delivery = named(&delivery)?;
    let found = state.store.find_delivery(staff.member.tenant, delivery).await?;
    let session = found.ok_or_else(|| Problem::new(Code::NotFound))?.row.session;
    let tenant = sessions::tenant_of(state, &staff).await?;
    let by = staff.member.member;
    let new = tenant.replay_delivery(session, delivery, by, even_if_sent, client_id).await?;
    Ok(HttpResponse::Accepted().json(DeliveryReplayed { delivery_id: new }))
}

/// `POST /v1/deliveries/replay` — many, by their ids or by status and time.
pub(crate) async fn many(
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<ReplayDeliveries>,
) -> Answer {
    staff.require(Role::Manager)?;
    let Json(wish) = body;
    check(&wish)?;
    let state = &gateway.0;
    let tenant = sessions::tenant_of(state, &staff).await?;
    let (mut results, by_session, more) = chosen(state, &staff, &wish).await?;
    let matched = results.len() + by_session.values().map(Vec::len).sum::<usize>();
    let (tenant, wish_ref, staff_ref) = (&*tenant, &wish, &staff);
    let asked = by_session.into_iter().map(|(session, letters)| async move {
        if wish_ref.dry_run {
            tried(state, staff_ref, session, letters, wish_ref).await
        } else {
            Ok(sent(tenant, staff_ref, session, letters, wish_ref).await)
        }
    });
    let asked: Vec<Result<Vec<ReplayResult>, Problem>> =
        stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    for some in asked {
        results.extend(some?);
    }
    results.sort_unstable_by_key(|result| result.delivery_id);
    let replayed =
        results.iter().filter(|result| result.outcome == ReplayOutcome::Replayed).count();
    if wish.dry_run {
        results.truncate(SHOWN);
    }
    let dry_run = wish.dry_run;
    Ok(HttpResponse::Ok().json(ReplayReport { dry_run, matched, replayed, more, results }))
}

fn check(wish: &ReplayDeliveries) -> Result<(), Problem> {
    check_client_id(&wish.client_id)?;
    for (name, time) in [("/since", wish.since), ("/until", wish.until)] {
        if time.is_some_and(|time| !leads::is_plain(time)) {
            return Err(Problem::field(name, "value", "must be a time of the years 1 to 9999"));
        }
    }
    in_order(wish.since, wish.until)?;
    match (&wish.ids, wish.status) {
        (Some(ids), None) if wish.since.is_none() && wish.until.is_none() => {
            let few = (1..=MOST).contains(&ids.len());
            let detail = format!("must be 1 to {MOST} ids");
            if few { Ok(()) } else { Err(Problem::field("/ids", "length", detail)) }
        }
        (None, Some(_)) => Ok(()),
        _ => {
            let detail = "give either `ids`, or `status` with `since` and `until` if you like";
            Err(Problem::field("/ids", "choice", detail))
        }
    }
}

type BySession = BTreeMap<SessionId, Vec<DeliveryId>>;

/// The letters that are meant, by conversation, oldest first; those that are not there; and whether
/// there are more than one call takes.
async fn chosen(
    state: &State,
    staff: &Staff,
    wish: &ReplayDeliveries,
) -> Result<(Vec<ReplayResult>, BySession, bool), Problem> {
    let tenant = staff.member.tenant;
    let (mut missing, mut found) = (Vec::new(), BySession::new());
    if let Some(ids) = &wish.ids {
        let ids: BTreeSet<DeliveryId> = ids.iter().copied().collect();
        let reads = ids.into_iter().map(|id| async move {
            Ok::<_, Problem>((id, state.store.find_delivery(tenant, id).await?))
        });
        let reads: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        for read in reads {
            let (id, row) = read?;
            match row {
                Some(found_row) => found.entry(found_row.row.session).or_default().push(id),
                None => missing.push(told(id, ReplayOutcome::NotFound, None)),
            }
        }
        return Ok((missing, found, false));
    }
    let mut after = None;
    let mut count = 0;
    loop {
        let filter = DeliveryFilter {
            status: wish.status.map(Into::into),
            session: None,
            since: wish.since,
            until: wish.until,
            after,
            limit: 500,
        };
        let page = state.store.list_deliveries(tenant, &filter).await?;
        let Some(last) = page.last() else { return Ok((missing, sorted(found), false)) };
        after = Some(last.delivery);
        // What was sent once more is represented by what sends it.
        for row in page {
            if row.replayed_by.is_none() {
                if count == MOST {
                    return Ok((missing, sorted(found), true));
                }
                count += 1;
                found.entry(row.session).or_default().push(row.delivery);
            }
        }
    }
}

fn sorted(mut found: BySession) -> BySession {
    for letters in found.values_mut() {
        letters.sort_unstable();
    }
    found
}

/// Has one conversation's letters sent, in their order.
async fn sent(
    tenant: &dyn TenantDesk,
    staff: &Staff,
    session: SessionId,
    letters: Vec<DeliveryId>,
    wish: &ReplayDeliveries,
) -> Vec<ReplayResult> {
    let mut results = Vec::with_capacity(letters.len());
    for letter in letters {
        let (by, client_id) = (staff.member.member, Some(wish.client_id.clone()));
        let new = tenant.replay_delivery(session, letter, by, wish.even_if_sent, client_id).await;
        results.push(match new {
            Ok(new) => told(letter, ReplayOutcome::Replayed, Some(new)),
            Err(EngineError::Rejected(rejection)) => told(letter, outcome(&rejection), None),
            Err(EngineError::Busy { .. } | EngineError::Unavailable { .. }) => {
                told(letter, ReplayOutcome::Busy, None)
            }
        });
    }
    results
}

/// What would become of one conversation's letters.
async fn tried(
    state: &State,
    staff: &Staff,
    session: SessionId,
    letters: Vec<DeliveryId>,
    wish: &ReplayDeliveries,
) -> Result<Vec<ReplayResult>, Problem> {
    let loaded = state.store.load(staff.member.tenant, session).await?;
    let would = |letter: DeliveryId| {
        let Some(loaded) = &loaded else { return told(letter, ReplayOutcome::NotFound, None) };
        let client_id = Some(wish.client_id.as_str());
        match loaded.state.may_replay(letter, wish.even_if_sent, client_id) {
            Ok(_) => told(letter, ReplayOutcome::Replayed, None),
            Err(Rejection::AlreadyReplayed { delivery }) => {
                told(letter, ReplayOutcome::Replayed, Some(delivery))
            }
            Err(rejection) => told(letter, outcome(&rejection), None),
        }
    };
    Ok(letters.into_iter().map(would).collect())
}

const fn told(
    delivery_id: DeliveryId,
    outcome: ReplayOutcome,
    new_delivery_id: Option<DeliveryId>,
) -> ReplayResult {
    ReplayResult { delivery_id, outcome, new_delivery_id }
}

const fn outcome(rejection: &Rejection) -> ReplayOutcome {
    match rejection {
        Rejection::OnItsWay => ReplayOutcome::OnItsWay,
        Rejection::MayHaveLeft => ReplayOutcome::MayHaveLeft,
        Rejection::OldFence => ReplayOutcome::Superseded,
        Rejection::Closed => ReplayOutcome::Closed,
        Rejection::NotFound => ReplayOutcome::NotFound,
        Rejection::AlreadyReplayed { .. } => ReplayOutcome::Replayed,
        Rejection::Stale
        | Rejection::AlreadyPosted { .. }
        | Rejection::NotYours
        | Rejection::Conflict { .. }
        | Rejection::NotAReceiver
        | Rejection::AlreadyAnnounced { .. }
        | Rejection::UnknownAttachment
        | Rejection::TooManyAttachments
        | Rejection::NotGranted(_)
        | Rejection::NoPhone
        | Rejection::NoSuchTime
        | Rejection::SomebodyWaits => ReplayOutcome::Over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(json: &str) -> Result<(), String> {
        let wish: ReplayDeliveries = serde_json::from_str(json).unwrap();
        check(&wish).map_err(|problem| {
            problem.body().errors.into_iter().map(|error| error.pointer).collect()
        })
    }

    #[test]
    fn a_wish_names_letters_or_a_status_and_not_both() {
        let id = "dlv_01923456789a7bcd8ef0123456789abc";
        let ids = |n: usize| {
            let ids = vec![format!("\"{id}\""); n].join(",");
            wish(&format!("{{\"client_id\":\"a\",\"ids\":[{ids}]}}"))
        };
        assert_eq!(ids(1), Ok(()));
        assert_eq!(ids(MOST), Ok(()));
        assert_eq!(ids(0), Err("/ids".into()));
        assert_eq!(ids(MOST + 1), Err("/ids".into()));
        for (fields, refused) in [
            ("", Some("/ids")),
            (r#","status":"failed""#, None),
            (r#","status":"uncertain","since":"2026-11-21T12:00:00Z","even_if_sent":true"#, None),
            (r#","status":"failed","ids":["dlv_01923456789a7bcd8ef0123456789abc"]"#, Some("/ids")),
            (r#","since":"2026-11-21T12:00:00Z""#, Some("/ids")),
            (
                r#","status":"failed","since":"2026-11-21T12:00:00Z","until":"2026-11-20T12:00:00Z""#,
                Some("until"),
            ),
            (r#","status":"failed","since":"-009998-01-02T00:00:00Z""#, Some("/since")),
        ] {
            let told = wish(&format!("{{\"client_id\":\"a\"{fields}}}"));
            assert_eq!(told, refused.map_or(Ok(()), |name| Err(name.to_owned())), "{fields}");
        }
        assert_eq!(wish(r#"{"client_id":"","status":"failed"}"#), Err("/client_id".into()));
    }
}
