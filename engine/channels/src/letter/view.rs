//! What the templates see: our words, the tenant's brand, the text cut into paragraphs and links.
//!
//! # Invariants
//! - markup is made by templates alone: every string here is escaped where it is written.

use forecourt_core::{
    event::AlertReason,
    handoff::HandoffNote,
    lang::Lang,
    settings::{Brand, TenantSettings},
    text,
    webhook::PauseReason,
};
use serde::Serialize;

use super::{
    LetterError,
    address::{clean, own_name, presentable},
    alarm,
    color::{DARK_GROUND, Palette},
    endpoint,
    flow::{Run, begins_with_one_of, flow, https, mailto, paragraphs_of, runs, tel, web},
    unsubscribe::Unsubscribe,
    words,
};

/// Longest text of one letter, in bytes; what comes out is about six times that at most.
const MAX_TEXT_BYTES: usize = 64 * 1024;
const SUBJECT_CHARS: usize = 150;
const LINE_CHARS: usize = 200;
const EXCERPT_CHARS: usize = 400;
/// Texts of one kind that an alert shows.
const NOTED: usize = 4;

/// Shared by all letters.
#[derive(Serialize)]
pub(super) struct Frame {
    lang: &'static str,
    dir: &'static str,
    start: &'static str,
    pub(super) subject: String,
    brand: BrandView,
    palette: PaletteView,
    dark_ground: &'static str,
    colon: &'static str,
}

#[derive(Serialize)]
struct BrandView {
    name: String,
    logo: Option<String>,
}

#[derive(Serialize)]
struct PaletteView {
    bar: String,
    on_bar: String,
    link: String,
    link_dark: String,
}

/// A letter to a customer.
#[derive(Serialize)]
pub(super) struct AnswerView {
    #[serde(flatten)]
    pub(super) frame: Frame,
    greeting: Option<String>,
    /// For the plain text part.
    body: String,
    /// For the HTML part: paragraphs of lines of runs.
    paragraphs: Vec<Vec<Vec<Run>>>,
    closing: Option<&'static str>,
    member: Option<String>,
    contact: Vec<ContactLine>,
    note: String,
    unsubscribe: Option<UnsubscribeView>,
}

#[derive(Serialize)]
struct ContactLine {
    label: &'static str,
    value: String,
    /// `value` for the plain text of a language that runs from right to left.
    isolated: String,
    href: Option<String>,
    ltr: bool,
}

#[derive(Serialize)]
struct UnsubscribeView {
    label: String,
    href: String,
}

/// A letter to staff.
#[derive(Serialize)]
pub(super) struct AlertView {
    #[serde(flatten)]
    pub(super) frame: Frame,
    reason: &'static str,
    facts: Vec<Fact>,
    wrote: &'static str,
    /// What the customer wrote, oldest first.
    asked: Vec<String>,
    told_label: &'static str,
    told: Vec<String>,
    held_label: &'static str,
    held: Vec<String>,
    open: &'static str,
    link: Option<String>,
    #[serde(skip)]
    pub(super) urgent: bool,
}

#[derive(Serialize)]
struct Fact {
    label: &'static str,
    value: String,
}

/// What an alert is made of.
pub(super) struct Alarm<'a> {
    pub(super) customer: &'a str,
    pub(super) vehicle: Option<&'a str>,
    pub(super) excerpt: &'a str,
    pub(super) reason: AlertReason,
    pub(super) link: &'a str,
    pub(super) note: &'a HandoffNote,
}

/// Who wrote an answer.
pub(super) enum By<'a> {
    Assistant,
    Member(Option<&'a str>),
}

impl Frame {
    fn of(lang: Lang, brand: &Brand, subject: String) -> Self {
        let palette = Palette::of(&brand.color);
        Self {
            lang: lang.tag(),
            dir: if lang.is_rtl() { "rtl" } else { "ltr" },
            start: if lang.is_rtl() { "right" } else { "left" },
            subject,
            brand: BrandView {
                name: own_name(&brand.name),
                logo: brand.logo_url.as_deref().and_then(https),
            },
            palette: PaletteView {
                bar: palette.bar,
                on_bar: palette.on_bar,
                link: palette.link,
                link_dark: palette.link_dark,
            },
            dark_ground: DARK_GROUND,
            colon: words::labels(lang).colon,
        }
    }
}

impl AnswerView {
    pub(super) fn of(
        lang: Lang,
        settings: &TenantSettings,
        to_name: Option<&str>,
        (subject, text, by): (Option<&str>, &str, &By<'_>),
        unsubscribe: Option<&Unsubscribe>,
    ) -> Result<Self, LetterError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(LetterError::TooLong);
        }
        let body = flow(text);
        if body.is_empty() {
            return Err(LetterError::Empty);
        }
        let brand = own_name(&settings.brand.name);
        let blocks: Vec<&str> = paragraphs_of(&body);
        let first = blocks.first().copied().unwrap_or_default();
        let last = blocks.last().copied().unwrap_or_default();
        let name = to_name.and_then(presentable);
        Ok(Self {
            greeting: (!begins_with_one_of(first, words::greetings(lang)))
                .then(|| words::greeting(lang, name.as_deref())),
            paragraphs: blocks.iter().map(|block| block.lines().map(runs).collect()).collect(),
            closing: (!begins_with_one_of(last, words::closings(lang)))
                .then_some(words::closing(lang)),
            member: match by {
                By::Member(name) => name.map(own_name).filter(|name| !name.is_empty()),
                By::Assistant => None,
            },
            contact: contact_lines(lang, &settings.brand),
            note: match by {
                By::Assistant => words::automatic(lang, &brand),
                By::Member(_) => words::personal(lang, &brand),
            },
            unsubscribe: unsubscribe.map(|unsubscribe| UnsubscribeView {
                label: words::unsubscribe(lang, &brand),
                href: unsubscribe.href().to_owned(),
            }),
            frame: Frame::of(lang, &settings.brand, answer_subject(lang, subject, &brand)),
            body,
        })
    }
}

impl AlertView {
    pub(super) fn of(lang: Lang, settings: &TenantSettings, alarm: &Alarm<'_>) -> Self {
        let Alarm { customer, vehicle, excerpt, reason, link, note } = *alarm;
        let labels = words::labels(lang);
        let urgency = alarm::urgency(reason);
        let customer = presentable(customer);
        let vehicle =
            vehicle.map(|vehicle| clean(vehicle, LINE_CHARS)).filter(|text| !text.is_empty());
        let subject = alarm::alert_subject(lang, urgency, customer.as_deref(), vehicle.as_deref());
        let mut facts =
            vec![Fact { label: labels.urgency, value: alarm::urgency_words(lang, urgency).into() }];
        facts.extend(customer.map(|value| Fact { label: labels.customer, value }));
        facts.extend(vehicle.map(|value| Fact { label: labels.vehicle, value }));
        let missing: Vec<&str> =
            note.missing.iter().map(|what| alarm::missing(lang, *what)).collect();
        if !missing.is_empty() {
            let value = missing.join(alarm::comma(lang));
            facts.push(Fact { label: alarm::missing_label(lang), value });
        }
        let brief = |text: &String| text::excerpt(&flow(text), EXCERPT_CHARS);
        let shown = |texts: &[String]| -> Vec<String> {
            texts.iter().map(brief).filter(|text| !text.is_empty()).take(NOTED).collect()
        };
        let last = brief(&excerpt.to_owned());
        let mut asked = shown(&note.asked);
        // What was said before there were notes is known by its last text alone.
        if asked.is_empty() && !last.is_empty() {
            asked.push(last);
        }
        Self {
            reason: alarm::reason(lang, reason),
            facts,
            wrote: labels.wrote,
            asked,
            told_label: alarm::told_label(lang),
            told: shown(&note.promised),
            held_label: alarm::held_label(lang),
            held: shown(&note.held),
            open: labels.open,
            link: web(link),
            urgent: urgency == alarm::Urgency::Now,
            frame: Frame::of(lang, &settings.brand, bounded_subject(&subject)),
        }
    }
}

impl AlertView {
    /// An endpoint that was paused: its host, and not what else its address holds (A14).
    pub(super) fn of_endpoint(
        lang: Lang,
        settings: &TenantSettings,
        (url, why, link): (&str, PauseReason, &str),
    ) -> Self {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = clean(&host.unwrap_or_default(), LINE_CHARS);
        let words = endpoint::words(lang);
        Self {
            reason: endpoint::reason(lang, why),
            facts: vec![Fact { label: words.endpoint, value: host.clone() }],
            wrote: "",
            asked: Vec::new(),
            told_label: "",
            told: Vec::new(),
            held_label: "",
            held: Vec::new(),
            open: words.open,
            link: web(link),
            urgent: false,
            frame: Frame::of(
                lang,
                &settings.brand,
                bounded_subject(&format!("{} – {host}", words.subject)),
            ),
        }
    }
}

fn answer_subject(lang: Lang, subject: Option<&str>, brand: &str) -> String {
    let own = subject.map(|subject| clean(subject, SUBJECT_CHARS)).filter(|own| !own.is_empty());
    let Some(own) = own else {
        return bounded_subject(&words::subject(lang, brand));
    };
    let lower = own.to_lowercase();
    let is_reply = ["re:", "sv:", "aw:", "rép:", "رد:"].iter().any(|mark| lower.starts_with(mark));
    bounded_subject(&if is_reply { own } else { format!("Re: {own}") })
}

/// One line, without what a mail program would decode as an encoded word.
fn bounded_subject(subject: &str) -> String {
    clean(subject, SUBJECT_CHARS + 50).replace("=?", "= ?")
}

fn contact_lines(lang: Lang, brand: &Brand) -> Vec<ContactLine> {
    let labels = words::labels(lang);
    let line = |label, value: &Option<String>, href: fn(&str) -> Option<String>, ltr| {
        let value = clean(value.as_deref()?, LINE_CHARS);
        let isolated =
            if ltr && lang.is_rtl() { format!("\u{2066}{value}\u{2069}") } else { value.clone() };
        let href = href(&value);
        (!value.is_empty()).then_some(ContactLine { label, value, isolated, href, ltr })
    };
    [
        line(labels.phone, &brand.phone, tel, true),
        line(labels.email, &brand.email, mailto, true),
        line(labels.address, &brand.address, |_| None, false),
        line(labels.website, &brand.website, https, true),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_answers_once_and_fits_a_line() {
        let subject = |own| answer_subject(Lang::Nb, own, "Nordlys Bil");
        assert_eq!(subject(None), "Svar på henvendelsen din hos Nordlys Bil");
        assert_eq!(subject(Some("  ")), "Svar på henvendelsen din hos Nordlys Bil");
        assert_eq!(subject(Some("Tesla Model 3")), "Re: Tesla Model 3");
        assert_eq!(subject(Some("RE: Tesla")), "RE: Tesla");
        assert_eq!(subject(Some("a\r\nBcc: b")), "Re: a Bcc: b");
        assert_eq!(subject(Some("=?utf-8?b?AA==?=")), "Re: = ?utf-8?b?AA== ?=");
        assert!(subject(Some(&"å".repeat(9999))).chars().count() < 210);
    }
}
