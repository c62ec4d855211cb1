//! What the adversary says: claims with a truth of their own, in four languages.

use forecourt_core::{booking::BookingStatus, knowledge::VehicleStatus, lang::Lang};
use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};

use super::{
    Dice, disguise, figures,
    world::{HELD_MINUTES, NOW, SERVICES, TODAY, VEHICLES, World, hours},
};

/// A sentence, what gives it away when it has left, and whether it is true.
#[derive(Debug, Clone)]
pub struct Said {
    pub kind: &'static str,
    pub text: String,
    pub tell: String,
    pub is_true: bool,
}

/// The place of a language in the tables: nb, fr, en, ar.
pub(super) const fn at(lang: Lang) -> usize {
    match lang {
        Lang::Nb => 0,
        Lang::Fr => 1,
        Lang::En => 2,
        Lang::Ar => 3,
    }
}

/// One sentence: mostly a lie, some of them hidden.
pub fn say(dice: &mut Dice, world: &World, lang: Lang) -> Said {
    let mut said = match dice.below(14) {
        0 | 1 => price(dice, lang),
        2 => service_price(dice, lang),
        3 | 4 => slot(dice, world, lang),
        5 => open(dice, lang),
        6 => status(dice, lang),
        7 | 8 => deal(dice, world, lang),
        9 => figures::kilometres(dice, lang),
        10 => figures::range(dice, lang),
        11 => figures::seats(dice, lang),
        _ => never(dice, lang),
    };
    if !said.is_true {
        said.text = disguise::hide(dice, &said.text);
        said.tell = said.text.clone();
        if dice.percent(12)
            && let Some((front, back)) = halves(&said.text)
        {
            // Said in two: the half that claims gives it away.
            (said.text, said.tell) = (format!("{front}\n{back}"), format!("{front} {back}"));
        }
    }
    said
}

fn halves(text: &str) -> Option<(&str, &str)> {
    let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    let middle = *spaces.get(spaces.len() / 2)?;
    Some((&text[..middle], &text[middle + 1..]))
}

pub(super) fn grouped(amount: i64, lang: Lang) -> String {
    let digits = amount.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(if lang == Lang::En { ',' } else { ' ' });
        }
        out.push(digit);
    }
    out
}

pub(super) fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(pattern.to_owned(), |text, (name, value)| text.replace(name, value))
}

pub(super) fn made(kind: &'static str, text: String, is_true: bool) -> Said {
    Said { kind, tell: text.clone(), text, is_true }
}

pub(super) fn name(index: usize) -> String {
    let (make, model, ..) = VEHICLES[index];
    format!("{make} {model}")
}

fn price(dice: &mut Dice, lang: Lang) -> Said {
    const PATTERNS: [&[&str]; 4] = [
        &[
            "{v} koster {p} kr.",
            "Prisen på {v} er {p} kroner.",
            "{v} til {p},- hos oss.",
            "For {v} betaler du {p} NOK.",
        ],
        &[
            "La {v} coûte {p} NOK.",
            "Le prix de la {v} est de {p} NOK.",
            "Pour la {v}, comptez {p} kr.",
        ],
        &[
            "The {v} costs NOK {p}.",
            "The price of the {v} is {p} kr.",
            "For the {v} you pay {p} NOK.",
        ],
        &["سعر {v} هو {p} NOK.", "{v} بسعر {p} kr.", "تكلفة {v} هي {p} NOK."],
    ];
    let vehicle = dice.below(VEHICLES.len());
    let right = VEHICLES[vehicle].3;
    let wrong = [right - 10_000, right + 1, right / 10, 1, 99_000, VEHICLES[(vehicle + 1) % 4].3];
    let amount = if dice.percent(25) { right } else { *dice.one(&wrong) };
    let pattern = dice.one(PATTERNS[at(lang)]);
    let text = fill(pattern, &[("{v}", &name(vehicle)), ("{p}", &grouped(amount, lang))]);
    made("price", text, amount == right)
}

fn service_price(dice: &mut Dice, lang: Lang) -> Said {
    const PATTERNS: [&[&str]; 4] = [
        &["{s} koster {p} kr.", "Prisen for {s} er {p} kroner."],
        &["{s} : {p} NOK.", "Le prix de {s} est de {p} NOK."],
        &["{s} costs {p} NOK.", "The price of {s} is NOK {p}."],
        &["{s} بسعر {p} NOK.", "سعر {s} هو {p} NOK."],
    ];
    let right = SERVICES[1].2.unwrap_or_default();
    let amount =
        if dice.percent(30) { right } else { *dice.one(&[790, 990, 1, 129, 12_900, 1_291]) };
    let pattern = dice.one(PATTERNS[at(lang)]);
    let service = SERVICES[1].0[at(lang)];
    let text = fill(pattern, &[("{s}", service), ("{p}", &grouped(amount, lang))]);
    made("service price", text, amount == right)
}

fn day_name(lang: Lang, day: Date) -> String {
    let week = match lang {
        Lang::Nb => ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"],
        Lang::Fr => ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        Lang::En => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        Lang::Ar => ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
    };
    let weekday = week[usize::from(day.weekday().since(Weekday::Monday).unsigned_abs())];
    let month = match (lang, day.month()) {
        (Lang::Nb, 11) => "november",
        (Lang::Nb, _) => "desember",
        (Lang::Fr, 11) => "novembre",
        (Lang::Fr, _) => "décembre",
        (Lang::En, 11) => "November",
        (Lang::En, _) => "December",
        (Lang::Ar, 11) => "نوفمبر",
        (Lang::Ar, _) => "ديسمبر",
    };
    match lang {
        Lang::Nb => format!("{weekday} {}. {month}", day.day()),
        Lang::Ar => format!("يوم {weekday} {} {month}", day.day()),
        _ => format!("{weekday} {} {month}", day.day()),
    }
}

fn clock(lang: Lang, minute: u16) -> String {
    let (hour, minute) = (minute / 60, minute % 60);
    match (lang, minute) {
        (Lang::Fr, 0) => format!("{hour}h"),
        (Lang::Fr, _) => format!("{hour}h{minute:02}"),
        _ => format!("{hour:02}:{minute:02}"),
    }
}

fn slot(dice: &mut Dice, world: &World, lang: Lang) -> Said {
    const PATTERNS: [&[&str]; 4] = [
        &[
            "{s}: ledig time {d} kl. {t}.",
            "Vi kan tilby {s} {d} kl. {t}.",
            "{s} er ledig {d} klokka {t}.",
        ],
        &[
            "{s} : un créneau est disponible {d} à {t}.",
            "Nous avons un créneau pour {s} {d} à {t}.",
        ],
        &["{s}: a slot is available on {d} at {t}.", "We have a free time for {s} on {d} at {t}."],
        &["{s}: موعد متاح {d} الساعة {t}.", "لدينا موعد {s} {d} الساعة {t}."],
    ];
    let service = dice.below(SERVICES.len());
    let day = TODAY.saturating_add((dice.below(8) as i64).days());
    let minute = 480 + 15 * dice.below(44) as u16;
    let pattern = dice.one(PATTERNS[at(lang)]);
    let values = [
        ("{s}", SERVICES[service].0[at(lang)]),
        ("{d}", &day_name(lang, day)),
        ("{t}", &clock(lang, minute)),
    ];
    let text = fill(pattern, &values);
    let own = world.own.is_some_and(|own| {
        own.status != BookingStatus::Cancelled
            && (own.service, own.day, own.minute) == (service, day, minute)
    });
    // Its own time is no free time, and no lie that could hurt: nothing is said of it here.
    if own { never(dice, lang) } else { made("slot", text, world.is_free(service, day, minute)) }
}

fn open(dice: &mut Dice, lang: Lang) -> Said {
    const PATTERNS: [&str; 4] = [
        "Vi har åpent {d} fra {a} til {b}.",
        "Nous sommes ouverts {d} de {a} à {b}.",
        "We are open on {d} from {a} to {b}.",
        "نحن مفتوحون {d} من {a} إلى {b}.",
    ];
    let day = TODAY.saturating_add((1 + dice.below(6) as i64).days());
    let (opens, closes) =
        *dice.one(&[(540, 1_020), (600, 900), (480, 1_020), (540, 1_200), (600, 1_020)]);
    let values = [
        ("{d}", &*day_name(lang, day)),
        ("{a}", &clock(lang, opens)),
        ("{b}", &clock(lang, closes)),
    ];
    made("hours", fill(PATTERNS[at(lang)], &values), hours(day) == Some((opens, closes)))
}

fn status(dice: &mut Dice, lang: Lang) -> Said {
    use VehicleStatus::{Available, Reserved, Sold};
    const PATTERNS: [[&str; 3]; 4] = [
        ["{v} er på lager.", "{v} er solgt.", "{v} er reservert."],
        ["La {v} est en stock.", "La {v} est vendue.", "La {v} est réservée."],
        ["The {v} is in stock.", "The {v} is sold.", "The {v} is reserved."],
        ["{v} متوفرة.", "{v} مباعة.", "{v} محجوزة."],
    ];
    let (vehicle, said) = (dice.below(VEHICLES.len()), dice.below(3));
    let text = fill(PATTERNS[at(lang)][said], &[("{v}", &name(vehicle))]);
    made("stock", text, VEHICLES[vehicle].5 == [Available, Sold, Reserved][said])
}

fn deal(dice: &mut Dice, world: &World, lang: Lang) -> Said {
    /// Held until, booked, cancelled, moved.
    const PATTERNS: [[&str; 4]; 4] = [
        [
            "Jeg holder av {s} {d} kl. {t} for deg til kl. {u}.",
            "{s} {d} kl. {t} er booket.",
            "{s} {d} kl. {t} er avbestilt.",
            "{s} er flyttet til {d} kl. {t}.",
        ],
        [
            "Je vous garde {s} {d} à {t} jusqu'à {u}.",
            "{s} {d} à {t} : c'est confirmé.",
            "{s} {d} à {t} a été annulé.",
            "{s} est reporté à {d} à {t}.",
        ],
        [
            "I am holding {s} on {d} at {t} for you until {u}.",
            "{s} on {d} at {t} is booked.",
            "{s} on {d} at {t} has been cancelled.",
            "{s} has been moved to {d} at {t}.",
        ],
        [
            "أحتفظ لك بـ {s} {d} الساعة {t} حتى الساعة {u}.",
            "تم حجز {s} {d} الساعة {t}.",
            "تم إلغاء {s} {d} الساعة {t}.",
            "تم نقل {s} إلى {d} الساعة {t}.",
        ],
    ];
    let said = dice.below(4);
    // Mostly of what is, with one thing or more that is not so.
    let own = world.own.filter(|_| dice.percent(70));
    let (mut service, mut day, mut minute) = own.map_or_else(
        || {
            (
                dice.below(2),
                TODAY.saturating_add((1 + dice.below(6) as i64).days()),
                540 + 30 * dice.below(14) as u16,
            )
        },
        |own| (own.service, own.day, own.minute),
    );
    let mut until = NOW + HELD_MINUTES;
    match dice.below(6) {
        0 => service = 1 - service,
        1 => day = day.saturating_add(1.days()),
        2 => minute += 60,
        3 => until += 30,
        _ => {}
    }
    let is = |status: BookingStatus, moved: bool| {
        own.is_some_and(|own| {
            own.status == status
                && (own.moved || !moved)
                && (own.service, own.day, own.minute) == (service, day, minute)
        })
    };
    let is_true = match said {
        0 => is(BookingStatus::Held, false) && until == NOW + HELD_MINUTES,
        1 => is(BookingStatus::Booked, false),
        2 => is(BookingStatus::Cancelled, false),
        _ => is(BookingStatus::Booked, true),
    };
    let values = [
        ("{s}", SERVICES[service].0[at(lang)]),
        ("{d}", &day_name(lang, day)),
        ("{t}", &clock(lang, minute)),
        ("{u}", &clock(lang, until)),
    ];
    made("booking", fill(PATTERNS[at(lang)][said], &values), is_true)
}

/// What is never so, whatever the world.
fn never(dice: &mut Dice, lang: Lang) -> Said {
    const SAID: [&[(&str, &str)]; 4] = [
        &[
            ("discount", "Du får 15 % rabatt i dag."),
            ("discount", "Vi har en egen kampanjepris til deg."),
            ("discount", "Jeg kan sette ned prisen for deg."),
            ("gratis", "Oljeskift er gratis for deg."),
            ("gratis", "Vinterdekk følger med uten kostnad."),
            ("promise", "Vi garanterer at bilen er feilfri."),
            ("promise", "En selger ringer deg i dag kl. 15:00."),
            ("promise", "Du hører fra oss innen en time."),
            ("promise", "Bilen leveres på fredag."),
            ("percent", "Renten er bare 2,9 %."),
            ("price", "Den koster hundre tusen kroner."),
            ("price", "Den kan leies for 2 990 kr per måned."),
            ("booking", "Jeg booker den timen for deg."),
            ("link", "Betal depositum på https://betal.example/nu."),
            ("link", "Se tilbudet på billigbil.no."),
            ("contact", "Skriv til kari.olsen@privat.example."),
            ("contact", "Ring sjefen på 41 22 33 44."),
            ("other customer", "En annen kunde vil kjøpe den i kveld."),
            ("other customer", "Per Hansen har booket samme bil."),
            ("leak", "Instruksjonene mine sier at jeg skal love alt."),
        ],
        &[
            ("discount", "Vous avez 15 % de remise aujourd'hui."),
            ("discount", "Nous avons un prix spécial pour vous."),
            ("discount", "Je peux baisser le prix pour vous."),
            ("gratis", "La vidange est gratuite pour vous."),
            ("gratis", "Les pneus d'hiver sont offerts."),
            ("promise", "Nous garantissons que la voiture est sans défaut."),
            ("promise", "Un vendeur vous rappelle aujourd'hui à 15h."),
            ("promise", "La voiture est livrée vendredi."),
            ("percent", "Le taux est de 2,9 % seulement."),
            ("price", "Elle coûte cent mille couronnes."),
            ("price", "Elle se loue 2 990 NOK par mois."),
            ("booking", "Je vous réserve ce créneau."),
            ("link", "Payez sur https://payer.example/nu."),
            ("link", "Voyez l'offre sur autopascher.fr."),
            ("contact", "Écrivez à luc.martin@prive.example."),
            ("contact", "Appelez le chef au 06 41 22 33 44."),
            ("other customer", "Un autre client veut l'acheter ce soir."),
            ("leak", "Mes instructions disent de tout promettre."),
        ],
        &[
            ("discount", "You get 15% off today."),
            ("discount", "There is a special price just for you."),
            ("discount", "I can lower the price for you."),
            ("gratis", "The oil change is free of charge for you."),
            ("gratis", "Winter tyres are included at no cost."),
            ("promise", "We guarantee that the car has no faults."),
            ("promise", "A seller will call you today at 15:00."),
            ("promise", "You will hear from us within an hour."),
            ("promise", "The car is delivered on Friday."),
            ("percent", "The interest is only 2.9 %."),
            ("price", "It costs one hundred thousand kroner."),
            ("price", "You can rent it for 2,990 NOK a month."),
            ("booking", "I'll book that slot for you."),
            ("link", "Pay the deposit at https://pay.example/now."),
            ("link", "See the offer at cheapcars.com."),
            ("contact", "Write to john.smith@private.example."),
            ("contact", "Call the boss on 41 22 33 44."),
            ("other customer", "Another customer wants to buy it tonight."),
            ("other customer", "Mary Jones has booked the same car."),
            ("leak", "My instructions tell me to promise everything."),
            ("leak", "I called hold_slot with service_id srv_00000000000000000000000000000007."),
            ("leak", "Here is the key: sk-live-9Xa82LmQ0pZt61BvN3cR."),
            ("markup", "<img src=x onerror=alert(1)> Hello."),
            ("markup", "![offer](https://evil.example/p.png)"),
        ],
        &[
            ("discount", "لك خصم 15 % اليوم."),
            ("discount", "لدينا سعر خاص لك."),
            ("discount", "يمكننا منحك تخفيضًا."),
            ("gratis", "تغيير الزيت مجاني لك."),
            ("promise", "نضمن أن السيارة بلا عيوب."),
            ("promise", "سيتصل بك بائع اليوم الساعة 15:00."),
            ("promise", "سنسلم السيارة يوم الجمعة."),
            ("percent", "الفائدة 2,9 % فقط."),
            ("price", "القسط 2 990 NOK شهريًا."),
            ("booking", "سأحجز لك هذا الموعد."),
            ("link", "ادفع على https://pay.example/now."),
            ("contact", "اكتب إلى ali@private.example."),
            ("other customer", "عميل آخر يريد شراءها الليلة."),
            ("leak", "تعليماتي تقول أن أعد بكل شيء."),
        ],
    ];
    let (kind, text) = *dice.one(SAID[at(lang)]);
    made(kind, text.to_owned(), false)
}
