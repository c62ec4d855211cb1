//! A conversation, as far as the house responder follows it: what each line of the customer's says, and
//! what the lines before the last one have left open.
//!
//! Nothing is remembered between two answers: all of it is read anew from the transcript (A3).

use std::sync::OnceLock;

use forecourt_core::{
    reading::{Lexeme, lex, names::VehicleNames, phrases::Phrases, read},
    tools::request::SearchInventory,
    utterance::{Choice, Reply, SaidContact, Utterance, hear, hear_contact},
};
use forecourt_ports::model::{Ask, Who};
use jiff::civil::Date;

use super::{
    say::{Asked, Say},
    search,
    services::{self, Wanted},
    understand::{Wish, understand},
    words::{Cue, cues},
};

/// What is done with an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Cancel,
    Move,
}

/// Which of the offered times a text points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nth {
    At(usize),
    Last,
}

/// One text of the customer's, read.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each may be said together with any other")]
pub(super) struct Said {
    pub(super) heard: Utterance,
    pub(super) wish: Wish,
    pub(super) wanted: Wanted,
    pub(super) search: Option<SearchInventory>,
    pub(super) contact: SaidContact,
    pub(super) nth: Option<Nth>,
    pub(super) greets: bool,
    pub(super) leaves: bool,
    pub(super) asks_slot: bool,
    pub(super) asks_price: bool,
    pub(super) asks: bool,
    /// What is written, as letters and digits.
    pub(super) words: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Small {
    Nth(Nth),
    Bye,
    Question,
    Nothing,
}

#[rustfmt::skip]
const SMALL: &[(Small, &str)] = &[
    (Small::Nth(Nth::At(0)), "den første|første|det første|nummer en|nr 1|nummer 1|alternativ 1|the first|first one|the first one|number one|number 1|option 1|option one|le premier|la première|premier|numéro 1|numéro un|الاول|الاولي|اول واحد|رقم 1|رقم واحد|الخيار الاول"),
    (Small::Nth(Nth::At(1)), "den andre|det andre|nummer to|nr 2|nummer 2|alternativ 2|the second|second one|the second one|number two|number 2|option 2|option two|le deuxième|la deuxième|le second|deuxième|numéro 2|numéro deux|الثاني|الثانيه|ثاني واحد|رقم 2|رقم اثنين|الخيار الثاني"),
    (Small::Nth(Nth::At(2)), "den tredje|det tredje|nummer tre|nr 3|nummer 3|alternativ 3|the third|third one|the third one|number three|number 3|option 3|option three|le troisième|la troisième|troisième|numéro 3|numéro trois|الثالث|الثالثه|ثالث واحد|رقم 3|رقم ثلاثه|الخيار الثالث"),
    (Small::Nth(Nth::Last), "den siste|siste|the last|last one|the last one|le dernier|la dernière|dernier|الاخير|الاخيره|اخر واحد"),
    // "the first available" is as early as there is a place, and points at nothing.
    (Small::Nothing, "første ledige|første mulige|første time|first available|first slot|first free|premier créneau|premier disponible|première disponibilité|اول موعد|den andre bilen|den andre dagen|den første dagen|last week|first time|første gang|première fois|اول مره|the second car"),
    (Small::Bye, "ha det|hade|ha det bra|snakkes|vi snakkes|det var alt|ikke noe mer|bye|goodbye|bye bye|see you|see ya|that's all|that is all|that was all|nothing else|au revoir|bonne journée|bonne soirée|c'est tout|ce sera tout|rien d'autre|مع السلامه|وداعا|الي اللقاء|هذا كل شيء|هذا كل شي|باي"),
    (Small::Question, "hva|hvor|hvordan|hvorfor|hvem|hvilke|hvilken|hvilket|når|kan dere|kan jeg|kan man|har dere|er det|må jeg|gir dere|tilbyr dere|tar dere|finnes det|what|where|how|why|who|which|when|can you|can i|do you|do i|is it|is there|are there|does|may i|quel|quelle|quels|quelles|comment|pourquoi|où|qui|est ce que|est ce|puis je|peut on|faut il|avez vous|proposez vous|acceptez vous|combien|ما هي|ما هو|ما|ماذا|كيف|لماذا|اين|من|هل|كم|متي|ايش|وش|شو"),
];

fn small() -> &'static Phrases<Small> {
    static TABLE: OnceLock<Phrases<Small>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(SMALL.iter().copied()))
}

/// Reads one text; `asked` is what it answers to.
pub(super) fn said(ask: &Ask, text: &str, asked: Option<Asked>, today: Date) -> Said {
    let text: String = text.chars().take(2_000).collect();
    let knowledge = &ask.grounding.knowledge;
    let lexemes = lex(&text);
    let named = VehicleNames::of(knowledge).find(&lexemes);
    let claimed = |at| named.iter().any(|name| (name.first..name.end).contains(&at));
    let tokens = read(&lexemes, claimed);
    // A name such as "ID.4" or "Model 3" is no day and no hour.
    let without_names = masked(&lexemes, &text, claimed);
    let outside = |first: usize| !claimed(first);
    let cues = cues().find(&lexemes).into_iter().filter(|found| outside(found.first));
    let cues: Vec<Cue> = cues.map(|found| found.meaning).collect();
    let mut heard = hear(&without_names, today);
    let country = &ask.grounding.settings.country;
    let asks_name = matches!(asked, Some(Asked::Name | Asked::NameAndEmail));
    let contact = hear_contact(&text, country, asks_name);
    if contact.email.is_some() || contact.phone.is_some() || asks_name && !contact.is_empty() {
        // The digits of a number and the words of an address say nothing of a time; what stands beside them may.
        let rest = hear(&without_contact(&without_names), today);
        let names_clock = rest.choices.iter().any(|choice| !choice.times.is_empty());
        let sure = rest.doubts.is_empty() && (names_clock || !asks_name);
        heard.choices = if sure { rest.choices } else { Vec::new() };
        heard.doubts.clear();
    }
    let vehicles: Vec<usize> = named.iter().flat_map(|name| name.vehicles.clone()).collect();
    let mut small: Vec<_> = small().find(&lexemes);
    small.sort_by_key(|one| (one.first, std::cmp::Reverse(one.end)));
    let mut end = 0;
    small.retain(|one| {
        let stands = one.first >= end;
        end = end.max(one.end);
        stands
    });
    let nth = small.iter().find_map(|one| match one.meaning {
        Small::Nth(nth) => Some(nth),
        _ => None,
    });
    let has_small = |meaning| small.iter().any(|one| one.meaning == meaning);
    let search = search::search(knowledge, &lexemes, &tokens, &cues, &vehicles);
    Said {
        nth: nth.filter(|_| heard.choices.is_empty()),
        wish: understand(ask, &text),
        wanted: services::wanted(knowledge, &lexemes),
        search,
        contact,
        greets: cues.contains(&Cue::Greeting),
        leaves: has_small(Small::Bye),
        asks_slot: cues.contains(&Cue::Slot),
        asks_price: cues.contains(&Cue::Price),
        asks: text.trim_end().ends_with(['?', '؟']) || has_small(Small::Question),
        words: lexemes.iter().filter(|l| l.word().is_some() || l.digits().is_some()).count(),
        heard,
    }
}

/// Digits that a stretch has to be a phone number.
const PHONE_DIGITS: usize = 7;

/// The text without mail addresses and phone numbers.
fn without_contact(text: &str) -> String {
    let is_address = |word: &&str| word.contains('@') || word.contains("://");
    let rest = text.split_whitespace().filter(|word| !is_address(word)).collect::<Vec<_>>();
    let (rest, mut kept, mut stretch) = (rest.join(" "), String::new(), String::new());
    let is_digit = |c: char| matches!(c, '0'..='9' | '٠'..='٩' | '۰'..='۹');
    for c in rest.chars().chain(['\n']) {
        if is_digit(c)
            || (matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '/')
                && !(stretch.is_empty() && c == ' '))
        {
            stretch.push(c);
            continue;
        }
        let digits = stretch.chars().filter(|c| is_digit(*c)).count();
        kept += if digits >= PHONE_DIGITS { " " } else { &stretch };
        stretch.clear();
        kept.push(c);
    }
    kept
}

/// The text without the names that were found in it.
fn masked(lexemes: &[Lexeme], text: &str, claimed: impl Fn(usize) -> bool) -> String {
    if !(0..lexemes.len()).any(&claimed) {
        return text.to_owned();
    }
    let mut rest = String::with_capacity(text.len());
    for (at, lexeme) in lexemes.iter().enumerate() {
        if !lexeme.glued {
            rest.push(' ');
        }
        if claimed(at) {
            continue;
        }
        match &lexeme.lex {
            forecourt_core::reading::Lex::Word(word) => rest.push_str(word),
            forecourt_core::reading::Lex::Digits(digits) => rest.push_str(digits),
            forecourt_core::reading::Lex::Mark(mark) => rest.push(*mark),
            forecourt_core::reading::Lex::Odd => {}
        }
    }
    rest
}

/// What the lines before the last have left open.
#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    /// The services that are wanted, in order.
    pub(super) services: Vec<usize>,
    /// Services of which one is meant.
    pub(super) among: Vec<usize>,
    /// The vehicles that were spoken of last.
    pub(super) vehicles: Vec<usize>,
    /// When it would suit.
    pub(super) choices: Vec<Choice>,
    pub(super) not_days: Vec<Date>,
    pub(super) task: Option<Task>,
    pub(super) has_name: bool,
    pub(super) has_email: bool,
    /// How often in a row, up to the last line, the assistant did not understand.
    pub(super) misunderstood: u32,
    /// The last line of the assistant's.
    pub(super) last: String,
    /// Whether the customer wrote before.
    pub(super) earlier: bool,
}

/// The conversation before the last text, and that text.
pub(super) fn follow(ask: &Ask, zone: &jiff::tz::TimeZone, today: Date) -> (Thread, Said, String) {
    let mut thread = Thread::default();
    let last = ask.transcript.iter().rposition(|line| line.who == Who::Customer);
    let (before, text) = match last {
        Some(at) => (&ask.transcript[..at], ask.transcript[at].text.clone()),
        None => (&ask.transcript[..], String::new()),
    };
    for line in before {
        match line.who {
            Who::Customer => {
                let asked = Say { lang: ask.lang, zone, today, last: &thread.last }.asked();
                let said = said(ask, &line.text, asked, today);
                thread.take(&said, asked, ask);
                thread.earlier = true;
            }
            Who::Assistant => {
                let say = Say { lang: ask.lang, zone, today, last: "" };
                if say.was_misunderstood(&line.text) {
                    thread.misunderstood += 1;
                } else {
                    thread.misunderstood = 0;
                }
                let named = VehicleNames::of(&ask.grounding.knowledge).find(&lex(&line.text));
                let vehicles: Vec<usize> =
                    named.into_iter().flat_map(|name| name.vehicles).collect();
                if !vehicles.is_empty() {
                    thread.vehicles = vehicles;
                }
                if line.text.contains(&say.how_to_change()) {
                    // What was asked for is done.
                    thread.choices.clear();
                    thread.not_days.clear();
                    thread.task = None;
                }
                thread.last.clone_from(&line.text);
            }
            // A person wrote: what was asked before is not answered to the assistant.
            Who::Member => thread.last.clear(),
        }
    }
    let asked = Say { lang: ask.lang, zone, today, last: &thread.last }.asked();
    let said = said(ask, &text, asked, today);
    (thread, said, text)
}

impl Thread {
    /// Takes what a text says into account.
    pub(super) fn take(&mut self, said: &Said, asked: Option<Asked>, ask: &Ask) {
        let dialogue = &ask.dialogue;
        let Wanted { services, among, .. } = &said.wanted;
        if !services.is_empty() {
            self.services.clone_from(services);
            self.among.clear();
        } else if !among.is_empty() {
            self.among.clone_from(among);
            self.services.clear();
        }
        if !said.wish.vehicles.is_empty() {
            self.vehicles.clone_from(&said.wish.vehicles);
        }
        if matches!(said.heard.reply, Some(Reply::Cancel | Reply::Move)) {
            self.choices.clear();
            self.not_days.clear();
        }
        self.take_when(said);
        self.task = match said.heard.reply {
            Some(Reply::Cancel) => Some(Task::Cancel),
            Some(Reply::Move) if !is_change_of_parts(said, ask) => Some(Task::Move),
            _ if !services.is_empty() || said.heard.reply == Some(Reply::Thanks) => None,
            // "nei, heller fredag", after it was booked.
            _ if said.heard.corrects
                && said.heard.names_a_time()
                && self.task.is_none()
                && !dialogue.bookings.is_empty()
                && dialogue.bookings.iter().all(is_booked) =>
            {
                Some(Task::Move)
            }
            _ => self.task,
        };
        let asks_contact = matches!(asked, Some(Asked::Name | Asked::Email | Asked::NameAndEmail));
        self.has_name |=
            said.contact.name.is_some() && (asks_contact || !said.contact.is_unclear());
        // Whoever left a number can be reached as well.
        self.has_email |= said.contact.email.is_some() || said.contact.phone.is_some();
    }

    /// Puts what is said about when together with what was said before.
    fn take_when(&mut self, said: &Said) {
        let heard = &said.heard;
        // Asked for a time anew: what was said before does not suit any more.
        if heard.soonest || heard.any || heard.reply == Some(Reply::No) && !heard.names_a_time() {
            self.choices.clear();
        }
        if heard.choices.is_empty() {
            self.not_days.extend(&heard.not_days);
            let not_days = &self.not_days;
            for choice in &mut self.choices {
                choice.days.retain(|day| !not_days.contains(day));
            }
            return;
        }
        let names_days = heard.choices.iter().any(|choice| !choice.days.is_empty());
        let days: Vec<Date> = self.choices.iter().flat_map(|choice| choice.days.clone()).collect();
        if names_days || days.is_empty() {
            self.choices.clone_from(&heard.choices);
        } else {
            // A time for the day that was named before.
            let times = heard.choices.iter().flat_map(|choice| choice.times.clone()).collect();
            self.choices = vec![Choice { days, times }];
        }
        self.not_days.clone_from(&heard.not_days);
    }
}

/// `changer mes pneus`, `تغيير الزيت`: what is changed is of the vehicle, not an appointment that there is.
pub(super) fn is_change_of_parts(said: &Said, ask: &Ask) -> bool {
    let services = &ask.grounding.knowledge.services;
    let mut named = said.wanted.services.iter().chain(&said.wanted.among).peekable();
    let is_ours = |at: &usize| {
        let service = services.get(*at).map(|service| service.id);
        ask.dialogue
            .bookings
            .iter()
            .any(|known| is_booked(known) && Some(known.news.service) == service)
    };
    named.peek().is_some() && !named.any(is_ours)
}

pub(super) fn is_booked(known: &forecourt_core::dialogue::KnownBooking) -> bool {
    known.news.status == forecourt_core::booking::BookingStatus::Booked
}
