//! What our letters say around the text, in each language that ships.
//!
//! Sentences take names by function, so that no language has to fit another one's word order.

use forecourt_core::{event::AlertReason, lang::Lang};

/// The subject when the answer has none of its own.
pub(super) fn subject(lang: Lang, brand: &str) -> String {
    match lang {
        Lang::Nb => format!("Svar på henvendelsen din hos {brand}"),
        Lang::Fr => format!("Réponse à votre demande chez {brand}"),
        Lang::En => format!("Reply to your enquiry at {brand}"),
        Lang::Ar => format!("رد على استفسارك لدى {brand}"),
    }
}

pub(super) fn greeting(lang: Lang, name: Option<&str>) -> String {
    let (hello, comma) = match lang {
        Lang::Nb => ("Hei", ","),
        Lang::Fr => ("Bonjour", ","),
        Lang::En => ("Hello", ","),
        Lang::Ar => ("مرحبًا", "،"),
    };
    name.map_or_else(|| format!("{hello}{comma}"), |name| format!("{hello} {name}{comma}"))
}

pub(super) const fn closing(lang: Lang) -> &'static str {
    match lang {
        Lang::Nb => "Med vennlig hilsen",
        Lang::Fr => "Cordialement,",
        Lang::En => "Kind regards,",
        Lang::Ar => "مع أطيب التحيات،",
    }
}

/// Words that begin a greeting; a text that begins with one gets no second greeting.
pub(super) const fn greetings(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Nb => &["hei", "hallo", "god dag", "god morgen", "god kveld", "kjære"],
        Lang::Fr => &["bonjour", "bonsoir", "cher", "chère", "madame", "monsieur"],
        Lang::En => {
            &["hi", "hello", "hey", "dear", "good morning", "good afternoon", "good evening"]
        }
        Lang::Ar => &["مرحبا", "مرحبًا", "أهلا", "أهلًا", "السلام عليكم", "عزيزي", "عزيزتي"],
    }
}

/// Words that begin a closing; a text whose last paragraph begins with one gets no second closing.
pub(super) const fn closings(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Nb => &["med vennlig hilsen", "vennlig hilsen", "hilsen", "mvh", "beste hilsen"],
        Lang::Fr => &["cordialement", "bien cordialement", "bien à vous", "salutations"],
        Lang::En => {
            &["kind regards", "best regards", "regards", "sincerely", "yours", "best wishes"]
        }
        Lang::Ar => &["مع أطيب التحيات", "مع تحيات", "مع خالص", "تحياتي"],
    }
}

/// Says that a program answers and how to reach a person (EU AI Act, article 50).
pub(super) fn automatic(lang: Lang, brand: &str) -> String {
    match lang {
        Lang::Nb => format!(
            "Dette er et automatisk svar fra KI-assistenten til {brand}. Svar på denne e-posten for å komme i kontakt med et menneske."
        ),
        Lang::Fr => format!(
            "Ceci est une réponse automatique de l'assistant IA de {brand}. Répondez à cet e-mail pour joindre une personne."
        ),
        Lang::En => format!(
            "This is an automatic answer from the AI assistant of {brand}. Reply to this mail to reach a person."
        ),
        Lang::Ar => format!(
            "هذا رد آلي من مساعد الذكاء الاصطناعي لدى {brand}. للتواصل مع شخص من فريقنا، يكفي الرد على هذه الرسالة."
        ),
    }
}

/// Says that a person answers, and why the mail came.
pub(super) fn personal(lang: Lang, brand: &str) -> String {
    match lang {
        Lang::Nb => {
            format!(
                "Du får denne e-posten fordi du har kontaktet {brand}. Svar gjerne direkte på den."
            )
        }
        Lang::Fr => format!(
            "Vous recevez cet e-mail parce que vous avez contacté {brand}. Vous pouvez y répondre directement."
        ),
        Lang::En => {
            format!(
                "You receive this mail because you contacted {brand}. You can reply to it directly."
            )
        }
        Lang::Ar => format!("وصلتك هذه الرسالة لأنك تواصلت مع {brand}. يمكنك الرد عليها مباشرة."),
    }
}

pub(super) fn unsubscribe(lang: Lang, brand: &str) -> String {
    match lang {
        Lang::Nb => format!("Meld deg av e-post fra {brand}"),
        Lang::Fr => format!("Se désabonner des e-mails de {brand}"),
        Lang::En => format!("Unsubscribe from mail by {brand}"),
        Lang::Ar => format!("إلغاء الاشتراك في رسائل {brand}"),
    }
}

/// Names of the lines below a letter and in an alert.
pub(super) struct Labels {
    pub(super) phone: &'static str,
    pub(super) email: &'static str,
    pub(super) address: &'static str,
    pub(super) website: &'static str,
    pub(super) customer: &'static str,
    pub(super) vehicle: &'static str,
    pub(super) urgency: &'static str,
    pub(super) wrote: &'static str,
    pub(super) open: &'static str,
    /// Between a label and its value.
    pub(super) colon: &'static str,
}

pub(super) const fn labels(lang: Lang) -> Labels {
    match lang {
        Lang::Nb => Labels {
            phone: "Telefon",
            email: "E-post",
            address: "Adresse",
            website: "Nettsted",
            customer: "Kunde",
            vehicle: "Kjøretøy",
            urgency: "Hastegrad",
            wrote: "Kunden skrev",
            open: "Åpne samtalen",
            colon: ": ",
        },
        Lang::Fr => Labels {
            phone: "Téléphone",
            email: "E-mail",
            address: "Adresse",
            website: "Site web",
            customer: "Client",
            vehicle: "Véhicule",
            urgency: "Urgence",
            wrote: "Le client a écrit",
            open: "Ouvrir la conversation",
            colon: "\u{a0}: ",
        },
        Lang::En => Labels {
            phone: "Phone",
            email: "Email",
            address: "Address",
            website: "Website",
            customer: "Customer",
            vehicle: "Vehicle",
            urgency: "Urgency",
            wrote: "The customer wrote",
            open: "Open the conversation",
            colon: ": ",
        },
        Lang::Ar => Labels {
            phone: "الهاتف",
            email: "البريد الإلكتروني",
            address: "العنوان",
            website: "الموقع الإلكتروني",
            customer: "العميل",
            vehicle: "المركبة",
            urgency: "درجة الاستعجال",
            wrote: "كتب العميل",
            open: "فتح المحادثة",
            colon: ": ",
        },
    }
}

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
        AlertReason::NoModelAnswer => Urgency::Soon,
        AlertReason::NotProven
        | AlertReason::PromiseBroken
        | AlertReason::Undeliverable
        | AlertReason::Uncertain
        | AlertReason::StillWaiting
        | AlertReason::Quarantined => Urgency::Now,
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

/// Why a person is needed, and what to do about it.
pub(super) const fn reason(lang: Lang, reason: AlertReason) -> &'static str {
    use AlertReason::{
        NoModelAnswer, NotProven, PromiseBroken, Quarantined, StillWaiting, Uncertain,
        Undeliverable,
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
    }
}
