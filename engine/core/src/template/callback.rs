//! What a customer is told of a call-back, in their language. Times are on the tenant's clock, with its zone.

use jiff::civil::{Date, DateTime};

use crate::{calendar, lang::Lang, settings::Brand};

/// A call is agreed, or moved: `at` and `today` are on the clock of `zone`, the tenant's.
pub fn agreed(lang: Lang, brand: &Brand, at: DateTime, today: Date, zone: &str) -> String {
    let name = &brand.name;
    let (date, time) = (calendar::date(lang, at.date(), today), calendar::time(lang, at.time()));
    match lang {
        Lang::Nb => format!("Avtalt: {name} ringer deg {date} kl. {time} ({zone})."),
        Lang::Fr => format!("C'est noté : {name} vous appelle {date} à {time} ({zone})."),
        Lang::En => format!("Agreed: {name} will call you on {date} at {time} ({zone})."),
        Lang::Ar => {
            format!("تم الاتفاق: سيتصل بك {name} {date} الساعة {time} (\u{2066}{zone}\u{2069}).")
        }
    }
}

/// The number is not known yet.
pub fn ask_number(lang: Lang) -> String {
    match lang {
        Lang::Nb => "Hvilket nummer skal vi ringe deg på?",
        Lang::Fr => "À quel numéro pouvons-nous vous appeler ?",
        Lang::En => "Which number should we call you on?",
        Lang::Ar => "على أي رقم نتصل بك؟",
    }
    .to_owned()
}

/// Other times can be chosen.
pub fn choose(lang: Lang) -> String {
    match lang {
        Lang::Nb => "Velg gjerne et annet tidspunkt nedenfor. Avtalen gjelder til du har valgt.",
        Lang::Fr => "Choisissez un autre horaire ci-dessous. L'appel prévu reste valable d'ici là.",
        Lang::En => "Please choose another time below. The agreed one stands until you have.",
        Lang::Ar => "اختر وقتًا آخر أدناه من فضلك. ويبقى الموعد المتفق عليه قائمًا حتى تختار.",
    }
    .to_owned()
}

/// The time they chose is somebody else's by now.
pub fn taken(lang: Lang) -> String {
    match lang {
        Lang::Nb => {
            "Det tidspunktet ble dessverre nettopp tatt. Velg gjerne et annet, eller skriv videre her."
        }
        Lang::Fr => {
            "Ce créneau vient malheureusement d'être pris. Choisissez-en un autre, ou continuez à écrire ici."
        }
        Lang::En => {
            "Sorry, that time has just been taken. Please choose another one, or go on writing here."
        }
        Lang::Ar => "عذرًا، حُجز هذا الوقت للتو. اختر وقتًا آخر، أو تابع الكتابة هنا.",
    }
    .to_owned()
}

/// The customer wants no call any more.
pub fn cancelled_by_you(lang: Lang) -> String {
    match lang {
        Lang::Nb => "Da ringer vi ikke. Skriv gjerne igjen når som helst.",
        Lang::Fr => "Nous n'appellerons donc pas. Écrivez-nous quand vous voulez.",
        Lang::En => "Then we will not call. Write again whenever you like.",
        Lang::Ar => "لن نتصل بك إذن. اكتب لنا في أي وقت تشاء.",
    }
    .to_owned()
}

/// The business cannot keep the time.
pub fn cancelled_by_us(lang: Lang) -> String {
    match lang {
        Lang::Nb => {
            "Vi får dessverre ikke ringt deg som avtalt. Velg gjerne et annet tidspunkt, eller skriv til oss her."
        }
        Lang::Fr => {
            "Nous ne pourrons malheureusement pas vous appeler comme prévu. Choisissez un autre horaire, ou écrivez-nous ici."
        }
        Lang::En => {
            "Sorry, we cannot call you as agreed. Please choose another time, or write to us here."
        }
        Lang::Ar => "عذرًا، لن نتمكن من الاتصال بك كما اتفقنا. اختر وقتًا آخر، أو اكتب لنا هنا.",
    }
    .to_owned()
}

/// Somebody called, and the customer did not take it.
pub fn unreached(lang: Lang) -> String {
    match lang {
        Lang::Nb => {
            "Vi ringte deg nå, men fikk ikke svar. Velg gjerne et annet tidspunkt, eller skriv til oss her."
        }
        Lang::Fr => {
            "Nous venons de vous appeler, sans réponse. Choisissez un autre horaire, ou écrivez-nous ici."
        }
        Lang::En => {
            "We have just called you and could not reach you. Please choose another time, or write to us here."
        }
        Lang::Ar => "اتصلنا بك للتو ولم نتلقَّ ردًا. اختر وقتًا آخر، أو اكتب لنا هنا.",
    }
    .to_owned()
}

/// The time has passed, and nobody has said that they called.
pub fn missed(lang: Lang) -> String {
    match lang {
        Lang::Nb => {
            "Beklager hvis vi ikke rakk å ringe deg som avtalt. En av oss er varslet, og følger deg opp her."
        }
        Lang::Fr => {
            "Désolé si nous n'avons pas pu vous appeler comme prévu. L'un de nous est prévenu et vous répondra ici."
        }
        Lang::En => {
            "Sorry if we did not manage to call you as agreed. One of us has been told, and will follow up here."
        }
        Lang::Ar => "نعتذر إن لم نتمكن من الاتصال بك كما اتفقنا. تم إبلاغ أحدنا وسيتابع معك هنا.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_agreed_call_names_who_calls_the_day_the_time_and_the_zone_in_every_language() {
        let brand = Brand {
            name: "Nordlys Bil".into(),
            phone: None,
            email: None,
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        };
        let (at, today) = (date(2026, 11, 24).at(10, 30, 0, 0), date(2026, 11, 23));
        for (lang, day, time) in [
            (Lang::Nb, "tirsdag 24. november", "10:30"),
            (Lang::Fr, "mardi 24 novembre", "10h30"),
            (Lang::En, "Tuesday 24 November", "10:30"),
            (Lang::Ar, "الثلاثاء 24 نوفمبر", "10:30"),
        ] {
            let text = agreed(lang, &brand, at, today, "Europe/Oslo");
            for part in ["Nordlys Bil", day, time, "Europe/Oslo"] {
                assert!(text.contains(part), "{text} lacks {part}");
            }
        }
    }

    #[test]
    fn every_text_is_its_own_in_every_language() {
        let texts = [
            ask_number as fn(Lang) -> String,
            choose,
            taken,
            cancelled_by_you,
            cancelled_by_us,
            unreached,
            missed,
        ];
        let all: std::collections::BTreeSet<String> =
            texts.iter().flat_map(|text| Lang::ALL.map(text)).collect();
        assert_eq!(all.len(), 28);
    }
}
