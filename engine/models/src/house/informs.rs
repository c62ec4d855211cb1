//! What is told without a booking: vehicles, prices, hours, the tenant's own answers; and courtesy.

use forecourt_core::{
    template,
    tools::{
        ToolName,
        request::SearchKnowledge,
        results::{Passages, Vehicles},
    },
    utterance::Reply,
};
use forecourt_ports::model::Medium;

use super::{
    compose::Writer,
    plan::{Parts, Plan},
    rounds::{Got, Step},
    say::Asked,
    services::{Family, of_family},
};

/// Characters of a passage that is said.
const PASSAGE_CHARS: usize = 700;

impl Plan<'_> {
    // ---- vehicles ----

    /// What is said of vehicles, and the question that follows when nothing else does.
    pub(super) fn vehicles(&self) -> Result<(Vec<String>, Vec<String>), Step> {
        let said = &self.said;
        let writer = Writer::new(self.ask);
        let mut told = Vec::new();
        let mut one_fits = false;
        let about_stock =
            said.wish.search.is_some() && !said.asks_slot && said.wanted.services.is_empty();
        if let Some(search) = &said.search {
            let found: Got<Vehicles> = self.rounds.need(ToolName::SearchInventory, search)?;
            match found {
                Some(Ok(found)) if found.vehicles.is_empty() && !said.wish.vehicles.is_empty() => {
                    // Named, and not to be had like that: how it stands is the answer.
                    told.push(writer.vehicles(&said.wish.vehicles));
                }
                Some(Ok(found)) => {
                    told.extend(self.found(&found, &writer));
                    one_fits = !found.vehicles.is_empty();
                }
                Some(Err(_)) | None => {
                    told.extend(said.wish.search.map(|search| writer.search(search)));
                }
            }
        } else if !said.wish.vehicles.is_empty() && self.names_vehicles() {
            told.push(writer.vehicles(&said.wish.vehicles));
            one_fits = writer.any_available(&said.wish.vehicles);
        } else if said.wish.unknown_vehicle {
            told.push(writer.not_in_stock());
        } else if about_stock
            && let Some(search) = said.wish.search
            && (!said.asks || self.passage()?.is_none())
        {
            told.push(writer.search(search));
            one_fits = true;
        }
        let drive = of_family(self.knowledge(), Family::Drive);
        let closing = if one_fits && drive.is_some() {
            vec![self.say.ask(Asked::Drive)]
        } else if told.is_empty() {
            vec![]
        } else {
            vec![self.say.ask(Asked::Topic)]
        };
        Ok((told, closing))
    }

    /// Whether the text itself names vehicles; the form's wish counts in the first answer alone.
    fn names_vehicles(&self) -> bool {
        let of_form = self.ask.vehicle_interest.is_some();
        !of_form || !self.before.earlier || self.before.vehicles != self.said.wish.vehicles
    }

    fn found(&self, found: &Vehicles, writer: &Writer<'_>) -> Vec<String> {
        if found.vehicles.is_empty() {
            return vec![writer.no_vehicle_fits()];
        }
        let stock = &self.knowledge().vehicles;
        let mut told = Vec::new();
        for row in found.vehicles.iter().take(3) {
            // The stock itself is newer than any list of it.
            let Some(at) = stock.iter().position(|one| one.id == row.vehicle_id) else { continue };
            let mut line = writer.vehicles(&[at]);
            let reasons = row.reasons.iter().filter(|reason| !is_told(reason, &line)).take(3);
            let reasons: Vec<&str> = reasons.map(String::as_str).collect();
            if !reasons.is_empty() {
                line = format!("{line} {}", reasons.join(" "));
            }
            told.push(line);
        }
        if told.is_empty() { vec![writer.no_vehicle_fits()] } else { told }
    }

    // ---- questions and courtesy ----

    pub(super) fn informs(&self) -> Parts {
        let said = &self.said;
        let writer = Writer::new(self.ask);
        let mut parts = Vec::new();
        if said.asks_price
            && let Some(service) = said.wanted.services.first()
            && let Some(service) = self.knowledge().services.get(*service)
        {
            parts.extend(writer.service_price(service));
            if !parts.is_empty() {
                parts.push(self.say.ask(Asked::FindTime));
                return Ok(parts);
            }
        }
        if said.wish.hours {
            parts.push(writer.hours(&said.wish.days));
        }
        if said.wish.contact && said.contact.is_empty() {
            parts.extend(writer.contact());
        }
        if !parts.is_empty() {
            parts.extend(self.reminder());
            return Ok(parts);
        }
        if let Some(courtesy) = self.courtesy() {
            return Ok(courtesy);
        }
        if said.asks || said.words >= 2 || said.wish.faq.is_some() {
            let passage = self.passage()?;
            let own = || {
                let faq = self.knowledge().faqs.get(said.wish.faq?)?;
                Some(faq.answer.get(self.ask.lang).to_owned())
            };
            if let Some(text) = passage.or_else(own) {
                parts.push(whole_sentences(&text));
                parts.extend(self.reminder());
                return Ok(parts);
            }
            if said.asks && said.words >= 2 {
                return Ok(vec![
                    self.say.not_known(),
                    self.say.colleague_knows(),
                    self.say.ask(Asked::Person),
                ]);
            }
        }
        Ok(self.not_understood())
    }

    /// What the tenant's own knowledge says to the text, word by word.
    fn passage(&self) -> Result<Option<String>, Step> {
        let query = SearchKnowledge { query: forecourt_core::text::excerpt(&self.text, 500) };
        let found: Got<Passages> = self.rounds.need(ToolName::SearchKnowledge, &query)?;
        let passages = found.and_then(Result::ok).unwrap_or_default().passages;
        let best = passages.into_iter().next().map(|passage| answer_of(passage.text));
        Ok(best.filter(|text| !text.trim().is_empty()))
    }

    fn courtesy(&self) -> Option<Vec<String>> {
        let say = self.say;
        match self.reply() {
            Some(Reply::Thanks) if self.said.leaves => {
                return Some(vec![say.welcome(), say.goodbye()]);
            }
            Some(Reply::Thanks) => return Some([vec![say.welcome()], self.reminder()].concat()),
            Some(Reply::No) => {
                let open = self.said.leaves
                    || matches!(self.asked, Some(Asked::Topic) | None) && self.before.earlier;
                return Some(if open {
                    vec![say.alright(), say.goodbye()]
                } else {
                    vec![say.alright(), say.ask(Asked::Topic)]
                });
            }
            Some(Reply::Yes) if self.said.words <= 6 => {
                return Some(vec![say.ask(Asked::Topic)]);
            }
            _ => {}
        }
        if self.said.leaves {
            return Some(vec![say.goodbye()]);
        }
        let only_greets =
            self.said.greets && self.said.words <= 4 && !self.text.contains(['?', '؟']);
        only_greets.then(|| {
            if self.before.earlier || self.ask.medium == Medium::Mail {
                vec![say.ask(Asked::Topic)]
            } else {
                vec![template::greeting(self.ask.lang, &self.ask.grounding.settings.brand)]
            }
        })
    }

    /// The question that still waits for its answer, asked once more after something else was answered.
    fn reminder(&self) -> Vec<String> {
        if self.held().is_some() {
            return vec![self.say.ask(Asked::Yes)];
        }
        match self.asked {
            Some(asked @ (Asked::When | Asked::WhichTime | Asked::Code)) => {
                vec![self.say.ask(asked)]
            }
            _ => vec![],
        }
    }

    pub(super) fn not_understood(&self) -> Vec<String> {
        let again = if self.before.misunderstood >= 1 {
            Asked::Person
        } else {
            self.asked.filter(|asked| *asked != Asked::Service).unwrap_or(Asked::Topic)
        };
        vec![self.say.misunderstood(), self.say.ask(again)]
    }
}

/// What a passage answers: who asked need not hear the question again.
fn answer_of(text: String) -> String {
    match text.split_once(" — ") {
        Some((question, answer)) if question.trim_end().ends_with(['?', '؟']) => answer.to_owned(),
        _ => text,
    }
}

/// The beginning of a passage, in whole sentences.
fn whole_sentences(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= PASSAGE_CHARS {
        return text.to_owned();
    }
    let cut: String = text.chars().take(PASSAGE_CHARS).collect();
    let end = cut
        .rfind(['.', '!', '?', '؟', '\n'])
        .map_or(cut.len(), |end| end + cut[end..].chars().next().map_or(1, char::len_utf8));
    cut[..end].trim_end().to_owned()
}

/// Whether the line says already what a reason ends with: the make, the model, the price.
fn is_told(reason: &str, line: &str) -> bool {
    let reason = reason.trim().trim_end_matches('.');
    let value = reason
        .rsplit_once(':')
        .map_or_else(|| reason.rsplit(' ').next().unwrap_or_default(), |(_, value)| value.trim());
    !value.is_empty() && line.contains(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_the_line_has_told_already_is_left_out() {
        let line = "Tesla Model 3 Long Range 2022 er ledig, og koster 359\u{a0}900\u{a0}kr.";
        for told in [
            "Det er en Tesla.",
            "Riktig modell: Model 3.",
            "Innenfor budsjettet: 359\u{a0}900\u{a0}kr.",
        ] {
            assert!(is_told(told, line), "{told}");
        }
        for new in ["Rekkevidde: 510 km.", "Minst 5 seter.", ""] {
            assert!(!is_told(new, line), "{new}");
        }
    }
}
