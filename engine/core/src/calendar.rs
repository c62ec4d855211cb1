//! Days and times as people of a language write them: `tirsdag 24. november`, `10h30`.
//!
//! Lives here: the names of weekdays and months, and how a date and a clock time are put together.
//! Digits are European in every language, as in prices ([`crate::money`]). Who reads text back is
//! [`crate::reading`].

use jiff::civil::{Date, Time, Weekday};

use crate::lang::Lang;

/// The name of a weekday, as it stands inside a sentence.
pub fn weekday(lang: Lang, day: Weekday) -> &'static str {
    let names = match lang {
        Lang::Nb => ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"],
        Lang::Fr => ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        Lang::En => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        Lang::Ar => ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
    };
    names[usize::from(day.to_monday_zero_offset().unsigned_abs())]
}

/// The name of a month (1 to 12), as it stands inside a sentence; empty for any other number.
pub fn month(lang: Lang, month: i8) -> &'static str {
    let names = match lang {
        Lang::Nb => [
            "januar",
            "februar",
            "mars",
            "april",
            "mai",
            "juni",
            "juli",
            "august",
            "september",
            "oktober",
            "november",
            "desember",
        ],
        Lang::Fr => [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        Lang::En => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        Lang::Ar => [
            "يناير",
            "فبراير",
            "مارس",
            "أبريل",
            "مايو",
            "يونيو",
            "يوليو",
            "أغسطس",
            "سبتمبر",
            "أكتوبر",
            "نوفمبر",
            "ديسمبر",
        ],
    };
    usize::try_from(month - 1).ok().and_then(|index| names.get(index)).copied().unwrap_or("")
}

/// A day with its weekday: `tirsdag 24. november`, `mardi 1er décembre`, `Tuesday 24 November`.
///
/// The year is named when `date` is not within ten months of `today`, where it could be mistaken.
pub fn date(lang: Lang, date: Date, today: Date) -> String {
    let (weekday, month) = (weekday(lang, date.weekday()), month(lang, date.month()));
    let day = match (lang, date.day()) {
        (Lang::Nb, day) => format!("{day}."),
        (Lang::Fr, 1) => "1er".to_owned(),
        (_, day) => day.to_string(),
    };
    let distance = (date - today).get_days();
    if (-60..=300).contains(&distance) {
        format!("{weekday} {day} {month}")
    } else {
        format!("{weekday} {day} {month} {}", date.year())
    }
}

/// A clock time, over 24 hours: `10:30`, in French `10h30` and `10h`.
pub fn time(lang: Lang, time: Time) -> String {
    match (lang, time.hour(), time.minute()) {
        (Lang::Fr, hour, 0) => format!("{hour}h"),
        (Lang::Fr, hour, minute) => format!("{hour}h{minute:02}"),
        (_, hour, minute) => format!("{hour:02}:{minute:02}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date as day, time as clock};

    use super::*;

    #[test]
    fn a_day_reads_as_people_write_it() {
        let today = day(2026, 11, 23);
        for (lang, date_of, text) in [
            (Lang::Nb, day(2026, 11, 24), "tirsdag 24. november"),
            (Lang::Fr, day(2026, 12, 1), "mardi 1er décembre"),
            (Lang::Fr, day(2026, 11, 24), "mardi 24 novembre"),
            (Lang::En, day(2026, 11, 24), "Tuesday 24 November"),
            (Lang::Ar, day(2026, 11, 24), "الثلاثاء 24 نوفمبر"),
            (Lang::En, day(2027, 11, 24), "Wednesday 24 November 2027"),
        ] {
            assert_eq!(date(lang, date_of, today), text);
        }
    }

    #[test]
    fn a_time_reads_as_people_write_it() {
        assert_eq!(time(Lang::Nb, clock(9, 5, 0, 0)), "09:05");
        assert_eq!(time(Lang::Fr, clock(9, 5, 0, 0)), "9h05");
        assert_eq!(time(Lang::Fr, clock(14, 0, 0, 0)), "14h");
        assert_eq!(time(Lang::Ar, clock(14, 0, 0, 0)), "14:00");
        assert_eq!(time(Lang::En, clock(0, 30, 0, 0)), "00:30");
    }
}
