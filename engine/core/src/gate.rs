//! The claim gate: what a model says leaves sentence by sentence, and only if it is grounded (A6).
//!
//! Lives here: cutting the stream into sentences and deciding for each one whether it may leave. A
//! sentence that names a price, a percentage, a time, a booking, a vehicle's availability, a
//! discount, a link or a promise must match the [`Grounding`]; if it does not, it is withheld with
//! a [`Reason`]. Everything else passes. When in doubt, the gate withholds: the turn has a next
//! rung, a wrong claim has none.
//!
//! How a text is read is [`crate::reading`]'s. May be used by: the actors.
//!
//! # Invariants
//! - the sentences that leave are the same however the stream was cut;
//! - memory is bounded (A9): one sentence of [`Gate::MAX_SENTENCE_CHARS`], and what was spoken of
//!   last; time is linear in the text, with a constant that depends on the grounding;
//! - a [`Withheld`] keeps its sentence for staff, and shows it to no log (A13).

mod deals;
mod disguise;
mod facts;
mod figures;
mod money;
mod outside;
mod own;
mod prompt;
mod seen;
mod sentence;
mod split;
mod stock;
mod times;
mod words;

#[cfg(test)]
mod said_tests;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::{
    facts::Facts,
    sentence::{Sentence, Subject},
    split::Splitter,
    times::Thread,
    words::Cue,
};
pub use self::{outside::PROMPT_MARKERS, own::speaks_to_assistant};
use crate::{
    dialogue::WITHHELD_CHARS,
    knowledge::Grounding,
    lang::Lang,
    reading::{Kind, Lexeme, fold, phrases::Found},
};

/// Checks one answer.
pub struct Gate {
    facts: Facts,
    lang: Lang,
    splitter: Splitter,
    thread: Thread,
    /// Whether anything has left yet, and the line breaks owed before what leaves next.
    begun: bool,
    breaks: u8,
    /// A line that left without an end, and the thread before it: what follows may end its claim.
    begun_line: Option<String>,
    thread_before: Thread,
}

/// What may be shown now. The texts of all pushes, put together, are the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    pub text: String,
    pub withheld: Vec<Withheld>,
}

/// A sentence that did not leave.
#[derive(Clone, PartialEq, Eq)]
pub struct Withheld {
    pub reason: Reason,
    /// What it said, for staff: [`WITHHELD_CHARS`] at most; of a [`Reason::TooLong`] one, its beginning.
    pub text: String,
}

impl std::fmt::Debug for Withheld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may speak of a person: the text stays out of logs (A13).
        f.debug_struct("Withheld").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Why a sentence did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A price that is not that of what it stands with.
    Price,
    Percent,
    /// A discount, a campaign, a lower price.
    Discount,
    /// A time that is not free.
    Slot,
    /// Opening hours that are not the tenant's.
    Hours,
    /// A day that does not exist, or a weekday that is not that date's.
    Date,
    /// Something is said to be booked, held, moved or cancelled, and no receipt says so.
    Booking,
    /// A vehicle is said to be what it is not: available, sold, of another year or fuel.
    Stock,
    /// A promise that nobody has confirmed: a call by noon, a delivery, a guarantee.
    Promise,
    /// A number that stands nowhere in the grounding.
    Number,
    /// A property of a vehicle, or something said of others, that stands nowhere in the grounding.
    Fact,
    /// A link to a site that is not the tenant's.
    Link,
    /// A phone number or mail address that is not the tenant's.
    Contact,
    /// Somebody is said to have seen what the customer sent.
    Seen,
    /// Markup, or letters made up to be read as others.
    Markup,
    /// Parts of the prompt, of the engine, or of the protocol.
    Leak,
    /// Too long to be a sentence.
    TooLong,
}

impl Reason {
    /// The name for metrics and journals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Percent => "percent",
            Self::Discount => "discount",
            Self::Slot => "slot",
            Self::Hours => "hours",
            Self::Date => "date",
            Self::Booking => "booking",
            Self::Stock => "stock",
            Self::Promise => "promise",
            Self::Number => "number",
            Self::Fact => "fact",
            Self::Link => "link",
            Self::Contact => "contact",
            Self::Seen => "seen",
            Self::Markup => "markup",
            Self::Leak => "leak",
            Self::TooLong => "too_long",
        }
    }

    /// Whether a sentence is fine after all when the tenant says it word by word in its own answers.
    const fn yields_to_tenant(self) -> bool {
        !matches!(self, Self::Markup | Self::Leak | Self::TooLong | Self::Booking)
    }
}

impl Gate {
    /// A sentence longer than this is withheld.
    pub const MAX_SENTENCE_CHARS: usize = split::MAX_CHARS;

    /// A gate for one answer in `lang` that stands on `grounding`.
    pub fn new(grounding: &Grounding, lang: Lang) -> Self {
        Self {
            facts: Facts::new(grounding),
            lang,
            splitter: Splitter::default(),
            thread: Thread::default(),
            begun: false,
            breaks: 0,
            begun_line: None,
            thread_before: Thread::default(),
        }
    }

    /// Checks a whole text at once.
    pub fn check(grounding: &Grounding, lang: Lang, text: &str) -> Released {
        let mut gate = Self::new(grounding, lang);
        let mut released = gate.push(text);
        let last = gate.finish();
        released.text.push_str(&last.text);
        released.withheld.extend(last.withheld);
        released
    }

    /// Takes the next piece of the stream; gives the sentences that became complete and may leave.
    pub fn push(&mut self, delta: &str) -> Released {
        let (mut released, mut complete) = (Released::default(), Vec::new());
        for c in delta.chars() {
            self.splitter.push(c, &mut complete);
            for sentence in complete.drain(..) {
                self.decide(&sentence, &mut released);
            }
        }
        released
    }

    /// Ends the stream; gives what was not yet complete, if it may leave.
    pub fn finish(&mut self) -> Released {
        let (mut released, mut complete) = (Released::default(), Vec::new());
        self.splitter.complete(&mut complete);
        for sentence in complete {
            self.decide(&sentence, &mut released);
        }
        released
    }

    fn decide(&mut self, sentence: &split::Sentence, released: &mut Released) {
        self.breaks = self.breaks.max(sentence.breaks);
        let verdict = if sentence.too_long {
            Err(Reason::TooLong)
        } else {
            self.judge(&sentence.text, sentence.breaks).map(|()| outside::plain(&sentence.text))
        };
        match verdict {
            Ok(text) if text.is_empty() => {}
            Ok(text) => {
                if self.begun {
                    released
                        .text
                        .push_str(["\u{20}", "\n", "\n\n"][usize::from(self.breaks.min(2))]);
                }
                self.begun = true;
                self.breaks = 0;
                released.text.push_str(&text);
            }
            Err(reason) => {
                let text = sentence.text.chars().take(WITHHELD_CHARS).collect();
                released.withheld.push(Withheld { reason, text });
            }
        }
    }

    /// Judges a sentence; and, where the line broke before its end, together with what stands before it.
    fn judge(&mut self, text: &str, breaks: u8) -> Result<(), Reason> {
        let seen = outside::seen(text);
        let begun = std::mem::take(&mut self.begun_line).filter(|_| breaks == 1);
        let before = self.thread.clone();
        self.judge_one(&seen)?;
        if let Some(begun) = &begun {
            let after = std::mem::replace(&mut self.thread, self.thread_before.clone());
            let whole = self.judge_one(&format!("{begun} {seen}"));
            self.thread = if whole.is_ok() { after } else { before.clone() };
            whole?;
        }
        let ends = |c: char| matches!(c, '.' | '!' | '?' | '…' | '؟' | ':' | ';' | '。');
        let is_open = !seen.trim_end_matches(['"', '»', '”', ')', '*', '_']).ends_with(ends);
        // "Onsdag 25." and "kl." at the end of a line end no sentence.
        let is_open = is_open || split::is_cut_short(&seen);
        self.begun_line = is_open.then(|| seen.into_owned());
        self.thread_before = before;
        Ok(())
    }

    fn judge_one(&mut self, text: &str) -> Result<(), Reason> {
        outside::check(text)?;
        if prompt::is_shown(text) {
            return Err(Reason::Leak);
        }
        let sentence = Sentence::read(text, self.lang, &self.facts);
        disguise::check(text, &sentence, &self.facts)?;
        let mut thread = self.thread.clone();
        let verdict = claims(&sentence, &self.facts, &mut thread);
        let verdict = match verdict {
            // A row wins over a text about it: what is in stock, and what it costs, changes.
            Err(Reason::Stock | Reason::Price) if !sentence.named.is_empty() => verdict,
            Err(Reason::Number | Reason::Fact) if figures::is_told(&sentence, &self.facts) => {
                verdict
            }
            // "A seller decides whether a car can be held" is the tenant's to say, and says of no time that it is.
            Err(Reason::Booking) if names_no_time(&sentence) && self.is_tenants_answer(text) => {
                Ok(())
            }
            Err(reason) if reason.yields_to_tenant() && self.is_tenants_own(text) => Ok(()),
            verdict => verdict,
        };
        if verdict.is_ok() {
            if let Some(placed) = sentence.subjects.last() {
                thread.subject = Some(vehicles_first(&sentence).unwrap_or(placed.subject.clone()));
            }
            self.thread = thread;
        }
        verdict
    }

    /// Whether the tenant's own answers contain this sentence, word by word.
    fn is_tenants_answer(&self, text: &str) -> bool {
        self.facts.said().sentences.contains(&fold(text))
    }

    fn is_tenants_own(&self, text: &str) -> bool {
        self.facts.has_sentence(&fold(text))
            || self.facts.has_sentence(&fold(&outside::plain(text)))
    }
}

fn names_no_time(sentence: &Sentence) -> bool {
    !sentence.has_kind(|kind| matches!(kind, Kind::Clock(_) | Kind::Day(_)))
}

/// All vehicles a sentence named, as one subject: `it` may be any of them.
fn vehicles_first(sentence: &Sentence) -> Option<Subject> {
    let vehicles: Vec<usize> =
        sentence.named.iter().flat_map(|named| named.vehicles.iter().copied()).collect();
    (!sentence.named.is_empty()).then_some(Subject::Vehicles(vehicles))
}

fn claims(sentence: &Sentence, facts: &Facts, thread: &mut Thread) -> Result<(), Reason> {
    let has = |cue: Cue| sentence.has(|other| other == cue);
    if has(Cue::Inside) {
        return Err(Reason::Leak);
    }
    if sentence.links.hosts.iter().any(|host| !facts.knows_host(host)) {
        return Err(Reason::Link);
    }
    if sentence.links.mails.iter().any(|mail| !facts.knows_mail(mail)) {
        return Err(Reason::Contact);
    }
    if sentence.has(|cue| cue == Cue::Others) {
        return Err(Reason::Fact); // what others do is no customer's business, and nobody has looked
    }
    seen::check(sentence)?;
    let claims = deals::check(sentence, facts, thread)?;
    promise(sentence, facts)?;
    let mut discounts = sentence.cues.iter().filter(|cue| cue.meaning == Cue::Discount);
    if discounts.any(|cue| !sentence.takes_back(cue)) {
        return Err(Reason::Discount);
    }
    money::check(sentence, facts, thread, &claims)?;
    stock::check(sentence, facts, thread)?;
    times::check(sentence, facts, thread, &claims)
}

/// When somebody calls, writes or delivers is nobody's to promise here.
fn promise(sentence: &Sentence, facts: &Facts) -> Result<(), Reason> {
    for cue in &sentence.cues {
        let timed = || {
            sentence
                .has_kind(|kind| matches!(kind, Kind::Day(_) | Kind::Clock(_) | Kind::Duration(_)))
        };
        let promises = match cue.meaning {
            Cue::Guarantee => !sentence.takes_back(cue),
            Cue::Contact | Cue::Deliver => timed(),
            Cue::Called => !sentence.takes_back(cue) && !facts.has_called(),
            Cue::Within => promises_a_time(sentence, facts, cue),
            _ => false,
        };
        if promises {
            return Err(Reason::Promise);
        }
    }
    Ok(())
}

/// `Within ten minutes`: a time that the tenant has not said itself, and no hold has left.
fn promises_a_time(sentence: &Sentence, facts: &Facts, cue: &Found<Cue>) -> bool {
    let near = |at: usize| (cue.end..=cue.end + 3).contains(&at);
    let mut lengths = sentence
        .tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::Duration(_)) && near(token.first))
        .peekable();
    if lengths.peek().is_none() {
        // In words, which are not read: "within an hour".
        let in_words = |at: usize| {
            let word = sentence.lexemes.get(at).and_then(Lexeme::word).unwrap_or_default();
            let one = [
                "hour",
                "day",
                "week",
                "time",
                "timen",
                "dag",
                "uke",
                "heure",
                "journee",
                "jour",
                "semaine",
                "ساعه",
                "يوم",
                "اسبوع",
            ];
            one.contains(&word)
        };
        return sentence.cues.iter().any(|unit| unit.meaning == Cue::TimeUnit && near(unit.first))
            || (cue.end..=cue.end + 1).any(in_words);
    }
    lengths.any(|token| !facts.says(sentence, &token.kind) && !facts.leaves_time(&token.kind))
}
