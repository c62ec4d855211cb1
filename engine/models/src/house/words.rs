//! The phrases that tell what a customer wants; all four languages together, since a text may mix them.

use std::sync::OnceLock;

use forecourt_core::{knowledge::Fuel, reading::phrases::Phrases};

/// What a phrase points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    Greeting,
    Thanks,
    Hours,
    Slot,
    Price,
    Stock,
    Contact,
    Person,
    Fuel(Fuel),
}

const TABLE: &[(Cue, &str)] = &[
    (
        Cue::Greeting,
        "hei|hallo|heisann|god dag|god morgen|god kveld|hi|hello|hey|good morning|good afternoon|\
         good evening|bonjour|bonsoir|salut|مرحبا|اهلا|السلام عليكم|صباح الخير|مساء الخير",
    ),
    (Cue::Thanks, "takk|tusen takk|thanks|thank you|merci|شكرا|شكرا جزيلا"),
    (
        Cue::Hours,
        "åpningstid*|åpent|åpner|stenger|stengt|når har dere åp*|opening hours|open|opens|close|closes|closed|\
         closing time|horaires|ouvert|ouverte|ouverts|ouvrez|fermez|fermé|ferme|ouverture|fermeture|\
         ساعات العمل|مواعيد العمل|اوقات العمل|تفتحون|تفتح|تغلقون|تغلق|مفتوح|مفتوحين|مغلق|دوام",
    ),
    (
        Cue::Slot,
        "ledig time|ledige tider|ledig tid|time til|bestille|booke|book|booking|avtale|prøvekjør*|prøvetur|\
         appointment|slot|slots|schedule|reserve|come in|test drive|free time*|rendez vous|rdv|réserver|\
         créneau*|essai|essayer|disponibilités|موعد|حجز|احجز|اححز|تجربه قياده|تجربه القياده|تجربه",
    ),
    (
        Cue::Price,
        "pris|prisen|koster|hva koster|hvor mye|price|cost|costs|how much|prix|combien|coûte|tarif*|\
         سعر|كم سعر|بكم|ثمن|تكلفه|كم يكلف",
    ),
    (
        Cue::Stock,
        "på lager|har dere|ledig|tilgjengelig|solgt|bil|biler|elbil*|stasjonsvogn|in stock|have you got|do you have|\
         available|sold|car|cars|en stock|avez vous|disponible*|vendu*|voiture|voitures|متوفر*|سيار*|لديكم|عندكم",
    ),
    (
        Cue::Contact,
        "adresse|adressen|hvor er dere|hvor ligger|holder dere til|telefon*|ringe|epost|e post|mail|address|where are you|phone|\
         call you|email|reach you|où êtes|où se trouve|téléphone|appeler|joindre|courriel|عنوان|اين انتم|اين تقع*|هاتف|هاتفكم|هاتفك|الهاتف|رقمكم|بريد",
    ),
    (
        Cue::Person,
        "snakke med|menneske|en selger|person|speak to|talk to|human|salesperson|someone|parler à|un conseiller|\
         un vendeur|quelqu un|humain|اتحدث مع|موظف|شخص|بائع|مندوب",
    ),
    (Cue::Fuel(Fuel::Electric), "elbil*|elektrisk*|electric|ev|électrique*|كهربائي*"),
    (Cue::Fuel(Fuel::Hybrid), "hybrid*|hybride*|هجين*|هايبرد"),
    (Cue::Fuel(Fuel::Diesel), "diesel|ديزل"),
    (Cue::Fuel(Fuel::Petrol), "bensin*|petrol|gasoline|essence|بنزين"),
];

pub(super) fn cues() -> &'static Phrases<Cue> {
    static CUES: OnceLock<Phrases<Cue>> = OnceLock::new();
    CUES.get_or_init(|| Phrases::new(TABLE.iter().copied()))
}
