//! Every sentence of the assistant's policy, in four languages.
//!
//! Sentences that ask are recognised when they come back as the last line of the assistant's: that is how
//! the house responder knows what an answer answers, without a memory of its own.

mod bookings;
mod courtesy;
mod questions;
mod times;

use forecourt_core::{calendar, lang::Lang};
use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};

pub(super) use self::questions::Asked;

#[derive(Clone, Copy)]
pub(super) struct Say<'a> {
    pub(super) lang: Lang,
    pub(super) zone: &'a TimeZone,
    pub(super) today: Date,
    /// The last line of the assistant's.
    pub(super) last: &'a str,
}

impl Say<'_> {
    fn at(self) -> usize {
        match self.lang {
            Lang::Nb => 0,
            Lang::Fr => 1,
            Lang::En => 2,
            Lang::Ar => 3,
        }
    }

    /// The sentence of this language.
    pub(super) fn one(self, texts: [&str; 4]) -> String {
        texts[self.at()].to_owned()
    }

    /// The first wording of this language that was not said last.
    fn fresh(self, wordings: [&[&str]; 4]) -> String {
        let wordings = wordings[self.at()];
        let said = |wording: &&&str| !self.last.contains(**wording);
        wordings.iter().find(said).or(wordings.first()).copied().unwrap_or_default().to_owned()
    }

    fn date(self, date: Date) -> String {
        calendar::date(self.lang, date, self.today)
    }

    fn time(self, time: Time) -> String {
        calendar::time(self.lang, time)
    }

    /// `Prøvekjøring lørdag 28. november kl. 14:00`
    fn appointment(self, service: &str, date: Date, time: Time) -> String {
        let (date, time) = (self.date(date), self.time(time));
        match self.lang {
            Lang::Nb => format!("{service} {date} kl. {time}"),
            Lang::Fr => format!("{service}, {date} à {time}"),
            Lang::En => format!("{service} on {date} at {time}"),
            Lang::Ar => format!("{service} يوم {date} الساعة {time}"),
        }
    }

    pub(super) fn and(self, items: &[String]) -> String {
        let (and, comma) = match self.lang {
            Lang::Nb => (" og ", ", "),
            Lang::Fr => (" et ", ", "),
            Lang::En => (" and ", ", "),
            Lang::Ar => (" و", "، "),
        };
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => format!("{}{and}{last}", first.join(comma)),
        }
    }
}
