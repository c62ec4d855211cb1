//! What an alert says to staff, in each language that ships: how urgent it is, why, and what to do.

use forecourt_core::{event::AlertReason, handoff::Missing, lang::Lang};

/// How soon a person should come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// The customer has no answer, or may have none.
    Now,
    /// The customer has had a first answer and waits for the real one.
    Soon,
}

pub(super) const fn urgency(reason: AlertReason) -> Urgency {
    match reason {
        AlertReason::NoModelAnswer | AlertReason::TooLong => Urgency::Soon,
        AlertReason::NotProven
        | AlertReason::PromiseBroken
        | AlertReason::Undeliverable
        | AlertReason::Uncertain
        | AlertReason::StillWaiting
        | AlertReason::Quarantined
        | AlertReason::CustomerAsked
        | AlertReason::CallbackDue
        | AlertReason::CallbackMissed
        | AlertReason::Upset => Urgency::Now,
    }
}

pub(super) const fn urgency_words(lang: Lang, urgency: Urgency) -> &'static str {
    match (lang, urgency) {
        (Lang::Nb, Urgency::Now) => "Haster nå",
        (Lang::Nb, Urgency::Soon) => "Snart",
        (Lang::Fr, Urgency::Now) => "Urgent",
        (Lang::Fr, Urgency::Soon) => "Bientôt",
        (Lang::En, Urgency::Now) => "Act now",
        (Lang::En, Urgency::Soon) => "Soon",
        (Lang::Ar, Urgency::Now) => "عاجل الآن",
        (Lang::Ar, Urgency::Soon) => "قريبًا",
    }
}

/// The subject of an alert. `customer` is a name, or nothing.
pub(super) fn alert_subject(
    lang: Lang,
    urgency: Urgency,
    customer: Option<&str>,
    vehicle: Option<&str>,
) -> String {
    let tag = urgency_words(lang, urgency);
    let who = customer.unwrap_or(match lang {
        Lang::Nb => "En kunde",
        Lang::Fr => "Un client",
        Lang::En => "A customer",
        Lang::Ar => "عميل",
    });
    let waits = match lang {
        Lang::Nb => format!("{who} trenger en av dere"),
        Lang::Fr => format!("{who} a besoin de l'un de vous"),
        Lang::En => format!("{who} needs one of you"),
        Lang::Ar => format!("{who} بحاجة إلى أحدكم"),
    };
    let about = vehicle.map(|vehicle| format!(" – {vehicle}")).unwrap_or_default();
    format!("[{tag}] {waits}{about}")
}

/// Before what the assistant has told the customer.
pub(super) const fn told_label(lang: Lang) -> &'static str {
    match lang {
        Lang::Nb => "Assistenten har sagt",
        Lang::Fr => "L'assistant a dit",
        Lang::En => "The assistant has said",
        Lang::Ar => "قال المساعد",
    }
}

/// Before what is kept for the customer.
pub(super) const fn held_label(lang: Lang) -> &'static str {
    match lang {
        Lang::Nb => "Holdt av til kunden",
        Lang::Fr => "Réservé pour le client",
        Lang::En => "Held for the customer",
        Lang::Ar => "محجوز للعميل",
    }
}

/// Before what nobody knows of the customer.
pub(super) const fn missing_label(lang: Lang) -> &'static str {
    match lang {
        Lang::Nb => "Mangler",
        Lang::Fr => "Manque",
        Lang::En => "Missing",
        Lang::Ar => "غير معروف",
    }
}

pub(super) const fn missing(lang: Lang, what: Missing) -> &'static str {
    match (lang, what) {
        (Lang::Nb, Missing::Name) => "navn",
        (Lang::Nb, Missing::Contact) => "e-post eller telefon",
        (Lang::Nb, Missing::Vehicle) => "kjøretøy",
        (Lang::Fr, Missing::Name) => "nom",
        (Lang::Fr, Missing::Contact) => "e-mail ou téléphone",
        (Lang::Fr, Missing::Vehicle) => "véhicule",
        (Lang::En, Missing::Name) => "name",
        (Lang::En, Missing::Contact) => "mail address or phone",
        (Lang::En, Missing::Vehicle) => "vehicle",
        (Lang::Ar, Missing::Name) => "الاسم",
        (Lang::Ar, Missing::Contact) => "البريد الإلكتروني أو الهاتف",
        (Lang::Ar, Missing::Vehicle) => "المركبة",
    }
}

/// Between the words of a list.
pub(super) const fn comma(lang: Lang) -> &'static str {
    match lang {
        Lang::Ar => "، ",
        Lang::Nb | Lang::Fr | Lang::En => ", ",
    }
}

/// Why a person is needed, and what to do about it.
pub(super) const fn reason(lang: Lang, reason: AlertReason) -> &'static str {
    use AlertReason::{
        CallbackDue, CallbackMissed, CustomerAsked, NoModelAnswer, NotProven, PromiseBroken,
        Quarantined, StillWaiting, TooLong, Uncertain, Undeliverable, Upset,
    };
    match (lang, reason) {
        (Lang::Nb, NoModelAnswer) => {
            "Assistenten fant ikke noe svar i tide. Kunden har fått beskjed om at en av dere tar kontakt."
        }
        (Lang::Nb, NotProven) => {
            "Fristen er nær, og det er ikke bekreftet at kunden har fått svar. Ta kontakt selv."
        }
        (Lang::Nb, PromiseBroken) => "Fristen er brutt: Kunden har ikke fått svar. Ta kontakt nå.",
        (Lang::Nb, Undeliverable) => {
            "E-posten til kunden ble avvist for godt. Ta kontakt på en annen måte."
        }
        (Lang::Nb, Uncertain) => {
            "Det er uvisst om svaret nådde kunden. Spør kunden før noe sendes på nytt."
        }
        (Lang::Nb, StillWaiting) => "Kunden venter fortsatt på at en av dere svarer.",
        (Lang::Nb, Quarantined) => {
            "Samtalen stanset to ganger på en teknisk feil. Assistenten svarer ikke mer; en av dere må svare."
        }
        (Lang::Nb, CustomerAsked) => "Kunden har bedt om å få snakke med en av dere.",
        (Lang::Nb, Upset) => "Kunden er misfornøyd. Ta over samtalen så snart du kan.",
        (Lang::Nb, TooLong) => "Samtalen er blitt lang uten å komme i mål. En av dere bør ta over.",
        (Lang::Nb, CallbackDue) => {
            "Det er tid for å ringe kunden, som avtalt. Si fra i samtalen når du har ringt."
        }
        (Lang::Nb, CallbackMissed) => {
            "Kunden skulle bli oppringt, og ingen har sagt at de har ringt. Ta kontakt nå."
        }
        (Lang::Fr, NoModelAnswer) => {
            "L'assistant n'a pas trouvé de réponse à temps. Le client sait que l'un de vous va le contacter."
        }
        (Lang::Fr, NotProven) => {
            "Le délai approche et rien ne prouve que le client a reçu une réponse. Contactez-le vous-même."
        }
        (Lang::Fr, PromiseBroken) => {
            "Le délai est dépassé : le client n'a pas reçu de réponse. Contactez-le maintenant."
        }
        (Lang::Fr, Undeliverable) => {
            "L'e-mail au client a été refusé définitivement. Contactez-le par un autre moyen."
        }
        (Lang::Fr, Uncertain) => {
            "On ignore si la réponse est parvenue au client. Demandez-le-lui avant tout nouvel envoi."
        }
        (Lang::Fr, StillWaiting) => "Le client attend toujours une réponse de l'un de vous.",
        (Lang::Fr, Quarantined) => {
            "La conversation s'est arrêtée deux fois sur une erreur technique. L'assistant n'y répond plus ; répondez vous-même."
        }
        (Lang::Fr, CustomerAsked) => "Le client a demandé à parler à l'un de vous.",
        (Lang::Fr, Upset) => "Le client est mécontent. Reprenez la conversation dès que possible.",
        (Lang::Fr, TooLong) => {
            "La conversation s'allonge sans aboutir. L'un de vous devrait la reprendre."
        }
        (Lang::Fr, CallbackDue) => {
            "C'est l'heure d'appeler le client, comme convenu. Indiquez-le dans la conversation après l'appel."
        }
        (Lang::Fr, CallbackMissed) => {
            "Le client devait être appelé et personne n'a indiqué l'avoir fait. Contactez-le maintenant."
        }
        (Lang::En, NoModelAnswer) => {
            "The assistant found no answer in time. The customer was told that one of you will be in touch."
        }
        (Lang::En, NotProven) => {
            "The deadline is near and nothing proves that the customer got an answer. Get in touch yourself."
        }
        (Lang::En, PromiseBroken) => {
            "The deadline is broken: the customer has no answer. Get in touch now."
        }
        (Lang::En, Undeliverable) => {
            "The mail to the customer was refused for good. Get in touch another way."
        }
        (Lang::En, Uncertain) => {
            "It is unknown whether the answer reached the customer. Ask before anything is sent again."
        }
        (Lang::En, StillWaiting) => "The customer is still waiting for one of you.",
        (Lang::En, Quarantined) => {
            "The conversation stopped twice on a technical fault. The assistant no longer answers it; one of you must."
        }
        (Lang::En, CustomerAsked) => "The customer asked to talk to one of you.",
        (Lang::En, Upset) => {
            "The customer is unhappy. Take the conversation over as soon as you can."
        }
        (Lang::En, TooLong) => {
            "The conversation has become long without getting there. One of you should take it over."
        }
        (Lang::En, CallbackDue) => {
            "It is time to call the customer, as agreed. Say so in the conversation once you have."
        }
        (Lang::En, CallbackMissed) => {
            "The customer was to be called, and nobody has said that they were. Get in touch now."
        }
        (Lang::Ar, NoModelAnswer) => {
            "لم يجد المساعد إجابة في الوقت المحدد. أُبلغ العميل بأن أحدكم سيتواصل معه."
        }
        (Lang::Ar, NotProven) => {
            "اقترب الموعد النهائي ولا يوجد ما يثبت أن العميل تلقى ردًا. تواصلوا معه بأنفسكم."
        }
        (Lang::Ar, PromiseBroken) => "انقضى الموعد النهائي ولم يتلق العميل ردًا. تواصلوا معه الآن.",
        (Lang::Ar, Undeliverable) => {
            "رُفضت الرسالة الموجهة إلى العميل نهائيًا. تواصلوا معه بطريقة أخرى."
        }
        (Lang::Ar, Uncertain) => {
            "لا يُعرف إن كان الرد قد وصل إلى العميل. اسألوه قبل إرسال أي شيء من جديد."
        }
        (Lang::Ar, StillWaiting) => "ما زال العميل ينتظر ردًا من أحدكم.",
        (Lang::Ar, Quarantined) => {
            "توقفت المحادثة مرتين بسبب خطأ تقني. لن يرد المساعد عليها بعد الآن؛ يجب أن يرد أحدكم."
        }
        (Lang::Ar, CustomerAsked) => "طلب العميل التحدث إلى أحدكم.",
        (Lang::Ar, Upset) => "العميل مستاء. تولوا المحادثة في أقرب وقت ممكن.",
        (Lang::Ar, CallbackDue) => {
            "حان وقت الاتصال بالعميل كما اتُفق. سجّلوا ذلك في المحادثة بعد الاتصال."
        }
        (Lang::Ar, CallbackMissed) => {
            "كان من المفترض الاتصال بالعميل، ولم يسجّل أحد أنه اتصل. تواصلوا معه الآن."
        }
        (Lang::Ar, TooLong) => "طالت المحادثة دون أن تصل إلى نتيجة. ينبغي أن يتولاها أحدكم.",
    }
}
