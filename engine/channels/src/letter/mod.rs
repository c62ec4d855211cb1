//! A letter: one mail as bytes, branded, in the customer's language, ready for any mail server.
//!
//! Lives here: headers, MIME parts and encodings. The words are in `words`, the markup in
//! `templates/`, what the templates see in `view`.
//!
//! # Invariants
//! - **A3** the same message at the same time gives the same bytes: even the boundary is its id;
//! - nothing from outside can add a header or markup: names and subjects are one line before they
//!   get here, headers are encoded by `lettre`, the HTML escapes every value;
//! - the bytes are 7-bit, unless an address itself is not ASCII (then [`Composed::needs_utf8`]).

mod address;
mod alarm;
mod color;
mod endpoint;
mod flow;
mod template;
mod unsubscribe;
mod view;
mod words;

use forecourt_core::{id::DeliveryId, settings::TenantSettings};
use forecourt_ports::sender::{CalendarEntry, Letter, Outgoing};
use jiff::Timestamp;
use lettre::{
    Address, Message,
    message::{
        Attachment, Body, MessageBuilder, MultiPart, MultiPartKind, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use serde::Serialize;

use self::{
    unsubscribe::Unsubscribe,
    view::{AlertView, AnswerView, By},
};

/// How many earlier letters of a conversation are named for threading.
const THREAD: usize = 20;

/// A letter, written.
#[derive(Clone)]
pub struct Composed {
    /// The envelope's sender; bounces come back to it.
    pub from: Address,
    /// The envelope's recipient.
    pub to: Address,
    /// Headers and body, line ends as CRLF, dots not stuffed.
    pub bytes: Vec<u8>,
    /// Whether only a server that offers SMTPUTF8 can take it.
    pub needs_utf8: bool,
}

impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Composed(..)") // personal data stays out of logs (A13)
    }
}

/// Why a letter cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    #[error("the recipient's address cannot be written in a mail")]
    Recipient,
    #[error("the tenant's sender address cannot be written in a mail")]
    Sender,
    #[error("the text is empty")]
    Empty,
    #[error("the text is longer than a mail may be")]
    TooLong,
    #[error("a template of ours failed")]
    Template(#[from] minijinja::Error),
    #[error("the calendar entry could not be written in a mail")]
    Calendar,
    #[error("the mail could not be put together")]
    Build(#[from] lettre::error::Error),
}

/// Writes the mail that `outgoing` asks for, dated `now`.
pub fn compose(outgoing: &Outgoing, now: Timestamp) -> Result<Composed, LetterError> {
    let settings = &*outgoing.settings;
    let from = address::address(&settings.mail.from_address).ok_or(LetterError::Sender)?;
    let to = address::address(&outgoing.to.address).ok_or(LetterError::Recipient)?;
    let reply_to = settings.mail.reply_to.as_deref().and_then(address::address);
    let way_out = outgoing
        .unsubscribe_url
        .as_deref()
        .filter(|_| {
            !matches!(outgoing.letter, Letter::Alert { .. } | Letter::EndpointPaused { .. })
        })
        .map(|page| Unsubscribe::of(page, reply_to.as_ref().unwrap_or(&from)));
    let page = Page::write(outgoing, way_out.as_ref())?;

    let to_name = outgoing.to.name.as_deref().and_then(address::presentable);
    let from_name = Some(address::own_name(&settings.mail.from_name));
    let mut builder = Message::builder()
        .from(address::mailbox(from_name.clone(), from.clone()))
        .to(address::mailbox(to_name, to.clone()))
        .subject(page.subject)
        .date(now.max(Timestamp::UNIX_EPOCH).into());
    if let Some(reply_to) = &reply_to {
        builder = builder.reply_to(address::mailbox(from_name, reply_to.clone()));
    }
    let builder = threaded(builder, outgoing, from.domain());
    let builder = marked(builder, outgoing, page.kind, way_out.as_ref());
    let entry = match &outgoing.letter {
        Letter::Booking { calendar, .. } => calendar.as_ref(),
        _ => None,
    };
    let message = builder.multipart(match entry {
        None => alternative(outgoing.delivery, page.text, page.html),
        Some(entry) => invitation(outgoing.delivery, page.text, page.html, entry)?,
    })?;

    let needs_utf8 = [Some(&from), Some(&to), reply_to.as_ref()]
        .into_iter()
        .flatten()
        .any(|address| !AsRef::<str>::as_ref(address).is_ascii());
    Ok(Composed { from, to, bytes: message.formatted(), needs_utf8 })
}

/// What a letter is, as far as its headers are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Automatic,
    Personal,
    /// What follows from what somebody has booked.
    Notice,
    Alert {
        urgent: bool,
    },
}

/// The rendered parts of a letter.
struct Page {
    subject: String,
    text: String,
    html: String,
    kind: Kind,
}

impl Page {
    fn write(outgoing: &Outgoing, way_out: Option<&Unsubscribe>) -> Result<Self, LetterError> {
        let settings = &*outgoing.settings;
        match &outgoing.letter {
            Letter::Answer { subject, text } => Self::answer(
                outgoing,
                settings,
                (subject.as_deref(), text, &By::Assistant),
                way_out,
                Kind::Automatic,
            ),
            Letter::MemberAnswer { subject, text, member } => Self::answer(
                outgoing,
                settings,
                (subject.as_deref(), text, &By::Member(member.as_deref())),
                way_out,
                Kind::Personal,
            ),
            Letter::Booking { subject, text, .. } => Self::answer(
                outgoing,
                settings,
                (Some(subject.as_str()), text, &By::Member(None)),
                way_out,
                Kind::Notice,
            ),
            Letter::Alert { customer, vehicle, excerpt, reason, link, note } => {
                let view = AlertView::of(
                    outgoing.lang,
                    settings,
                    &view::Alarm {
                        customer,
                        vehicle: vehicle.as_deref(),
                        excerpt,
                        reason: *reason,
                        link,
                        note,
                    },
                );
                let kind = Kind::Alert { urgent: view.urgent };
                Self::render("alert", &view, view.frame.subject.clone(), kind)
            }
            Letter::EndpointPaused { url, why, link } => {
                let view = AlertView::of_endpoint(outgoing.lang, settings, (url, *why, link));
                let kind = Kind::Alert { urgent: view.urgent };
                Self::render("alert", &view, view.frame.subject.clone(), kind)
            }
        }
    }

    fn answer(
        outgoing: &Outgoing,
        settings: &TenantSettings,
        said: (Option<&str>, &str, &By<'_>),
        way_out: Option<&Unsubscribe>,
        kind: Kind,
    ) -> Result<Self, LetterError> {
        let name = outgoing.to.name.as_deref();
        let view = AnswerView::of(outgoing.lang, settings, name, said, way_out)?;
        Self::render("answer", &view, view.frame.subject.clone(), kind)
    }

    fn render(
        name: &str,
        view: &impl Serialize,
        subject: String,
        kind: Kind,
    ) -> Result<Self, LetterError> {
        let render = template::renderer(name, view);
        Ok(Self { subject, text: render("txt")?, html: render("html")?, kind })
    }
}

/// Sets what ties a letter to its delivery and to the letters before it.
fn threaded(builder: MessageBuilder, outgoing: &Outgoing, domain: &str) -> MessageBuilder {
    let message_id = |delivery: DeliveryId| format!("<{delivery}@{domain}>");
    let builder = builder.message_id(Some(message_id(outgoing.delivery)));
    let known = &outgoing.thread[outgoing.thread.len().saturating_sub(THREAD)..];
    let Some(last) = known.last() else {
        return builder;
    };
    let references: Vec<String> = known.iter().copied().map(message_id).collect();
    builder.in_reply_to(message_id(*last)).references(references.join(" "))
}

/// Sets what other programs should know: that a program wrote it, how to end it, whose it is.
fn marked(
    builder: MessageBuilder,
    outgoing: &Outgoing,
    kind: Kind,
    way_out: Option<&Unsubscribe>,
) -> MessageBuilder {
    let mut headers = vec![
        ("X-Forecourt-Delivery", outgoing.delivery.to_string()),
        ("Content-Language", outgoing.lang.tag().to_owned()),
    ];
    // RFC 3834; what a person wrote carries neither.
    let automatic = match kind {
        Kind::Automatic => Some("auto-replied"),
        Kind::Alert { .. } | Kind::Notice => Some("auto-generated"),
        Kind::Personal => None,
    };
    if let Some(automatic) = automatic {
        headers.push(("Auto-Submitted", automatic.to_owned()));
        headers.push(("X-Auto-Response-Suppress", "All".to_owned()));
    }
    if kind == (Kind::Alert { urgent: true }) {
        headers.push(("Importance", "high".to_owned()));
    }
    if let Some(way_out) = way_out {
        headers.push(("List-Unsubscribe", way_out.header()));
        if way_out.one_click() {
            let post = "List-Unsubscribe=One-Click".to_owned();
            headers.push(("List-Unsubscribe-Post", post));
        }
    }
    headers.into_iter().fold(builder, |builder, (name, value)| {
        builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value))
    })
}

/// Plain text first: the last part is the one a mail program prefers (RFC 2046, 5.1.4).
fn alternative(delivery: DeliveryId, text: String, html: String) -> MultiPart {
    MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        // `=_` never appears in quoted-printable or base64, so no text can end a part.
        .boundary(format!("=_{delivery}"))
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html))
}

/// The letter with a calendar entry: as the last part of the alternative, by which mail programs offer to
/// enter it, and as a file, for those that do not (RFC 6047, 4).
fn invitation(
    delivery: DeliveryId,
    text: String,
    html: String,
    entry: &CalendarEntry,
) -> Result<MultiPart, LetterError> {
    let method = entry.method.as_str();
    let content_type = format!("text/calendar; charset=utf-8; method={method}");
    let content_type = ContentType::parse(&content_type).map_err(|_| LetterError::Calendar)?;
    // Base64: what quoted-printable does to line ends and long lines, calendars get wrong.
    let part = SinglePart::builder()
        .content_type(content_type)
        .header(ContentTransferEncoding::Base64)
        .body(entry.text.clone());
    let file = Attachment::new("invite.ics".to_owned()).body(
        Body::new_with_encoding(entry.text.clone().into_bytes(), ContentTransferEncoding::Base64)
            .map_err(|_| LetterError::Calendar)?,
        ContentType::parse("application/ics").map_err(|_| LetterError::Calendar)?,
    );
    Ok(MultiPart::builder()
        .kind(MultiPartKind::Mixed)
        .boundary(format!("=_{delivery}_all"))
        .multipart(alternative(delivery, text, html).singlepart(part))
        .singlepart(file))
}

/// Quoted-printable, or base64 where that is shorter, as for Arabic.
fn part(content_type: ContentType, text: String) -> SinglePart {
    let foreign = text.bytes().filter(|byte| !byte.is_ascii()).count();
    let encoding = if foreign * 6 > text.len() {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    SinglePart::builder().content_type(content_type).header(encoding).body(text)
}
