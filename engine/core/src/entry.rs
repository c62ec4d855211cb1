//! What people write down for the assistant to say: services, questions with answers, rules.
//!
//! Lives here: an entry as it is edited, what makes it fit to be kept, and what is searched of it.
//! How the assistant reads them stands in [`crate::knowledge`].
//!
//! # Invariants
//! - **A9** an entry is bounded in every part, whoever wrote it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    id::{FaqId, PolicyId, ServiceId},
    knowledge::Localized,
    lang::Lang,
    money::Money,
    search,
    text::{self, TextError},
};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    Service,
    Faq,
    Policy,
}

impl EntryKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Faq => "faq",
            Self::Policy => "policy",
        }
    }

    /// How many of a kind a tenant may have: what the assistant reads at once.
    pub const fn most(self) -> usize {
        match self {
            Self::Service => 200,
            Self::Faq => 500,
            Self::Policy => 100,
        }
    }
}

/// Which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryId {
    Service(ServiceId),
    Faq(FaqId),
    Policy(PolicyId),
}

impl EntryId {
    pub const fn of(kind: EntryKind, id: Uuid) -> Self {
        match kind {
            EntryKind::Service => Self::Service(ServiceId::from_uuid(id)),
            EntryKind::Faq => Self::Faq(FaqId::from_uuid(id)),
            EntryKind::Policy => Self::Policy(PolicyId::from_uuid(id)),
        }
    }

    /// Reads the printed id of an entry of this kind.
    pub fn parse(kind: EntryKind, text: &str) -> Option<Self> {
        Some(match kind {
            EntryKind::Service => Self::Service(text.parse().ok()?),
            EntryKind::Faq => Self::Faq(text.parse().ok()?),
            EntryKind::Policy => Self::Policy(text.parse().ok()?),
        })
    }

    pub const fn kind(self) -> EntryKind {
        match self {
            Self::Service(_) => EntryKind::Service,
            Self::Faq(_) => EntryKind::Faq,
            Self::Policy(_) => EntryKind::Policy,
        }
    }

    pub const fn into_uuid(self) -> Uuid {
        match self {
            Self::Service(id) => id.into_uuid(),
            Self::Faq(id) => id.into_uuid(),
            Self::Policy(id) => id.into_uuid(),
        }
    }
}

impl std::fmt::Display for EntryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service(id) => id.fmt(f),
            Self::Faq(id) => id.fmt(f),
            Self::Policy(id) => id.fmt(f),
        }
    }
}

/// What an entry says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryBody {
    /// The service's name, the question, or the rule's title; in one language at least.
    pub title: Localized,
    /// The service's description, the answer, or the rule. A service may have none.
    pub text: Localized,
    /// Words that customers use for it, in any language, lower case.
    pub keywords: Vec<String>,
    /// Of a service alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// How long a new service takes; later its terms say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u16>,
    /// Whether the assistant may say it.
    pub active: bool,
}

/// Why an entry cannot be kept; `field` points into [`EntryBody`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct EntryError {
    pub field: String,
    pub why: String,
}

impl EntryBody {
    pub const MAX_TITLE: usize = 300;
    pub const MAX_TEXT: usize = 4_000;
    pub const MAX_KEYWORDS: usize = 50;
    pub const MAX_KEYWORD: usize = 80;
    /// The highest price, in minor units.
    pub const MAX_PRICE: i64 = 100_000_000_000;

    /// The entry with its texts made safe to keep, or the first thing that is wrong with it.
    pub fn cleaned(mut self, kind: EntryKind) -> Result<Self, EntryError> {
        let fault = |field: String, why: &str| EntryError { field, why: why.to_owned() };
        let line = |text: &str| text::line(text, Self::MAX_TITLE);
        self.title = localized("title", &self.title, line)?;
        self.text = localized("text", &self.text, |text| text::paragraphs(text, Self::MAX_TEXT))?;
        if self.title.0.is_empty() {
            return Err(fault("title".into(), "must be given in one language at least"));
        }
        if kind != EntryKind::Service {
            if let Some(lang) = self.title.0.keys().find(|lang| !self.text.0.contains_key(lang)) {
                let why = "must be given in every language that has a title";
                return Err(fault(format!("text/{}", lang.tag()), why));
            }
            self.price = None;
            self.minutes = None;
        }
        if let Some(lang) = self.text.0.keys().find(|lang| !self.title.0.contains_key(lang)) {
            let why = "must be given in every language that has a text";
            return Err(fault(format!("title/{}", lang.tag()), why));
        }
        if self.keywords.len() > Self::MAX_KEYWORDS {
            return Err(fault("keywords".into(), "must be 50 at most"));
        }
        let mut keywords = Vec::with_capacity(self.keywords.len());
        for (index, keyword) in self.keywords.iter().enumerate() {
            let keyword = text::line(keyword, Self::MAX_KEYWORD)
                .map_err(|error| fault(format!("keywords/{index}"), &error.to_string()))?
                .to_lowercase();
            if !keywords.contains(&keyword) {
                keywords.push(keyword);
            }
        }
        self.keywords = keywords;
        if self.price.is_some_and(|price| !(0..=Self::MAX_PRICE).contains(&price.minor)) {
            return Err(fault("price".into(), "must not be below zero, nor beyond belief"));
        }
        if self.minutes.is_some_and(|minutes| !(1..=1_440).contains(&minutes)) {
            return Err(fault("minutes".into(), "must be from 1 to 1440"));
        }
        Ok(self)
    }

    /// What is searched and shown of it in each language: title, text.
    pub fn passages(&self) -> impl Iterator<Item = (Lang, &str, &str)> {
        self.title.0.iter().map(|(lang, title)| {
            let text = self.text.0.get(lang).map_or("", String::as_str);
            (*lang, title.as_str(), if text.is_empty() { title } else { text })
        })
    }

    /// The id of its passage in a language: of the same entry always the same.
    pub fn passage_id(id: EntryId, lang: Lang) -> crate::id::PassageId {
        search::passage_id(&[id.kind().as_str(), &id.into_uuid().to_string(), lang.tag()])
    }
}

fn localized(
    field: &str,
    texts: &Localized,
    clean: impl Fn(&str) -> Result<String, TextError>,
) -> Result<Localized, EntryError> {
    let mut cleaned = Localized::default();
    for (lang, text) in &texts.0 {
        match clean(text) {
            Ok(text) => {
                cleaned.0.insert(*lang, text);
            }
            Err(TextError::Empty) => {} // a field that was left empty
            Err(error) => {
                let field = format!("{field}/{}", lang.tag());
                return Err(EntryError { field, why: error.to_string() });
            }
        }
    }
    Ok(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faq(title: &str, text: &str) -> EntryBody {
        EntryBody {
            title: [(Lang::Nb, title)].into(),
            text: [(Lang::Nb, text)].into(),
            active: true,
            ..EntryBody::default()
        }
    }

    #[test]
    fn what_is_kept_is_tidy_and_each_keyword_stands_once() {
        let mut body = faq("  Har dere  dekkhotell? ", "Ja.\r\nTa kontakt.");
        body.keywords = vec!["Dekk".into(), "dekk ".into(), "LAGRING".into()];
        body.text.0.insert(Lang::Fr, "  ".into());
        let kept = body.cleaned(EntryKind::Faq).unwrap();
        assert_eq!(kept.title.get(Lang::Nb), "Har dere dekkhotell?");
        assert_eq!(kept.text.get(Lang::Nb), "Ja.\nTa kontakt.");
        assert_eq!(kept.keywords, ["dekk", "lagring"]);
        assert_eq!(kept.text.0.len(), 1, "an empty field is none");
    }

    #[test]
    fn what_cannot_be_kept_says_where_and_why() {
        let refused = |body: EntryBody, kind| body.cleaned(kind).unwrap_err().field;
        assert_eq!(refused(faq("", "Ja."), EntryKind::Faq), "title");
        assert_eq!(refused(faq("Hva?", ""), EntryKind::Policy), "text/nb");
        assert_eq!(refused(faq(&"a".repeat(301), "Ja."), EntryKind::Faq), "title/nb");
        assert_eq!(refused(faq("Hva?", "a\0b"), EntryKind::Faq), "text/nb");
        let mut body = faq("Hva?", "Ja.");
        body.text.0.insert(Lang::En, "Yes.".into());
        assert_eq!(refused(body.clone(), EntryKind::Faq), "title/en");
        body.text.0.remove(&Lang::En);
        body.keywords = vec!["a".into(), "\u{7}".into()];
        assert_eq!(refused(body.clone(), EntryKind::Faq), "keywords/1");
        body.keywords = vec![String::from("a"); 51];
        assert_eq!(refused(body, EntryKind::Faq), "keywords");
        let mut service = EntryBody { text: Localized::default(), ..faq("Vask", "") };
        assert!(service.clone().cleaned(EntryKind::Service).is_ok(), "a service needs no text");
        service.price = Some(Money { minor: -1, currency: crate::money::Currency::Nok });
        assert_eq!(refused(service.clone(), EntryKind::Service), "price");
        service.price = None;
        service.minutes = Some(0);
        assert_eq!(refused(service, EntryKind::Service), "minutes");
    }
}
