//! What people write down for the assistant to say: entries, profile, hours, what was used and what was missing.

use std::collections::BTreeMap;

use forecourt_core::{
    hours::{Exception, OpeningHours, Span},
    id::{MemberId, QuestionId, SessionId, TurnId, WebsiteId},
    settings::Brand,
};
use forecourt_ports::store::{
    knowledge::{ChangeRecord, Entry, GroundRecord, Passage, PassageSource, QuestionRecord, Used},
    websites::WebsiteRecord,
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::public::OpeningSpan;

/// A service, a question or a rule, as it is to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutEntry {
    /// By language: the service's name, the question, or the rule's title; 300 characters at most.
    pub title: BTreeMap<String, String>,
    /// By language: the service's description, the answer, or the rule; 4,000 characters at most.
    #[serde(default)]
    pub text: BTreeMap<String, String>,
    /// Words that customers use for it; 50 at most.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Of a service alone.
    #[serde(default)]
    pub price: Option<EntryPrice>,
    /// How long a new service takes, in minutes; later its terms say so.
    #[serde(default)]
    pub minutes: Option<u16>,
    /// Whether the assistant may say it.
    #[serde(default = "yes")]
    pub active: bool,
    /// The version that was changed; left out to make a new one.
    #[serde(default)]
    pub version: Option<i64>,
    /// The open question that this answers.
    #[serde(default)]
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub question_id: Option<QuestionId>,
}

const fn yes() -> bool {
    true
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryPrice {
    /// In minor units: 99900 is 999 kroner.
    pub minor: i64,
    /// ISO 4217.
    #[schema(example = "NOK")]
    pub currency: String,
}

/// A service, a question or a rule, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct KnowledgeEntry {
    #[schema(example = "faq_01923456789a7bcd8ef0123456789abc")]
    pub id: String,
    /// Rises with every change; who changes it names the version that was changed.
    pub version: i64,
    pub title: BTreeMap<String, String>,
    pub text: BTreeMap<String, String>,
    pub keywords: Vec<String>,
    pub price: Option<EntryPrice>,
    pub minutes: Option<u16>,
    pub active: bool,
    pub deleted: bool,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl From<Entry> for KnowledgeEntry {
    fn from(entry: Entry) -> Self {
        let texts = |texts: forecourt_core::knowledge::Localized| {
            texts.0.into_iter().map(|(lang, text)| (lang.tag().to_owned(), text)).collect()
        };
        Self {
            id: entry.id.to_string(),
            version: entry.version,
            title: texts(entry.body.title),
            text: texts(entry.body.text),
            keywords: entry.body.keywords,
            price: entry.body.price.map(|price| EntryPrice {
                minor: price.minor,
                currency: price.currency.code().to_owned(),
            }),
            minutes: entry.body.minutes,
            active: entry.body.active,
            deleted: entry.deleted_at.is_some(),
            updated_at: entry.updated_at,
        }
    }
}

/// The entries of a kind, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct KnowledgeEntries {
    pub entries: Vec<KnowledgeEntry>,
}

/// Names the version that is to be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreEntry {
    pub version: i64,
}

/// One change of an entry, of the profile or of the hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct KnowledgeChange {
    pub version: i64,
    /// `made`, `changed`, `deleted` or `restored`.
    pub action: String,
    /// How it stood after.
    #[ts(type = "unknown")]
    pub body: serde_json::Value,
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub member_id: Option<MemberId>,
    pub member_name: Option<String>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<ChangeRecord> for KnowledgeChange {
    fn from(line: ChangeRecord) -> Self {
        let ChangeRecord { version, action, body, member, member_name, at } = line;
        Self { version, action, body, member_id: member, member_name, at }
    }
}

/// Newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct KnowledgeHistory {
    pub changes: Vec<KnowledgeChange>,
}

/// How a business looks and is reached; all of it is public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: String,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub website: Option<String>,
    /// `https` address of a logo.
    #[serde(default)]
    pub logo_url: Option<String>,
    /// `#rrggbb`.
    pub color: String,
    /// What was read; who changes the profile sends it back.
    pub version: String,
}

impl Profile {
    pub fn of(brand: &Brand, version: String) -> Self {
        let Brand { name, phone, email, address, website, logo_url, color } = brand.clone();
        Self { name, phone, email, address, website, logo_url, color, version }
    }
}

/// Opening hours with days that differ, in wall-clock time of the business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Seven days from Monday on; a day without stretches is closed.
    pub week: Vec<Vec<OpeningSpan>>,
    /// Holidays and other days with hours of their own.
    #[serde(default)]
    pub exceptions: Vec<HoursException>,
    /// IANA zone; may be left out when hours are changed.
    #[serde(default)]
    pub zone: Option<String>,
    /// What was read; who changes the hours sends it back.
    pub version: String,
}

/// A day with hours of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursException {
    #[schema(example = "2026-12-24")]
    pub date: String,
    /// None means closed.
    pub spans: Vec<OpeningSpan>,
}

fn spans_of(spans: &[Span]) -> Vec<OpeningSpan> {
    let text = |time: Time| time.strftime("%H:%M").to_string();
    spans
        .iter()
        .map(|span| OpeningSpan { opens: text(span.opens), closes: text(span.closes) })
        .collect()
}

fn spans(spans: &[OpeningSpan], at: &str) -> Result<Vec<Span>, String> {
    let time = |text: &str, at: String| {
        // `9:00` is what somebody types; Postgres and people both know minutes only.
        Time::strptime("%H:%M", text).map_err(|_| at)
    };
    let span = |(index, span): (usize, &OpeningSpan)| {
        Ok(Span {
            opens: time(&span.opens, format!("{at}/{index}/opens"))?,
            closes: time(&span.closes, format!("{at}/{index}/closes"))?,
        })
    };
    spans.iter().enumerate().map(span).collect()
}

impl Hours {
    pub fn of(hours: &OpeningHours, zone: &str, version: String) -> Self {
        let mut week: Vec<_> = hours.week.iter().map(|day| spans_of(day)).collect();
        week.resize(7, Vec::new());
        let exceptions = hours
            .exceptions
            .iter()
            .map(|day| HoursException { date: day.date.to_string(), spans: spans_of(&day.spans) })
            .collect();
        Self { week, exceptions, zone: Some(zone.to_owned()), version }
    }

    /// The hours, or a pointer to what cannot be read.
    pub fn read(&self) -> Result<OpeningHours, String> {
        let day = |(index, day): (usize, &Vec<OpeningSpan>)| spans(day, &format!("/week/{index}"));
        let week = self.week.iter().enumerate().map(day).collect::<Result<_, _>>()?;
        let exception = |(index, day): (usize, &HoursException)| {
            let at = format!("/exceptions/{index}");
            let date = day.date.parse::<Date>().map_err(|_| format!("{at}/date"))?;
            Ok::<_, String>(Exception { date, spans: spans(&day.spans, &format!("{at}/spans"))? })
        };
        let exceptions =
            self.exceptions.iter().enumerate().map(exception).collect::<Result<_, _>>()?;
        Ok(OpeningHours { week, exceptions })
    }
}

/// A question that the assistant had no answer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct UnansweredQuestion {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "ask_01923456789a7bcd8ef0123456789abc")]
    pub id: QuestionId,
    pub lang: String,
    /// Without what tells who asked.
    pub text: String,
    /// How often it was asked.
    pub times: u32,
    /// The conversation in which it was asked last.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
}

impl From<QuestionRecord> for UnansweredQuestion {
    fn from(record: QuestionRecord) -> Self {
        let QuestionRecord { id, lang, text, times, session, first_at, last_at } = record;
        let lang = lang.tag().to_owned();
        Self { id, lang, text, times, session_id: session, first_at, last_at }
    }
}

/// Open questions, the most asked first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct UnansweredQuestions {
    pub questions: Vec<UnansweredQuestion>,
}

/// Something that fits a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct FoundPassage {
    pub id: String,
    /// `faq`, `policy`, `service` or `page`.
    pub source: String,
    pub text: String,
    /// Only good for comparing passages of one search.
    pub score: f32,
    /// Of a page.
    pub url: Option<String>,
    /// `words` of the question stand in it; `meaning` when it only means something near; `both`.
    pub found_by: String,
}

impl From<Passage> for FoundPassage {
    fn from(passage: Passage) -> Self {
        let source = passage.source.as_str().to_owned();
        let url = match passage.source {
            PassageSource::Page { url, .. } => Some(url),
            _ => None,
        };
        let id = passage.id.to_string();
        let found_by = passage.found_by.as_str().to_owned();
        Self { id, source, text: passage.text, score: passage.score, url, found_by }
    }
}

/// What fits a question, the best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct FoundPassages {
    pub passages: Vec<FoundPassage>,
}

/// Something that an answer stood on, as it read then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Ground {
    /// The try of the assistant whose answer it was.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub turn_id: TurnId,
    /// Of the passage, vehicle or service.
    pub id: String,
    /// `faq`, `policy`, `service`, `page`, `vehicle`, or `gone`.
    pub source: String,
    pub title: String,
    pub excerpt: String,
    pub url: Option<String>,
    /// Of a passage that was searched for: `words`, `meaning` or `both`.
    pub found_by: Option<String>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<GroundRecord> for Ground {
    fn from(record: GroundRecord) -> Self {
        let id = match record.used {
            Used::Passage(id) => id.to_string(),
            Used::Vehicle(id) => id.to_string(),
            Used::Service(id) => id.to_string(),
        };
        let GroundRecord { turn, source, title, excerpt, url, found_by, at, .. } = record;
        let found_by = found_by.map(|by| by.as_str().to_owned());
        Self { turn_id: turn, id, source, title, excerpt, url, found_by, at }
    }
}

/// What the answers of a conversation stood on, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Grounds {
    pub grounds: Vec<Ground>,
}

/// A website that is to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddWebsite {
    /// `https`, of the open internet.
    #[schema(example = "https://www.nordlys-bil.example/")]
    pub url: String,
}

/// A website, and how far it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct WebsiteView {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "web_01923456789a7bcd8ef0123456789abc")]
    pub id: WebsiteId,
    pub url: String,
    /// `waiting`, `reading`, `read` or `failed`.
    pub status: String,
    /// Addresses that were found.
    pub pages_seen: u32,
    pub pages_read: u32,
    pub passages: u32,
    /// Why the last reading ended early (`pages`, `time`, `passages`) or failed (`robots`, `dns`,
    /// `refused_address`, `unreachable`, `timeout`, `status`, `no_text`, `internal`).
    pub code: Option<String>,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it is read next.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
}

impl From<WebsiteRecord> for WebsiteView {
    fn from(site: WebsiteRecord) -> Self {
        let WebsiteRecord {
            id,
            url,
            status,
            pages_seen,
            pages_read,
            passages,
            code,
            next_at,
            updated_at,
        } = site;
        let status = status.as_str().to_owned();
        Self { id, url, status, pages_seen, pages_read, passages, code, updated_at, next_at }
    }
}

/// Oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Websites {
    pub websites: Vec<WebsiteView>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(opens: &str, closes: &str) -> OpeningSpan {
        OpeningSpan { opens: opens.into(), closes: closes.into() }
    }

    #[test]
    fn hours_are_read_as_they_were_written_with_split_days_and_holidays() {
        let hours = Hours {
            week: vec![vec![span("09:00", "12:00"), span("13:00", "17:30")], vec![]],
            exceptions: vec![
                HoursException { date: "2026-12-24".into(), spans: vec![span("10:00", "12:00")] },
                HoursException { date: "2026-12-25".into(), spans: vec![] },
            ],
            zone: None,
            version: "v".into(),
        };
        let read = hours.read().unwrap();
        let again = Hours::of(&read, "Europe/Oslo", "v".into());
        assert_eq!(again.week[..2], hours.week[..]);
        assert_eq!((again.week.len(), &again.exceptions), (7, &hours.exceptions));
    }

    #[test]
    fn hours_that_cannot_be_read_are_pointed_at() {
        let mut hours = Hours {
            week: vec![vec![], vec![span("09:00", "25:00")]],
            exceptions: vec![],
            zone: None,
            version: String::new(),
        };
        assert_eq!(hours.read().unwrap_err(), "/week/1/0/closes");
        hours.week = vec![];
        hours.exceptions = vec![HoursException { date: "24.12.".into(), spans: vec![] }];
        assert_eq!(hours.read().unwrap_err(), "/exceptions/0/date");
    }
}
