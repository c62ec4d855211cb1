//! Texts of the engine's own: the last rung of a promise, and the first line of a chat.
//!
//! They need no model and no network (A5), and claim nothing but that the message has arrived.

pub mod callback;

use jiff::civil::{Date, DateTime};

use crate::{calendar, lang::Lang, settings::Brand};

/// Stored with every answer that is a template; rises when a text changes its meaning.
pub const VERSION: &str = "template@1";

/// The answer that goes out when no model has one: the message has arrived, and a person follows.
pub fn last_rung(lang: Lang, brand: &Brand) -> String {
    let name = &brand.name;
    let mut text = match lang {
        Lang::Nb => format!(
            "Takk for henvendelsen til {name}. Vi har mottatt meldingen din, og en av oss tar kontakt med deg så snart vi kan."
        ),
        Lang::Fr => format!(
            "Merci d'avoir contacté {name}. Nous avons bien reçu votre message et l'un de nous vous répondra dès que possible."
        ),
        Lang::En => format!(
            "Thank you for contacting {name}. We have received your message, and one of us will get back to you as soon as we can."
        ),
        Lang::Ar => format!(
            "شكرًا لتواصلك مع {name}. لقد استلمنا رسالتك، وسيتواصل معك أحد أفراد فريقنا في أقرب وقت ممكن."
        ),
    };
    if let Some(phone) = &brand.phone {
        let call = match lang {
            Lang::Nb => format!(" Haster det, kan du ringe oss på {phone}."),
            Lang::Fr => format!(" Si c'est urgent, appelez-nous au {phone}."),
            Lang::En => format!(" If it is urgent, please call us on {phone}."),
            Lang::Ar => {
                format!(" وإذا كان الأمر عاجلًا، يمكنك الاتصال بنا على الرقم \u{2066}{phone}\u{2069}.")
            }
        };
        text += &call;
    }
    text
}

/// The same when the customer's yes has just made an appointment: it is told, and a person follows.
/// `at` and `today` are on the tenant's clock.
pub fn booked(lang: Lang, brand: &Brand, at: DateTime, today: Date) -> String {
    let name = &brand.name;
    let (date, time) = (calendar::date(lang, at.date(), today), calendar::time(lang, at.time()));
    match lang {
        Lang::Nb => format!(
            "Takk! Timen din hos {name} er booket: {date} kl. {time}. En av oss tar kontakt hvis det er noe mer."
        ),
        Lang::Fr => format!(
            "Merci ! Votre rendez-vous chez {name} est réservé : {date} à {time}. L'un de nous vous contactera si besoin."
        ),
        Lang::En => format!(
            "Thank you! Your appointment with {name} is booked: {date} at {time}. One of us will get in touch if there is anything else."
        ),
        Lang::Ar => format!(
            "شكرًا لك! تم حجز موعدك لدى {name}: {date} الساعة {time}. سيتواصل معك أحد أفراد فريقنا إذا لزم الأمر."
        ),
    }
}

/// A person was called: who wrote knows that somebody comes.
pub fn calling_a_person(lang: Lang, brand: &Brand) -> String {
    let name = &brand.name;
    match lang {
        Lang::Nb => format!(
            "Jeg henter en av oss hos {name}. En kollega svarer deg her så snart det lar seg gjøre."
        ),
        Lang::Fr => format!(
            "J'appelle l'un de nous chez {name}. Un collègue vous répondra ici dès que possible."
        ),
        Lang::En => format!(
            "I am getting one of us at {name}. A colleague will answer you here as soon as they can."
        ),
        Lang::Ar => format!("سأستدعي أحد أفراد فريق {name}. سيجيبك زميل هنا في أقرب وقت ممكن."),
    }
}

/// The customer has gone silent: nothing is lost, and they may write again at any time.
pub fn until_later(lang: Lang, brand: &Brand) -> String {
    let name = &brand.name;
    match lang {
        Lang::Nb => format!(
            "Da tar jeg pause her. Skriv gjerne igjen når som helst, så hjelper {name} deg videre."
        ),
        Lang::Fr => format!(
            "Je fais une pause ici. Écrivez-nous quand vous voulez : {name} reprendra avec vous."
        ),
        Lang::En => format!(
            "I will pause here. Write again whenever you like, and {name} will pick it up with you."
        ),
        Lang::Ar => format!("سأتوقف هنا الآن. اكتب لنا في أي وقت، وسيتابع {name} معك."),
    }
}

/// The first line of a chat; it says that a program speaks.
pub fn greeting(lang: Lang, brand: &Brand) -> String {
    let name = &brand.name;
    match lang {
        Lang::Nb => format!(
            "Hei! Jeg er den automatiske assistenten til {name}. Hva kan jeg hjelpe deg med?"
        ),
        Lang::Fr => format!(
            "Bonjour ! Je suis l'assistant automatique de {name}. Comment puis-je vous aider ?"
        ),
        Lang::En => format!("Hi! I am {name}'s automatic assistant. How can I help you?"),
        Lang::Ar => format!("مرحبًا! أنا المساعد الآلي لدى {name}. كيف يمكنني مساعدتك؟"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_texts_of_its_own_with_the_name_and_the_phone() {
        let brand = Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: None,
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        };
        let mut seen = std::collections::BTreeSet::new();
        for lang in Lang::ALL {
            let text = last_rung(lang, &brand);
            assert!(text.contains("Nordlys Bil") && text.contains("+47 22 00 00 00"), "{text}");
            assert!(greeting(lang, &brand).contains("Nordlys Bil"));
            assert!(seen.insert(text));
        }
    }
}
