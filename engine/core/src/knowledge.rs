//! What a tenant knows and may say: services, questions and answers, vehicles.
//!
//! An answer may name only what stands here (A6): the house responder reads it, a model gets it in
//! its prompt, and the claim gate checks against it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::inventory::{Fuel, Vehicle, VehicleStatus};
use crate::{
    booking::Agenda,
    id::ServiceId,
    lang::Lang,
    money::Money,
    settings::TenantSettings,
    tools::{Receipt, custom::CustomTool},
};

/// A text in several languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Localized(pub BTreeMap<Lang, String>);

impl Localized {
    /// The text in `lang`, else in English, else in any language; empty when there is none.
    pub fn get(&self, lang: Lang) -> &str {
        self.0
            .get(&lang)
            .or_else(|| self.0.get(&Lang::En))
            .or_else(|| self.0.values().next())
            .map_or("", String::as_str)
    }
}

impl<const N: usize> From<[(Lang, &str); N]> for Localized {
    fn from(texts: [(Lang, &str); N]) -> Self {
        Self(texts.into_iter().map(|(lang, text)| (lang, text.to_owned())).collect())
    }
}

/// Something offered by appointment, such as a test drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub id: ServiceId,
    pub name: Localized,
    /// Words that customers use for it, in any language, lower case.
    pub keywords: Vec<String>,
    pub minutes: u16,
    pub price: Option<Money>,
    /// The earliest start, counted from now, in minutes.
    pub notice_minutes: u32,
    /// How many may run at once.
    pub capacity: u16,
}

/// A question that customers ask, and the tenant's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faq {
    pub question: Localized,
    pub answer: Localized,
    /// Words that point to it, in any language, lower case.
    pub keywords: Vec<String>,
}

/// All that a tenant knows, read together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knowledge {
    pub services: Vec<Service>,
    pub faqs: Vec<Faq>,
    pub vehicles: Vec<Vehicle>,
    /// Tools of its own that the assistant is offered, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<CustomTool>,
}

/// The ground an answer stands on: everything it may name, at one instant.
#[derive(Clone, Debug)]
pub struct Grounding {
    pub settings: Arc<TenantSettings>,
    pub knowledge: Arc<Knowledge>,
    /// What is free: the one source of times that may be named.
    pub agenda: Arc<Agenda>,
    pub now: Timestamp,
    /// What tools found or did in this conversation.
    pub receipts: Arc<[Receipt]>,
}
