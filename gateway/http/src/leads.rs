//! `GET /v1/leads` and `GET /v1/leads/{lead}`: the dashboard's list, and one lead with its history.

use actix_web::{HttpResponse, web};
use forecourt_core::{event::Source, id::LeadId, text};
use forecourt_ports::store::{LeadFilter, LeadStatus, Role, Whose};
use forecourt_wire::{AttachmentView, HandoffNote, Lead, LeadDetail, LeadPage};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    auth::Staff,
    extract::Query,
    gateway::Gateway,
    problem::{Answer, Code, Problem},
    sessions,
};

const PER_PAGE: u32 = 25;
const MOST_PER_PAGE: u32 = 100;
/// No list is read further than this: a search narrows better than paging.
const MOST_PAGES: u32 = 100_000;

/// `GET /v1/leads` — one page, newest first, narrowed by status, source, assignee, time and text.
pub(crate) async fn list(gateway: web::Data<Gateway>, query: Query, staff: Staff) -> Answer {
    staff.require(Role::Seller)?;
    let state = &gateway.0;
    let zone = sessions::tenant_of(state, &staff).await?.snapshot().settings.time_zone();
    let filter = filter(query, &zone)?;
    let page = state.store.list_leads(staff.member.tenant, &filter).await?;
    Ok(HttpResponse::Ok().json(LeadPage {
        leads: page.leads.into_iter().map(Lead::from).collect(),
        total: page.total,
        page: filter.page,
        pages: page.total.div_ceil(u64::from(filter.per_page)).max(1),
        per_page: filter.per_page,
        epoch: page.head.epoch,
        seq: page.head.seq.0,
    }))
}

fn filter(mut query: Query, zone: &TimeZone) -> Result<LeadFilter, Problem> {
    let one_of = |names: &str| format!("must be one of {names}");
    let filter = LeadFilter {
        status: query.read("status", |text| {
            let all = LeadStatus::ALL.map(LeadStatus::as_str).join(", ");
            LeadStatus::parse(text).ok_or_else(|| one_of(&all))
        }),
        source: query.read("source", |text| match text {
            "website" => Ok(Source::Website),
            "widget" => Ok(Source::Widget),
            _ => Err(one_of("website, widget")),
        }),
        whose: query.read("assignee", |text| match text {
            "nobody" => Ok(Whose::Nobody),
            member => member
                .parse()
                .map(Whose::Member)
                .map_err(|_| "must be a member's id, or nobody".to_owned()),
        }),
        callback: query.read("callback", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(one_of("true, false")),
        }),
        from: query.read("from", |text| instant(text, zone)),
        to: query.read("to", |text| instant(text, zone)),
        query: query.read("q", |text| text::line(text, 100).map_err(|error| error.to_string())),
        page: query.number("page", 1, MOST_PAGES).unwrap_or(1),
        per_page: query.number("per_page", 1, MOST_PER_PAGE).unwrap_or(PER_PAGE),
    };
    query.finish()?;
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && to < from
    {
        return Err(Problem::field("to", "order", "must not be before `from`"));
    }
    Ok(filter)
}

/// A moment in RFC 3339, or a day as the tenant's clocks show it: its first moment.
pub(crate) fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let moment = text.parse::<Timestamp>().ok();
    let moment = moment.or_else(|| {
        let day: Date = text.parse().ok().filter(|_| text.len() == 10)?;
        Some(day.to_zoned(zone.clone()).ok()?.timestamp())
    });
    moment.filter(|moment| is_plain(*moment)).ok_or_else(|| {
        "must be a time such as 2026-11-21T12:00:00Z, or a day such as 2026-11-21".into()
    })
}

/// Whether a time is one of the years 1 to 9999: what every clock and store can hold.
pub(crate) fn is_plain(moment: Timestamp) -> bool {
    let plain = "0001-01-01T00:00:00Z".parse().ok()..="9999-12-30T00:00:00Z".parse().ok();
    plain.contains(&Some(moment))
}

/// `GET /v1/leads/{lead}` — the lead with its conversation, its history and its mails.
pub(crate) async fn get(
    gateway: web::Data<Gateway>,
    lead: web::Path<String>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Seller)?;
    let not_there = || Problem::new(Code::NotFound);
    let lead: LeadId = lead.parse().map_err(|_| not_there())?;
    let found = gateway.0.store.find_lead(staff.member.tenant, lead).await?;
    let found = found.ok_or_else(not_there)?;
    let ratings = gateway.0.store.ratings(staff.member.tenant, found.row.session).await?;
    let talk = sessions::load(&gateway.0, staff.member.tenant, found.row.session).await?;
    let note = found.row.needs_human.and_then(|_| HandoffNote::newest(&found.events));
    Ok(HttpResponse::Ok().json(LeadDetail {
        lead: found.row.into(),
        messages: found.messages.into_iter().map(Into::into).collect(),
        events: found.events.iter().map(Into::into).collect(),
        deliveries: found.deliveries.into_iter().map(Into::into).collect(),
        ratings: ratings.into_iter().map(Into::into).collect(),
        attachments: AttachmentView::posted(&talk.state.attachments),
        handoff_note: note,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_tenant_is_and_absurd_times_are_refused() {
        let oslo = TimeZone::get("Europe/Oslo").unwrap();
        let at = |text| instant(text, &oslo).ok().map(|at| at.to_string());
        assert_eq!(at("2026-11-21").as_deref(), Some("2026-11-20T23:00:00Z"));
        assert_eq!(at("2026-11-21T12:00:00+01:00").as_deref(), Some("2026-11-21T11:00:00Z"));
        for text in [
            "",
            "now",
            "2026-13-01",
            "20261121",
            "-009999-01-01",
            "9999-12-31T23:00:00Z",
            "0",
            "1e9",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
