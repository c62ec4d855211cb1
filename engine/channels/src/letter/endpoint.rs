//! What the letter says that tells of a paused endpoint, in each language that ships.

use forecourt_core::{lang::Lang, webhook::PauseReason};

/// The fixed words around it.
pub(super) struct Words {
    pub(super) subject: &'static str,
    pub(super) endpoint: &'static str,
    pub(super) open: &'static str,
}

pub(super) const fn words(lang: Lang) -> Words {
    match lang {
        Lang::Nb => Words {
            subject: "En webhook er satt på pause",
            endpoint: "Mottaker",
            open: "Åpne webhooks",
        },
        Lang::Fr => Words {
            subject: "Un webhook est en pause",
            endpoint: "Destinataire",
            open: "Ouvrir les webhooks",
        },
        Lang::En => {
            Words { subject: "A webhook is paused", endpoint: "Endpoint", open: "Open webhooks" }
        }
        Lang::Ar => Words {
            subject: "تم إيقاف أحد خطاطيف الويب مؤقتًا",
            endpoint: "الوجهة",
            open: "فتح خطاطيف الويب",
        },
    }
}

/// Why it was paused, and what to do.
pub(super) const fn reason(lang: Lang, why: PauseReason) -> &'static str {
    use PauseReason::{Failing, Gone, Member};
    match (lang, why) {
        (Lang::Nb, Gone) => {
            "Mottakeren svarte at adressen ikke finnes lenger (410). Ingenting sendes før dere åpner den igjen; hendelsene venter så lenge."
        }
        (Lang::Nb, Failing) => {
            "Mottakeren har ikke tatt imot noe på tre dager. Ingenting sendes før dere åpner den igjen; hendelsene venter så lenge."
        }
        (Lang::Nb, Member) => "En av dere har satt mottakeren på pause.",
        (Lang::Fr, Gone) => {
            "Le destinataire répond que l'adresse n'existe plus (410). Rien n'est envoyé avant que vous ne la réactiviez ; les événements attendent."
        }
        (Lang::Fr, Failing) => {
            "Le destinataire n'a rien accepté depuis trois jours. Rien n'est envoyé avant que vous ne le réactiviez ; les événements attendent."
        }
        (Lang::Fr, Member) => "L'un de vous a mis le destinataire en pause.",
        (Lang::En, Gone) => {
            "The endpoint answered that its address is gone (410). Nothing is sent until you resume it; the events wait."
        }
        (Lang::En, Failing) => {
            "The endpoint has accepted nothing for three days. Nothing is sent until you resume it; the events wait."
        }
        (Lang::En, Member) => "One of you paused the endpoint.",
        (Lang::Ar, Gone) => {
            "أجابت الوجهة بأن عنوانها لم يعد موجودًا (410). لن يُرسل أي شيء حتى تستأنفوها؛ الأحداث تنتظر."
        }
        (Lang::Ar, Failing) => {
            "لم تقبل الوجهة أي شيء منذ ثلاثة أيام. لن يُرسل أي شيء حتى تستأنفوها؛ الأحداث تنتظر."
        }
        (Lang::Ar, Member) => "أوقف أحدكم الوجهة مؤقتًا.",
    }
}
