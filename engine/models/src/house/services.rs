//! Which of the tenant's services a text asks for.
//!
//! A tenant names its services as it likes; customers say what they want done. Both are led to a
//! [`Family`], a kind of service that every trade knows; what a tenant wrote itself goes first.

use std::{collections::BTreeSet, sync::OnceLock};

use forecourt_core::{
    knowledge::Knowledge,
    reading::{Lexeme, lex, memo::Memo, phrases::Phrases},
};

/// A kind of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Drive,
    Tyres,
    Care,
    Oil,
    Repair,
    Inspection,
    Wash,
    Glass,
    Cooling,
    Brakes,
    Battery,
    Viewing,
    Rental,
    TradeIn,
    Advice,
    Pickup,
}

#[rustfmt::skip]
const FAMILIES: &[(Family, &str)] = &[
    (Family::Drive, "prøvekjør*|prøve kjøre|prøvetur*|prøve bilen|prøve den|prøve denne|kjøre en prøvetur|teste bilen|teste den|testkjør*|få kjørt den|få prøvd|prøve en|test drive|test drives|test driving|test-drive|testdrive|take it for a spin|take it for a drive|try it|try the car|try one|try out|try driving|drive it first|trial drive|for a spin|essai|essais|essayer|l'essayer|test de conduite|tester la voiture|la tester|le tester|conduire la voiture|prendre le volant|تجربه قياده|تجربه القياده|تجربه السياره|تجربه سياره|اجرب|نجرب|تجربتها|اجربها|نجربها|اقودها|قياده تجريبيه|تست درايف"),
    (Family::Tyres, "dekkskift*|hjulskift*|skifte dekk|skifte hjul|bytte dekk|bytte hjul|legge om dekk|omlegging|omlegg|vinterdekk*|sommerdekk*|piggdekk|dekkhotell|hjulene skiftet|dekkene skiftet|skiftet dekk|nye dekk|punktert|punktering|tyre*|tire change|tires|tire|winter wheels|wheel change|change my wheels|flat wheel|puncture|pneu|pneus|changement de roues|changer les roues|roues d'hiver|crevaison|permutation|اطار|اطارات|الاطارات|كفر|كفرات|عجل|عجلات|بنشر|بنشري"),
    (Family::Oil, "oljeskift*|skifte olje|bytte olje|olje skiftet|motorolje|oljefilter|oil change|change the oil|oil changed|oil and filter|new oil|vidange|changer l'huile|huile moteur|تغيير الزيت|تبديل الزيت|تغيير زيت|اغير الزيت|غيار زيت|زيت"),
    (Family::Inspection, "eu kontroll*|eu-kontroll*|eukontroll*|pkk|periodisk kontroll|kontrollfrist*|mot|mot test|roadworthiness|vehicle inspection|annual inspection|contrôle technique|le ct|contre visite|contre-visite|فحص دوري|الفحص الدوري|فحص السياره|الفحص السنوي|فحص فني|الفحص الفني"),
    (Family::Brakes, "bremse*|brems|brake*|frein*|plaquettes|فرامل|الفرامل|بريك|بريكات"),
    (Family::Battery, "batteriskift|nytt batteri|bytte batteri|batteriet er flatt|startbatteri|flatt batteri|battery|batterie|بطاريه|البطاريه"),
    (Family::Glass, "steinsprut|frontrute*|ruteskift|bilglass|sprukket rute|rute*|windscreen*|windshield*|chipped glass|cracked glass|pare brise|pare-brise|impact|vitre|زجاج|الزجاج"),
    (Family::Cooling, "aircondition*|air condition|klimaanlegg*|ac service|a/c|ac|klimaservice|air conditioning|aircon|air con|climatisation|clim|recharge clim|مكيف|المكيف|تكييف|التكييف|تعبئه فريون"),
    (Family::Wash, "bilvask*|vaske bilen|vask|polering*|polere|bilpleie|rens|innvendig rens|shampo*|car wash|wash the car|have it washed|washed|detailing|valet|valeting|polish|cleaning of the car|lavage|laver la voiture|nettoyage de la voiture|nettoyage intérieur|nettoyer|polissage|غسيل|غسل السياره|اغسل|تلميع|تنظيف السياره"),
    (Family::Care, "service|årsservice|årlig service|bilservice|servicetime|service på bilen|delservice|stor service|full service|annual service|serviced|maintenance|yearly service|vedlikehold|entretien|révision|révisions|réviser|صيانه|الصيانه|صيانه دوريه|سيرفس|خدمه دوريه"),
    (Family::Repair, "reparasjon*|reparere|reparert|fikse|fikset|feilsøk*|feilsøking|verksted*|motorlampe*|varsellampe*|ulyd|lyden|bulk|skade|skadetakst|rust|kobling*|clutch|gearkasse*|repair*|fix|fixed|fault|diagnos*|warning light|engine light|workshop|strange noise|dent|bodywork|garage|réparation*|réparer|panne|diagnostic|voyant|atelier|bruit|carrosserie|تصليح|اصلاح|صلح|عطل|اصلح|ورشه|الورشه|لمبه المحرك|صوت غريب|كمبيوتر"),
    (Family::Viewing, "visning*|se på bilen|se bilen|komme og se|ta en titt|kikke på|befaring|viewing|see the car|see it|have a look|look at it|look at the car|come and see|inspect the car|voir la voiture|la voir|le voir|venir voir|visite|visiter|معاينه|اعاين|اشوف السياره|اشوفها|رؤيه السياره|اري السياره"),
    (Family::Rental, "leie*|leiebil|utleie|hente leiebilen|rent|rental|rent a car|hire|hire a car|car hire|louer|location|تاجير|استاجر|ايجار|استئجار"),
    (Family::TradeIn, "innbytte*|bytte inn|takst|taksering|verdivurdering*|verdsett*|selge bilen|selge min|trade in|trade-in|part exchange|part-exchange|valuation|value my car|appraisal|sell my car|reprise|reprendre ma voiture|estimation|estimer|vendre ma voiture|استبدال|تقييم سيارتي|تقييم|بيع سيارتي|مبادله"),
    (Family::Advice, "rådgivning|veiledning|konsultasjon|kundemøte|salgsmøte|møte|prat om finansiering|consultation|advice|meeting|sales meeting|entretien conseil|conseil|consultation|réunion|استشاره|اجتماع|نصيحه"),
    (Family::Pickup, "henting*|hente bilen|utlevering*|overlevering|hente den nye|collect|collection|pick up|handover|delivery appointment|récupérer|livraison de la voiture|retirer la voiture|استلام|استلم|تسليم"),
];

/// Phrases of one language that hold a word of another, or of another family; they say nothing.
const NOTHING: &str = "customer service|kundeservice|service client|roadside|leien på|tired|no impact|خدمه العملاء|garage door";

fn families() -> &'static Phrases<Option<Family>> {
    static TABLE: OnceLock<Phrases<Option<Family>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let known = FAMILIES.iter().map(|(family, words)| (Some(*family), *words));
        Phrases::new(known.chain([(None, NOTHING)]))
    })
}

/// The kinds of service that a text names, in order, each once. Of phrases that overlap the longest counts.
pub(super) fn families_in(lexemes: &[Lexeme]) -> Vec<Family> {
    families_at(lexemes).into_iter().map(|(_, family)| family).collect()
}

fn families_at(lexemes: &[Lexeme]) -> Vec<(usize, Family)> {
    let mut found = families().find(lexemes);
    found.sort_by_key(|one| (one.first, std::cmp::Reverse(one.end)));
    let (mut end, mut seen) = (0, Vec::new());
    for one in found {
        if one.first < end {
            continue;
        }
        end = one.end;
        let is_new = |family: &Family| seen.iter().all(|(_, known)| known != family);
        if let Some(family) = one.meaning.filter(is_new) {
            seen.push((one.first, family));
        }
    }
    seen
}

/// The tenant's services, made ready: its own words for each, and their families.
#[derive(Debug)]
struct Ready {
    own: Phrases<usize>,
    families: Vec<BTreeSet<Family>>,
}

static READY: Memo<Ready> = Memo::new();

fn ready(knowledge: &Knowledge) -> Ready {
    let words = |service: &forecourt_core::knowledge::Service| {
        let names = service.name.0.values().cloned();
        names.chain(service.keywords.iter().cloned()).collect::<Vec<_>>()
    };
    let all: Vec<Vec<String>> = knowledge.services.iter().map(words).collect();
    let own =
        all.iter().enumerate().flat_map(|(at, words)| words.iter().map(move |w| (at, w.as_str())));
    let own = Phrases::new(own);
    let families = all
        .iter()
        .map(|words| words.iter().flat_map(|word| families_in(&lex(word))).collect())
        .collect();
    Ready { own, families }
}

/// What a text asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Indices of services, in the order they are named.
    pub(super) services: Vec<usize>,
    /// Several services of which one is meant.
    pub(super) among: Vec<usize>,
    /// A kind of service was named that the tenant has not.
    pub(super) not_offered: bool,
}

/// Which services a text names.
pub(super) fn wanted(knowledge: &std::sync::Arc<Knowledge>, lexemes: &[Lexeme]) -> Wanted {
    let ready = READY.of(knowledge, ready);
    let mut named: Vec<(usize, usize, usize)> =
        ready.own.find(lexemes).into_iter().map(|f| (f.first, f.end, f.meaning)).collect();
    named.sort_by_key(|(first, end, _)| (*first, std::cmp::Reverse(*end)));
    let mut services: Vec<(usize, usize)> = Vec::new();
    let (mut end, mut first_of_last) = (0, usize::MAX);
    for (first, until, service) in named {
        // At one place the longest name counts; of two of the same length either may be meant.
        if first < end && !(first == first_of_last && until == end) {
            continue;
        }
        (end, first_of_last) = (until, first);
        if services.iter().all(|(_, known)| *known != service) {
            services.push((first, service));
        }
    }
    let mut wanted = Wanted::default();
    for (at, family) in families_at(lexemes) {
        let of_family: Vec<usize> = (0..ready.families.len())
            .filter(|service| ready.families[*service].contains(&family))
            .collect();
        let is_known = |service: &usize| services.iter().any(|(_, known)| known == service);
        if of_family.iter().any(is_known) {
            continue;
        }
        match of_family.as_slice() {
            [] => wanted.not_offered = true,
            [one] => services.push((at, *one)),
            several => wanted.among.extend(several),
        }
    }
    services.sort_unstable();
    wanted.services = services.into_iter().map(|(_, service)| service).collect();
    wanted.not_offered &= wanted.services.is_empty() && wanted.among.is_empty();
    wanted
}

/// The first service of a family.
pub(super) fn of_family(knowledge: &std::sync::Arc<Knowledge>, family: Family) -> Option<usize> {
    let ready = READY.of(knowledge, ready);
    ready.families.iter().position(|families| families.contains(&family))
}
