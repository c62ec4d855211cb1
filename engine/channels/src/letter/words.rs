//! What our letters say around the text, in each language that ships; alerts have [`super::alarm`].
//!
//! Sentences take names by function, so that no language has to fit another one's word order.

use forecourt_core::lang::Lang;

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
