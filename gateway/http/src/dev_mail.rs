//! `/dev/mail`: the mails that a demo caught instead of sending them. Nothing is here in production.
//!
//! A mail's HTML is foreign: it is a document of its own in a sandboxed frame, without scripts and without
//! the network.

use crate::{
    gateway::Gateway,
    html::{self, Escaped},
    problem::{Answer, Code, Problem},
};
use actix_web::{
    HttpResponse,
    http::header::{self, ContentDisposition},
    web,
};
use forecourt_ports::mailbox::{MailId, StoredMail};

/// Mails that a list shows.
const LISTED: usize = 200;

/// `GET /dev/mail` — the newest mails.
pub(crate) async fn list(gateway: web::Data<Gateway>) -> Answer {
    let mailbox = mailbox(&gateway)?;
    let mails = mailbox.list(LISTED);
    let mut body = String::from(
        "<p class=\"note\">Mails are caught here instead of being sent. <a href=\"/dev/mail\">Look again</a></p>",
    );
    if mails.is_empty() {
        body.push_str("<p class=\"lead\">No mail has been sent yet.</p>");
    } else {
        body.push_str(
            "<table><thead><tr><th>Time</th><th>To</th><th>Subject</th></tr></thead><tbody>",
        );
        for mail in mails {
            html::append(
                &mut body,
                format_args!(
                    "<tr><td>{}</td><td>{}</td><td><a href=\"/dev/mail/{}\">{}</a><br><span class=\"note\">{}</span></td></tr>",
                    mail.at.strftime("%H:%M:%S"),
                    Escaped(&mail.to.join(", ")),
                    mail.id,
                    Escaped(if mail.subject.is_empty() { "(no subject)" } else { &mail.subject }),
                    Escaped(&mail.excerpt)
                ),
            );
        }
        body.push_str("</tbody></table>");
    }
    Ok(html::page(HttpResponse::Ok(), "en", "Mail", &body))
}

/// `GET /dev/mail.json` — the same for programs.
pub(crate) async fn json(gateway: web::Data<Gateway>) -> Answer {
    Ok(HttpResponse::Ok().json(mailbox(&gateway)?.list(LISTED)))
}

/// `GET /dev/mail/{id}` — one mail.
pub(crate) async fn show(gateway: web::Data<Gateway>, id: web::Path<String>) -> Answer {
    let mail = find(&gateway, &id)?;
    let id = mail.summary.id;
    let mut body = format!(
        "<p><a href=\"/dev/mail\">All mails</a> · <a href=\"/dev/mail/{id}/raw\">As it was sent</a></p><table><tbody><tr><th>From</th><td>{}</td></tr><tr><th>To</th><td>{}</td></tr><tr><th>Time</th><td>{}</td></tr></tbody></table>",
        Escaped(&mail.summary.from),
        Escaped(&mail.summary.to.join(", ")),
        mail.summary.at,
    );
    if mail.html.is_some() {
        html::append(
            &mut body,
            format_args!(
                "<h2>HTML</h2><iframe title=\"The mail's HTML\" sandbox src=\"/dev/mail/{id}/html\"></iframe>"
            ),
        );
    }
    if let Some(text) = &mail.text {
        html::append(&mut body, format_args!("<h2>Text</h2><pre>{}</pre>", Escaped(text)));
    }
    body.push_str("<h2>Headers</h2><pre>");
    for (name, value) in &mail.headers {
        html::append(&mut body, format_args!("{}: {}\n", Escaped(name), Escaped(value)));
    }
    body.push_str("</pre>");
    let subject = &mail.summary.subject;
    let title = if subject.is_empty() { "(no subject)" } else { subject };
    Ok(html::page(HttpResponse::Ok(), "en", title, &body))
}

/// `GET /dev/mail/{id}/html` — the HTML part, for the frame of its page.
pub(crate) async fn html_part(gateway: web::Data<Gateway>, id: web::Path<String>) -> Answer {
    let html = find(&gateway, &id)?.html.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            // A mail brings its own inline styles; in the sandbox they can reach nothing else.
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
        ))
        .insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .body(html))
}

/// `GET /dev/mail/{id}/raw` — the mail as it went over the wire, as a file.
pub(crate) async fn raw(gateway: web::Data<Gateway>, id: web::Path<String>) -> Answer {
    let mail = find(&gateway, &id)?;
    Ok(HttpResponse::Ok()
        .content_type("message/rfc822")
        .insert_header(ContentDisposition::attachment(format!("mail-{}.eml", mail.summary.id)))
        .body(mail.raw))
}

fn mailbox(gateway: &Gateway) -> Result<&dyn forecourt_ports::mailbox::DevMailbox, Problem> {
    gateway.0.config.dev_mailbox.as_deref().ok_or_else(|| Problem::new(Code::NotFound))
}

fn find(gateway: &Gateway, id: &str) -> Result<StoredMail, Problem> {
    let mailbox = mailbox(gateway)?;
    let id: MailId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    mailbox.find(id).ok_or_else(|| Problem::new(Code::NotFound))
}
