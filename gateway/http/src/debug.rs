//! `GET /debug/actors`: how the actors stand, for the platform's operator; JSON, or a page for people.
//!
//! **A13** ids, counts, times and codes; a tenant is named by its id and its public address.

use std::{fmt::Write as _, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};
use forecourt_actors::inspect::{
    Filter, Incident, Inspection, MOST, Order, SessionVitals, TenantVitals,
};
use serde_json::{Value, json};

use crate::{
    extract::Query,
    gateway::Gateway,
    html::{self, Escaped},
    platform,
    problem::{Answer, Code, Problem},
};

/// Sessions and tenants that are told when nothing else is asked for.
const TOP: usize = 50;
const ORDERS: [(&str, Order); 3] =
    [("depth", Order::Depth), ("time", Order::Time), ("restarts", Order::Restarts)];

pub(crate) async fn actors(
    request: HttpRequest,
    mut query: Query,
    gateway: web::Data<Gateway>,
) -> Answer {
    if !platform::asks(&request, &[gateway.0.config.platform_token.as_deref()]) {
        return Err(Problem::new(Code::Unauthorised));
    }
    let filter = Filter {
        tenant: query.read("tenant", id("a tenant's")),
        session: query.read("session", id("a session's")),
        order: query.read("order", order).unwrap_or_default(),
        top: query.number("top", 1, MOST as u32).map_or(TOP, |top| top as usize),
    };
    let refresh = query.number("refresh", 1, 3_600);
    query.finish()?;
    let inspection = gateway.0.desk.inspect(filter).await;
    let accept = request.headers().get(header::ACCEPT);
    let page =
        accept.and_then(|value| value.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, HeaderValue::from_static("Accept")));
    if !page {
        return Ok(response.json(document(&inspection)));
    }
    if let Some(seconds) = refresh {
        response.insert_header((header::REFRESH, seconds.to_string()));
    }
    Ok(html::page(response, "en", "Actors", &body(&inspection, &filter, refresh)))
}

fn id<T: std::str::FromStr>(whose: &'static str) -> impl Fn(&str) -> Result<T, String> {
    move |text| text.parse().map_err(|_| format!("must be {whose} id"))
}

fn order(text: &str) -> Result<Order, String> {
    let known = ORDERS.iter().find(|(name, _)| *name == text).map(|(_, order)| *order);
    known.ok_or_else(|| "must be depth, time or restarts".to_owned())
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

// ---- for programs ----

fn document(told: &Inspection) -> Value {
    json!({
        "at": told.at.to_string(),
        "node": told.node.to_string(),
        "stopping": told.stopping,
        "in_flight": told.in_flight,
        "sessions_awake": told.sessions_awake,
        "tenants_loaded": told.tenants_loaded,
        "timers_in_memory": told.timers,
        "arbiter_lag_ms": told.arbiters.iter().map(|lag| lag.map(ms)).collect::<Vec<_>>(),
        "tenants": told.tenants.iter().map(tenant).collect::<Vec<_>>(),
        "sessions": told.sessions.iter().map(session).collect::<Vec<_>>(),
        "incidents": told.incidents.iter().map(incident).collect::<Vec<_>>(),
    })
}

fn tenant(told: &TenantVitals) -> Value {
    json!({
        "tenant_id": told.tenant,
        "slug": told.slug,
        "sessions_awake": told.sessions_awake,
        "captures_waiting": told.captures,
        "journal_waiting": told.journal,
        "deliveries_waiting": told.deliveries.map(|depth| depth.waiting),
        "deliveries_under_way": told.deliveries.map(|depth| depth.under_way),
        "timers_in_memory": told.timers,
    })
}

fn session(told: &SessionVitals) -> Value {
    json!({
        "session_id": told.session,
        "tenant_id": told.tenant,
        "mailbox": told.mailbox,
        "queue": told.queue,
        "version": told.version.0,
        "commands": told.commands,
        "handler_total_ms": ms(told.total),
        "handler_longest_ms": ms(told.longest),
        "under_way_ms": told.under_way.map(ms),
        "idle_ms": ms(told.idle),
        "turn": told.turn.map(|turn| json!({
            "turn_id": turn.turn, "model": turn.model, "age_ms": ms(turn.age),
        })),
        "restarts": told.restarts,
        "quarantined": told.quarantined,
        "last_error": told.last_error,
    })
}

fn incident(told: &Incident) -> Value {
    json!({
        "at": told.at.to_string(),
        "tenant_id": told.tenant,
        "session_id": told.session,
        "fate": told.fate.as_str(),
        "command": told.command,
    })
}

// ---- for people ----

fn body(told: &Inspection, filter: &Filter, refresh: Option<u32>) -> String {
    let mut out = form(filter, refresh);
    let lags: Vec<String> = told
        .arbiters
        .iter()
        .map(|lag| lag.map_or_else(|| "<strong>silent</strong>".to_owned(), span))
        .collect();
    html::append(
        &mut out,
        format_args!(
            "<p>{} sessions awake, {} tenants, {} under way, {} timers in memory{}. Threads lag by {}.</p><p class=\"note\">Node <code>{}</code> at {}</p>",
            told.sessions_awake,
            told.tenants_loaded,
            told.in_flight,
            count(told.timers),
            if told.stopping { ", <strong>stopping</strong>" } else { "" },
            lags.join(", "),
            told.node,
            told.at.strftime("%H:%M:%S UTC"),
        ),
    );
    let rows = told.tenants.iter().map(|tenant| {
        let letters = tenant.deliveries.map_or_else(
            || "silent".to_owned(),
            |depth| format!("{} + {}", depth.waiting, depth.under_way),
        );
        format!(
            "<tr><td><a href=\"?tenant={0}\">{1}</a><br><code>{0}</code></td><td>{2}</td><td>{3}</td><td>{4}</td><td>{letters}</td><td>{5}</td></tr>",
            tenant.tenant,
            Escaped(&tenant.slug),
            tenant.sessions_awake,
            tenant.captures,
            tenant.journal,
            count(tenant.timers),
        )
    });
    table(
        &mut out,
        "Tenants",
        "Tenant|Awake|Captures|Journal|Letters: wait + under way|Timers",
        rows,
    );
    table(
        &mut out,
        "Sessions",
        "Session|Mailbox + queue|Version|Commands: longest, mean|Now|Restarts",
        told.sessions.iter().map(session_row),
    );
    let rows = told.incidents.iter().map(|incident| {
        format!(
            "<tr><td>{}</td><td><a href=\"?session={1}\"><code>{1}</code></a></td><td>{2}</td><td>{3}</td></tr>",
            incident.at.strftime("%F %T"),
            incident.session,
            incident.fate.as_str(),
            incident.command.unwrap_or("-"),
        )
    });
    table(&mut out, "Deaths and quarantines", "At|Session|What|Command", rows);
    out
}

fn session_row(told: &SessionVitals) -> String {
    let mut now = told.under_way.map_or_else(
        || format!("idle for {}", span(told.idle)),
        |taken| format!("a command, for {}", span(taken)),
    );
    if let Some(turn) = &told.turn {
        let (model, age) = (Escaped(turn.model), span(turn.age));
        html::append(&mut now, format_args!("<br>a turn of {model}, for {age}"));
    }
    if let Some(error) = told.last_error {
        html::append(&mut now, format_args!("<br><span class=\"note\">last error: {error}</span>"));
    }
    let mean = told.total.checked_div(u32::try_from(told.commands).unwrap_or(u32::MAX));
    format!(
        "<tr><td><a href=\"?session={0}\"><code>{0}</code></a></td><td>{1} + {2}</td><td>{3}</td><td>{4}: {5}, {6}</td><td>{now}</td><td>{7}{8}</td></tr>",
        told.session,
        told.mailbox,
        told.queue,
        told.version.0,
        told.commands,
        span(told.longest),
        span(mean.unwrap_or_default()),
        told.restarts,
        if told.quarantined { ", <strong>quarantined</strong>" } else { "" },
    )
}

fn form(filter: &Filter, refresh: Option<u32>) -> String {
    let text = |name: &str, label: &str, value: Option<String>| {
        let value = value.unwrap_or_default();
        format!("<label>{label} <input name=\"{name}\" value=\"{}\"></label> ", Escaped(&value))
    };
    let mut out = String::from("<form method=\"get\" action=\"/debug/actors\"><p>");
    out += &text("tenant", "Tenant", filter.tenant.map(|id| id.to_string()));
    out += &text("session", "Session", filter.session.map(|id| id.to_string()));
    out += "<label>Order <select name=\"order\">";
    for (name, order) in ORDERS {
        let chosen = if order == filter.order { " selected" } else { "" };
        html::append(&mut out, format_args!("<option{chosen}>{name}</option>"));
    }
    out += "</select></label> ";
    out += &text("top", "Rows", Some(filter.top.to_string()));
    out += &text("refresh", "Look again every (s)", refresh.map(|seconds| seconds.to_string()));
    out + "<button>Look</button></p></form>"
}

fn table(out: &mut String, title: &str, heads: &str, rows: impl Iterator<Item = String>) {
    html::append(out, format_args!("<h2>{title}</h2><table><thead><tr>"));
    for head in heads.split('|') {
        html::append(out, format_args!("<th>{head}</th>"));
    }
    out.push_str("</tr></thead><tbody>");
    let before = out.len();
    out.extend(rows);
    if out.len() == before {
        out.push_str("<tr><td>None.</td></tr>");
    }
    out.push_str("</tbody></table>");
}

fn count(number: Option<usize>) -> String {
    number.map_or_else(|| "silent".to_owned(), |number| number.to_string())
}

/// A duration as a person reads it.
fn span(duration: Duration) -> String {
    let mut out = String::new();
    let seconds = duration.as_secs_f64();
    // Writing to a string cannot fail.
    let _never = match seconds {
        s if s < 0.001 => write!(out, "{:.0} µs", s * 1e6),
        s if s < 1.0 => write!(out, "{:.1} ms", s * 1e3),
        s if s < 120.0 => write!(out, "{s:.1} s"),
        s => write!(out, "{:.0} min", s / 60.0),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_the_unit_that_fits_it() {
        let told = [30e-6, 0.0042, 3.25, 600.0].map(|s| span(Duration::from_secs_f64(s)));
        assert_eq!(told, ["30 µs", "4.2 ms", "3.2 s", "10 min"]);
    }
}
