//! `GET /v1/timers` and `POST /v1/timers/{session}/{kind}/cancel`.

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::{effect::TimerKind, id::SessionId};
use forecourt_ports::store::{Role, TimerFilter, TimerPlace};
use forecourt_wire::{TimerEntry, TimerList};
use jiff::Timestamp;

use super::limit;
use crate::{
    auth::Staff,
    extract::Query,
    gateway::Gateway,
    leads,
    problem::{Answer, Code, Problem},
    sessions,
};

/// `GET /v1/timers` — what will happen and when, or how each timer ended last.
pub(crate) async fn list(gateway: web::Data<Gateway>, mut query: Query, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let ended = query.read("state", |text| match text {
        "pending" => Ok(false),
        "ended" => Ok(true),
        _ => Err("must be one of pending, ended".into()),
    });
    let filter = TimerFilter {
        ended: ended.unwrap_or(false),
        session: query.read("session", |text| {
            text.parse::<SessionId>().map_err(|_| "must be the id of a conversation".into())
        }),
        kind: query.read("kind", |text| {
            let all = TimerKind::ALL.map(TimerKind::as_str).join(", ");
            TimerKind::parse(text).ok_or_else(|| format!("must be one of {all}"))
        }),
        after: query.read("cursor", |text| {
            cursor(text).ok_or_else(|| "must be the `next` of an earlier page".into())
        }),
        limit: limit(&mut query),
    };
    query.finish()?;
    let rows = gateway.0.store.list_timers(staff.member.tenant, &filter).await?;
    // A full page may be the last one; the next is then empty.
    let is_full = rows.len() == filter.limit as usize;
    let next = rows.last().filter(|_| is_full).map(|row| written(row.place()));
    let timers = rows.into_iter().map(TimerEntry::from).collect();
    Ok(HttpResponse::Ok().json(TimerList { timers, next }))
}

/// `<microseconds>.<session>.<kind>`.
fn written(place: TimerPlace) -> String {
    format!("{}.{}.{}", place.due_at.as_microsecond(), place.session, place.kind.as_str())
}

fn cursor(text: &str) -> Option<TimerPlace> {
    let mut parts = text.splitn(3, '.');
    let due_at = Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok()?;
    let session = parts.next()?.parse().ok()?;
    let kind = TimerKind::parse(parts.next()?)?;
    leads::is_plain(due_at).then_some(TimerPlace { due_at, session, kind })
}

/// `POST /v1/timers/{session}/{kind}/cancel` — ends a timer that nobody waits for.
pub(crate) async fn cancel(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let session = sessions::named(&request)?;
    let kind = request.match_info().get("kind").and_then(TimerKind::parse);
    let kind = kind.ok_or_else(|| Problem::new(Code::NotFound))?;
    let tenant = sessions::tenant_of(&gateway.0, &staff).await?;
    tenant.cancel_timer(session, kind, staff.member.member).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_written_and_nothing_else_is() {
        let place = TimerPlace {
            due_at: "2026-11-21T12:00:00.123456Z".parse().unwrap(),
            session: "ses_01923456789a7bcd8ef0123456789abc".parse().unwrap(),
            kind: TimerKind::Handoff,
        };
        assert_eq!(cursor(&written(place)), Some(place));
        for text in [
            "",
            ".",
            "1",
            "1.ses_01923456789a7bcd8ef0123456789abc",
            "1.ses_01923456789a7bcd8ef0123456789abc.tea",
            "x.ses_01923456789a7bcd8ef0123456789abc.turn",
            "99999999999999999999.ses_01923456789a7bcd8ef0123456789abc.turn",
            "-377705023201000000.ses_01923456789a7bcd8ef0123456789abc.turn",
        ] {
            assert_eq!(cursor(text), None, "{text}");
        }
    }
}
