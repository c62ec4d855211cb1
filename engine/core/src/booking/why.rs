//! Why a time is not free: as data, as the key of a sentence, and as the sentence.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{BlockKind, ResourceKind};
use crate::{calendar, id::ResourceId, lang::Lang};

/// One reason. What belongs to another customer is never in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Why {
    /// The service is not offered.
    NotOffered,
    /// It would start before the service's notice has passed.
    TooSoon { earliest: Timestamp },
    /// It would start after the service's horizon.
    TooFar { latest: Timestamp },
    /// It is not wholly inside the opening hours.
    Closed,
    /// The clock is put forward over this time: it does not exist on this day.
    Skipped,
    /// Nothing of this kind can be booked at all.
    Nothing { kind: ResourceKind },
    /// The resource does not work then.
    OffDuty { resource: ResourceId },
    /// Somebody has booked it.
    Booked { resource: ResourceId },
    /// Somebody has it on hold until then.
    Held { resource: ResourceId, until: Timestamp },
    /// It is kept out of use.
    Blocked { resource: ResourceId, kind: BlockKind, until: Timestamp },
}

impl Why {
    /// The key of its sentence.
    pub const fn key(self) -> &'static str {
        match self {
            Self::NotOffered => "booking.why.not_offered",
            Self::TooSoon { .. } => "booking.why.too_soon",
            Self::TooFar { .. } => "booking.why.too_far",
            Self::Closed => "booking.why.closed",
            Self::Skipped => "booking.why.skipped",
            Self::Nothing { .. } => "booking.why.nothing",
            Self::OffDuty { .. } => "booking.why.off_duty",
            Self::Booked { .. } => "booking.why.booked",
            Self::Held { .. } => "booking.why.held",
            Self::Blocked { kind: BlockKind::Block, .. } => "booking.why.blocked",
            Self::Blocked { kind: BlockKind::Maintenance, .. } => "booking.why.maintenance",
        }
    }

    /// The sentence, with times on the clock of `zone`.
    pub fn sentence(self, lang: Lang, zone: &TimeZone, now: Timestamp) -> String {
        let when = |at: Timestamp| {
            let (at, today) = (zone.to_datetime(at), zone.to_datetime(now).date());
            let (date, time) = (calendar::date(lang, at.date(), today), at.time());
            format!("{date} {}", calendar::time(lang, time))
        };
        match self {
            Self::NotOffered => text(
                lang,
                "Denne tjenesten tilbys ikke.",
                "Ce service n'est pas proposé.",
                "This service is not offered.",
                "هذه الخدمة غير متاحة.",
            )
            .to_owned(),
            Self::TooSoon { earliest } => with(
                lang,
                ["Det er for kort varsel. Tidligst:", "Le délai est trop court. Au plus tôt :"],
                ["That is too short notice. Earliest:", "المهلة قصيرة جدًا. أقرب وقت:"],
                &when(earliest),
            ),
            Self::TooFar { latest } => with(
                lang,
                ["Det er for langt frem. Senest:", "C'est trop loin. Au plus tard :"],
                ["That is too far ahead. Latest:", "الموعد بعيد جدًا. آخر وقت:"],
                &when(latest),
            ),
            Self::Closed => {
                text(lang, "Da er det stengt.", "C'est fermé.", "It is closed then.", "مغلق آنذاك.")
                    .to_owned()
            }
            Self::Skipped => text(
                lang,
                "Klokken stilles frem: dette tidspunktet finnes ikke den dagen.",
                "On passe à l'heure d'été : cette heure n'existe pas ce jour-là.",
                "The clock goes forward: this time does not exist on that day.",
                "تُقدَّم الساعة: هذا الوقت غير موجود في ذلك اليوم.",
            )
            .to_owned(),
            Self::Nothing { .. } => text(
                lang,
                "Det er ingenting å bestille.",
                "Il n'y a rien à réserver.",
                "There is nothing that can be booked.",
                "لا يوجد ما يمكن حجزه.",
            )
            .to_owned(),
            Self::OffDuty { .. } => text(
                lang,
                "Ingen er på jobb da.",
                "Personne ne travaille à ce moment-là.",
                "Nobody is at work then.",
                "لا أحد في العمل آنذاك.",
            )
            .to_owned(),
            Self::Booked { .. } => text(
                lang,
                "Tiden er opptatt.",
                "Ce créneau est pris.",
                "The time is taken.",
                "هذا الوقت مشغول.",
            )
            .to_owned(),
            Self::Held { until, .. } => with(
                lang,
                ["Tiden holdes av noen andre til", "Ce créneau est retenu jusqu'à"],
                ["The time is held by somebody else until", "هذا الوقت مشغول حتى"],
                &when(until),
            ),
            Self::Blocked { kind: BlockKind::Block, .. } => text(
                lang,
                "Tiden er sperret.",
                "Ce créneau est bloqué.",
                "The time is blocked.",
                "هذا الوقت غير متاح.",
            )
            .to_owned(),
            Self::Blocked { kind: BlockKind::Maintenance, until, .. } => with(
                lang,
                ["Den er på verksted til", "En entretien jusqu'à"],
                ["It is in maintenance until", "قيد الصيانة حتى"],
                &when(until),
            ),
        }
    }
}

const fn text<'a>(lang: Lang, nb: &'a str, fr: &'a str, en: &'a str, ar: &'a str) -> &'a str {
    match lang {
        Lang::Nb => nb,
        Lang::Fr => fr,
        Lang::En => en,
        Lang::Ar => ar,
    }
}

fn with(lang: Lang, [nb, fr]: [&str; 2], [en, ar]: [&str; 2], when: &str) -> String {
    format!("{} {when}.", text(lang, nb, fr, en, ar))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_a_sentence_in_every_language_on_the_clock_of_the_zone() {
        let oslo = TimeZone::get("Europe/Oslo").unwrap();
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let soon = Why::TooSoon { earliest: "2026-11-24T13:30:00Z".parse().unwrap() };
        assert_eq!(
            soon.sentence(Lang::Nb, &oslo, now),
            "Det er for kort varsel. Tidligst: tirsdag 24. november 14:30."
        );
        assert_eq!(
            soon.sentence(Lang::Fr, &oslo, now),
            "Le délai est trop court. Au plus tôt : mardi 24 novembre 14h30."
        );
        for lang in Lang::ALL {
            assert!(!Why::Closed.sentence(lang, &oslo, now).is_empty());
        }
        assert_eq!(soon.key(), "booking.why.too_soon");
        assert_eq!(
            serde_json::to_value(Why::Nothing { kind: ResourceKind::Bay }).unwrap(),
            serde_json::json!({ "reason": "nothing", "kind": "bay" })
        );
    }
}
