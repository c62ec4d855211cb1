//! What letters about a booking say, in the customer's language and on both clocks.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Booking,
    code::{CodeRefused, VALID},
    letter::LetterKind,
};
use crate::{calendar, lang::Lang};

/// What a letter names besides the booking.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    pub service: &'a str,
    pub business: &'a str,
    /// Where the calendar entry can be fetched, if anywhere.
    pub calendar: Option<&'a str>,
    /// Where the booking can be seen, moved and cancelled, if anywhere.
    pub page: Option<&'a str>,
}

/// Subject and text of a letter. Paragraphs are parted by blank lines.
pub fn letter(
    kind: LetterKind,
    booking: &Booking,
    lang: Lang,
    named: Named<'_>,
    now: Timestamp,
) -> (String, String) {
    let wish = &booking.wish;
    let when = |zone: &str| {
        let known = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let (at, today) = (known.to_datetime(wish.from), known.to_datetime(now).date());
        let (date, time) = (calendar::date(lang, at.date(), today), at.time());
        format!("{date}, {}", calendar::time(lang, time))
    };
    let Named { service, business, calendar: calendar_url, page } = named;
    let words = words(lang);
    let (title, line) = match kind {
        LetterKind::Confirmation => words.confirmation,
        LetterKind::Change => words.change,
        LetterKind::Cancellation => words.cancellation,
        LetterKind::Offer => words.offer,
        // A code is a letter of its own: [`code_letter`].
        LetterKind::Reminder24h | LetterKind::Reminder2h | LetterKind::Code => words.reminder,
    };
    let on = when(&wish.zone);
    let mut text = format!("{line}\n\n{service}, {business}\n{on} ({})", wish.zone);
    if let Some(own) = wish.customer.zone.as_deref().filter(|own| *own != wish.zone) {
        text.extend(["\n", words.yours, " ", &when(own), " (", own, ")"]);
    }
    if kind == LetterKind::Offer {
        let known = TimeZone::get(&wish.zone).unwrap_or(TimeZone::UTC);
        let until = calendar::time(lang, known.to_datetime(booking.hold_until).time());
        text.extend(["\n\n", words.kept, " ", &until, "."]);
    }
    if let Some(calendar) = calendar_url {
        text.extend(["\n\n", words.calendar, " ", calendar]);
    }
    if let Some(page) = page {
        let label = if kind == LetterKind::Offer { words.accept } else { words.page };
        text.extend(["\n\n", label, " ", page]);
    }
    if !matches!(kind, LetterKind::Cancellation | LetterKind::Offer) {
        text.extend(["\n\n", words.answer]);
    }
    (format!("{title}: {service}, {on}"), text)
}

/// Subject and text of the letter with a one-time code. The code stands in the text alone: subjects are
/// shown on locked screens.
pub fn code_letter(code: &str, lang: Lang, named: Named<'_>) -> (String, String) {
    let Named { service, business, .. } = named;
    let minutes = VALID.as_mins();
    // A code reads from left to right in any language.
    let code = if lang == Lang::Ar { format!("\u{2066}{code}\u{2069}") } else { code.to_owned() };
    let (subject, line, rest) = match lang {
        Lang::Nb => (
            format!("Engangskode fra {business}"),
            format!("Koden din er {code}."),
            format!(
                "Den gjelder i {minutes} minutter og bare én gang. Har du ikke bedt om den, kan du se bort fra denne e-posten."
            ),
        ),
        Lang::Fr => (
            format!("Code à usage unique de {business}"),
            format!("Votre code est {code}."),
            format!(
                "Il est valable {minutes} minutes et une seule fois. Si vous ne l'avez pas demandé, ignorez cet e-mail."
            ),
        ),
        Lang::En => (
            format!("One-time code from {business}"),
            format!("Your code is {code}."),
            format!(
                "It is good for {minutes} minutes, and once. If you did not ask for it, ignore this e-mail."
            ),
        ),
        Lang::Ar => (
            format!("رمز لمرة واحدة من {business}"),
            format!("رمزك هو {code}."),
            format!("صالح لمدة {minutes} دقائق ولمرة واحدة فقط. إذا لم تطلبه فتجاهل هذه الرسالة."),
        ),
    };
    (subject, format!("{line}\n\n{service}, {business}\n\n{rest}"))
}

/// Why a code proves nothing, for whom it was asked.
pub fn code_refused(refused: CodeRefused, lang: Lang) -> String {
    match (refused, lang) {
        (CodeRefused::Wrong { left: 0 } | CodeRefused::Over, Lang::Nb) => {
            "Koden gjelder ikke lenger. Be om en ny.".into()
        }
        (CodeRefused::Wrong { left: 0 } | CodeRefused::Over, Lang::Fr) => {
            "Ce code n'est plus valable. Demandez-en un nouveau.".into()
        }
        (CodeRefused::Wrong { left: 0 } | CodeRefused::Over, Lang::En) => {
            "The code is not good any more. Ask for a new one.".into()
        }
        (CodeRefused::Wrong { left: 0 } | CodeRefused::Over, Lang::Ar) => {
            "لم يعد الرمز صالحًا. اطلب رمزًا جديدًا.".into()
        }
        (CodeRefused::Wrong { left }, Lang::Nb) => {
            format!("Koden stemmer ikke. Forsøk igjen: {left}.")
        }
        (CodeRefused::Wrong { left }, Lang::Fr) => {
            format!("Ce code n'est pas le bon. Essais restants : {left}.")
        }
        (CodeRefused::Wrong { left }, Lang::En) => {
            format!("The code is wrong. Tries left: {left}.")
        }
        (CodeRefused::Wrong { left }, Lang::Ar) => {
            format!("الرمز غير صحيح. المحاولات المتبقية: {left}.")
        }
        (CodeRefused::TooMany, Lang::Nb) => {
            "Det er sendt nok koder for nå. Prøv igjen om en time.".into()
        }
        (CodeRefused::TooMany, Lang::Fr) => {
            "Assez de codes ont été envoyés pour le moment. Réessayez dans une heure.".into()
        }
        (CodeRefused::TooMany, Lang::En) => {
            "Enough codes were sent for now. Try again in an hour.".into()
        }
        (CodeRefused::TooMany, Lang::Ar) => "أُرسل عدد كافٍ من الرموز. حاول مجددًا بعد ساعة.".into(),
    }
}

struct Words {
    confirmation: (&'static str, &'static str),
    change: (&'static str, &'static str),
    cancellation: (&'static str, &'static str),
    offer: (&'static str, &'static str),
    reminder: (&'static str, &'static str),
    yours: &'static str,
    calendar: &'static str,
    page: &'static str,
    kept: &'static str,
    accept: &'static str,
    answer: &'static str,
}

const fn words(lang: Lang) -> Words {
    match lang {
        Lang::Nb => Words {
            confirmation: ("Timen er bekreftet", "Timen din er bekreftet."),
            change: ("Timen er flyttet", "Timen din er flyttet."),
            cancellation: ("Timen er avbestilt", "Timen din er avbestilt."),
            offer: ("En time er blitt ledig", "Timen du venter på, er blitt ledig."),
            reminder: ("Påminnelse", "Vi minner om timen din."),
            yours: "Hos deg:",
            calendar: "Til kalenderen:",
            page: "Se, flytt eller avbestill timen:",
            kept: "Vi holder den av til deg til",
            accept: "Ta imot den eller si nei:",
            answer: "Passer det ikke likevel? Svar på denne e-posten.",
        },
        Lang::Fr => Words {
            confirmation: ("Rendez-vous confirmé", "Votre rendez-vous est confirmé."),
            change: ("Rendez-vous déplacé", "Votre rendez-vous a été déplacé."),
            cancellation: ("Rendez-vous annulé", "Votre rendez-vous a été annulé."),
            offer: ("Une heure s'est libérée", "L'heure que vous attendiez s'est libérée."),
            reminder: ("Rappel", "Nous vous rappelons votre rendez-vous."),
            yours: "Chez vous :",
            calendar: "Pour votre agenda :",
            page: "Voir, déplacer ou annuler le rendez-vous :",
            kept: "Nous la gardons pour vous jusqu'à",
            accept: "L'accepter ou la refuser :",
            answer: "Un empêchement ? Répondez à cet e-mail.",
        },
        Lang::En => Words {
            confirmation: ("Appointment confirmed", "Your appointment is confirmed."),
            change: ("Appointment moved", "Your appointment has been moved."),
            cancellation: ("Appointment cancelled", "Your appointment has been cancelled."),
            offer: ("A time has become free", "The time you are waiting for has become free."),
            reminder: ("Reminder", "This is a reminder of your appointment."),
            yours: "On your clock:",
            calendar: "For your calendar:",
            page: "See, move or cancel it:",
            kept: "We keep it for you until",
            accept: "Take it or leave it:",
            answer: "Cannot make it? Just answer this e-mail.",
        },
        Lang::Ar => Words {
            confirmation: ("تم تأكيد الموعد", "تم تأكيد موعدك."),
            change: ("تم تغيير الموعد", "تم تغيير موعدك."),
            cancellation: ("تم إلغاء الموعد", "تم إلغاء موعدك."),
            offer: ("أصبح موعد متاحًا", "أصبح الموعد الذي تنتظره متاحًا."),
            reminder: ("تذكير", "نذكّرك بموعدك."),
            yours: "بتوقيتك:",
            calendar: "للتقويم:",
            page: "لعرض الموعد أو نقله أو إلغائه:",
            kept: "نحجزه لك حتى الساعة",
            accept: "لقبوله أو رفضه:",
            answer: "لا يناسبك الموعد؟ أجب عن هذه الرسالة.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::{ledger::tests::at, state::tests::held};

    #[test]
    fn a_code_stands_in_the_text_and_never_in_the_subject() {
        let named =
            Named {
                service: "Prøvekjøring", business: "Nordlys Bil", calendar: None, page: None
            };
        for lang in Lang::ALL {
            let (subject, text) = code_letter("042137", lang, named);
            assert!(text.contains("042137") && text.contains("10"), "{text}");
            assert!(!subject.contains("042137") && subject.contains("Nordlys Bil"));
            let refusals = [
                CodeRefused::Wrong { left: 3 },
                CodeRefused::Wrong { left: 0 },
                CodeRefused::Over,
                CodeRefused::TooMany,
            ];
            let said: Vec<String> = refusals.map(|refused| code_refused(refused, lang)).into();
            assert!(said.iter().all(|sentence| sentence.ends_with('.')), "{said:?}");
            assert!(said[0].contains('3') && said[1] == said[2] && said[2] != said[3]);
        }
    }

    #[test]
    fn a_letter_tells_both_clocks_and_where_the_calendar_entry_is() {
        let (mut booking, _) = held();
        booking.wish.customer.zone = Some("Africa/Casablanca".into());
        let calendar = Some("https://forecourt.example/x.ics");
        let page = Some("https://forecourt.example/booking/x");
        let named = Named { service: "Prøvekjøring", business: "Nordlys Bil", calendar, page };
        let now = at("21T08:00");
        let (subject, text) = letter(LetterKind::Confirmation, &booking, Lang::Nb, named, now);
        assert_eq!(subject, "Timen er bekreftet: Prøvekjøring, tirsdag 24. november, 14:00");
        assert!(text.contains("14:00 (Europe/Oslo)\nHos deg: tirsdag 24. november, 14:00 (Afr"));
        assert!(text.contains("Til kalenderen: https://forecourt.example/x.ics"), "{text}");
        assert!(text.contains("avbestill timen: https://forecourt.example/booking/x"), "{text}");
        for lang in Lang::ALL {
            for kind in LetterKind::ALL {
                let (subject, text) = letter(kind, &booking, lang, named, now);
                assert!(subject.contains("Prøvekjøring") && text.contains("Nordlys Bil"));
            }
        }
    }
}
