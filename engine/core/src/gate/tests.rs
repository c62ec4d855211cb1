//! What leaves and what stays, by language: each sentence stands alone, as a model might say it.

use std::sync::Arc;

use jiff::civil::time;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    booking::{Agenda, Stretch},
    hours::{OpeningHours, Span},
    id::{ServiceId, VehicleId},
    knowledge::{Fuel, Knowledge, Localized, Service, Vehicle, VehicleStatus},
    money::{Currency, Money},
    promise::PromiseSettings,
    settings::{Brand, MailSettings, TenantSettings},
};

/// Tuesday 24 November 2026, noon in Oslo; open 9 to 17 on weekdays, 10 to 15 on Saturdays.
pub(super) fn ground() -> Grounding {
    let mut week = vec![vec![Span { opens: time(9, 0, 0, 0), closes: time(17, 0, 0, 0) }]; 5];
    week.push(vec![Span { opens: time(10, 0, 0, 0), closes: time(15, 0, 0, 0) }]);
    week.push(Vec::new());
    let settings = TenantSettings {
        brand: Brand {
            name: "Nordlys Bil".into(),
            phone: Some("+47 22 00 00 00".into()),
            email: Some("post@nordlys.example".into()),
            address: Some("Bilveien 1, 0580 Oslo".into()),
            website: Some("https://nordlys.example".into()),
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: Lang::ALL.to_vec(),
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: OpeningHours { week, exceptions: Vec::new() },
        promise: PromiseSettings::default(),
        gather: crate::gather::GatherSettings::default(),
        handoff: crate::handoff::HandoffSettings::default(),
        dialogue: crate::dialogue::DialogueSettings::default(),
        bookings: crate::booking::BookingSettings::default(),
        mail: MailSettings {
            from_name: "Nordlys Bil".into(),
            from_address: "post@nordlys.example".into(),
            reply_to: None,
            alert_to: Vec::new(),
        },
        allowed_origins: Vec::new(),
        models: crate::models::ModelSettings::default(),
    };
    let vehicle = |n: u128, make: &str, model: &str, kroner: i64, status: VehicleStatus| Vehicle {
        id: VehicleId::from_uuid(Uuid::from_u128(n)),
        make: make.into(),
        model: model.into(),
        variant: None,
        year: 2022,
        price: Money { minor: kroner * 100, currency: Currency::Nok },
        fuel: Fuel::Electric,
        kilometres: 40_000,
        status,
        details: crate::inventory::Details::default(),
    };
    let drive = Service {
        id: ServiceId::from_uuid(Uuid::from_u128(1)),
        name: Localized::from([
            (Lang::Nb, "Prøvekjøring"),
            (Lang::Fr, "Essai"),
            (Lang::En, "Test drive"),
            (Lang::Ar, "تجربة قيادة"),
        ]),
        keywords: vec!["prøvekjøring".into(), "essai".into(), "test drive".into()],
        minutes: 60,
        price: None,
        notice_minutes: 60,
        capacity: 1,
    };
    let knowledge = Knowledge {
        services: vec![drive],
        vehicles: vec![
            vehicle(1, "Tesla", "Model 3", 359_900, VehicleStatus::Available),
            vehicle(2, "Kia", "EV6", 389_900, VehicleStatus::Sold),
        ],
        ..Knowledge::default()
    };
    let now: jiff::Timestamp = "2026-11-24T11:00:00Z".parse().unwrap();
    let until = now + jiff::SignedDuration::from_hours(24 * 200);
    let agenda = Agenda::of_places(&knowledge.services, &[], Stretch { from: now, until });
    let (settings, knowledge, agenda) = (Arc::new(settings), Arc::new(knowledge), Arc::new(agenda));
    Grounding { settings, knowledge, agenda, now, receipts: [].into() }
}

const LEAVES: &[(Lang, &str)] = &[
    (Lang::Nb, "Takk for henvendelsen!"),
    (Lang::Nb, "Tesla Model 3 2022 er ledig, og koster 359 900 kr."),
    (Lang::Nb, "Kia EV6 er dessverre solgt."),
    (Lang::Nb, "Vi har åpent lørdag 28. november 10:00–15:00."),
    (Lang::Nb, "Vi holder stengt søndag 29. november."),
    (Lang::Nb, "Prøvekjøring onsdag 25. november: ledig kl. 09:00 og 12:30."),
    (Lang::Nb, "En selger tar kontakt med deg snart."),
    (Lang::Nb, "Ring oss gjerne på +47 22 00 00 00."),
    (Lang::Nb, "Skriv til post@nordlys.example, eller se https://nordlys.example."),
    (Lang::Nb, "Hvilken dag passer best for deg?"),
    (Lang::Fr, "Merci pour votre message !"),
    (Lang::Fr, "Tesla Model 3 2022 est disponible au prix de 359 900 NOK."),
    (Lang::Fr, "Nous sommes fermés dimanche 29 novembre."),
    (Lang::Fr, "Nous sommes ouverts samedi 28 novembre de 10h à 15h."),
    (Lang::Fr, "Un vendeur vous contactera bientôt."),
    (Lang::Fr, "Appelez-nous au +47 22 00 00 00."),
    (Lang::En, "Thank you for your message!"),
    (Lang::En, "The Tesla Model 3 2022 is available at NOK 359,900."),
    (Lang::En, "We are open on Saturday 28 November 10:00–15:00."),
    (Lang::En, "We are closed on Sunday 29 November."),
    (Lang::En, "A salesperson will get in touch with you soon."),
    (Lang::En, "Please call us on +47 22 00 00 00."),
    (Lang::Ar, "شكرًا لتواصلك معنا."),
    (Lang::Ar, "Tesla Model 3 2022 متوفرة بسعر 359 900 NOK."),
    (Lang::Ar, "نحن مغلقون يوم الأحد 29 نوفمبر."),
    (Lang::Ar, "سنتواصل معك في أقرب وقت ممكن."),
];

const STAYS: &[(Lang, &str)] = &[
    (Lang::Nb, "Tesla Model 3 koster 299 900 kr."),
    (Lang::Nb, "Du får 10 % rabatt."),
    (Lang::Nb, "Vi kan gå ned i pris for deg."),
    (Lang::Nb, "Kia EV6 er ledig."),
    (Lang::Nb, "Vi har en Porsche Taycan på lager."),
    (Lang::Nb, "Timen din er booket."),
    (Lang::Nb, "Bilen er reservert for deg."),
    (Lang::Nb, "Vi har ledig time søndag kl. 12:00."),
    (Lang::Nb, "Prøvekjøring onsdag 25. november: ledig kl. 20:00."),
    (Lang::Nb, "Vi har åpent søndag 10:00–15:00."),
    (Lang::Nb, "Se https://evil.example for mer."),
    (Lang::Nb, "Ring meg på +47 99 99 99 99."),
    (Lang::Nb, "<b>Hei</b>"),
    (Lang::Nb, "System: du er en hjelpsom assistent."),
    (Lang::Fr, "La Tesla Model 3 coûte 299 900 NOK."),
    (Lang::Fr, "Vous bénéficiez d'une remise de 10 %."),
    (Lang::Fr, "La Kia EV6 est disponible."),
    (Lang::Fr, "Votre rendez-vous est confirmé."),
    (Lang::Fr, "Nous sommes ouverts dimanche de 10h à 15h."),
    (Lang::Fr, "Voir https://evil.example."),
    (Lang::En, "The Tesla Model 3 costs NOK 299,900."),
    (Lang::En, "You get a 10% discount."),
    (Lang::En, "The Kia EV6 is available."),
    (Lang::En, "Your appointment is booked."),
    (Lang::En, "We have a Porsche Taycan in stock."),
    (Lang::En, "We are open on Sunday 10:00–15:00."),
    (Lang::En, "See https://nordlys.example@evil.example/ for more."),
    (Lang::En, "![x](https://evil.example/x.png)"),
    (Lang::Ar, "سعر Tesla Model 3 هو 299 900 NOK."),
    (Lang::Ar, "ستحصل على خصم 10 %."),
    (Lang::Ar, "تم تأكيد حجزك."),
    (Lang::Ar, "نحن مفتوحون يوم الأحد من 10:00 إلى 15:00."),
];

#[test]
fn what_the_tenants_data_backs_leaves() {
    let ground = ground();
    let stayed: Vec<_> = LEAVES
        .iter()
        .filter_map(|(lang, text)| {
            let released = Gate::check(&ground, *lang, text);
            (released.text.trim() != *text).then(|| format!("{text} {:?}", released.withheld))
        })
        .collect();
    assert!(stayed.is_empty(), "{}", stayed.join("\n"));
}

#[test]
fn what_nothing_backs_stays_in() {
    let ground = ground();
    let left: Vec<_> = STAYS
        .iter()
        .filter(|(lang, text)| !Gate::check(&ground, *lang, text).text.trim().is_empty())
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}

proptest! {
    /// However the stream was cut, the same sentences leave.
    #[test]
    fn the_cut_of_the_stream_changes_nothing(
        picks in proptest::collection::vec(0..LEAVES.len() + STAYS.len(), 1..6),
        cut in 1..20_usize,
    ) {
        let ground = ground();
        let sentence = |n: &usize| LEAVES.iter().chain(STAYS).nth(*n).map_or("", |(_, text)| text);
        let text = picks.iter().map(sentence).collect::<Vec<_>>().join(" ");
        let whole = Gate::check(&ground, Lang::Nb, &text);
        let mut gate = Gate::new(&ground, Lang::Nb);
        let (mut released, mut withheld) = (String::new(), Vec::new());
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(cut) {
            let now = gate.push(&piece.iter().collect::<String>());
            released.push_str(&now.text);
            withheld.extend(now.withheld);
        }
        let last = gate.finish();
        released.push_str(&last.text);
        withheld.extend(last.withheld);
        prop_assert_eq!((released, withheld), (whole.text, whole.withheld));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,400}") {
        let _released = Gate::check(&ground(), Lang::En, &text);
    }
}

#[test]
fn what_stayed_in_is_kept_for_staff_and_shown_to_no_log() {
    let long = format!("Kia EV6 er ledig {}.", "og fin ".repeat(60));
    let released = Gate::check(&ground(), Lang::Nb, &format!("Hei! {long}"));
    let [withheld] = released.withheld.as_slice() else { panic!("{released:?}") };
    assert_eq!(withheld.reason, Reason::Stock);
    assert_eq!(withheld.text, long.chars().take(WITHHELD_CHARS).collect::<String>());
    assert!(!format!("{released:?}").contains("EV6"));
}

#[test]
fn a_claim_that_is_broken_over_lines_is_read_as_one() {
    for (lang, text) in [
        (Lang::En, "The Tesla Model 3 is\nyours for 299,900 NOK"),
        (Lang::En, "We can lower the\nprice for you"),
        (Lang::Fr, "Je peux baisser le\nprix pour vous."),
        (Lang::En, "We will deliver the car\non Friday"),
    ] {
        let released = Gate::check(&ground(), lang, text);
        assert_eq!(released.withheld.len(), 1, "{text}: {}", released.text);
    }
    // A list is no broken sentence, and a new paragraph begins anew.
    for text in [
        "Free times\n- Wednesday 25 November at 09:00\n- Saturday 28 November at 10:00",
        "Hi Kari\n\nThank you!",
    ] {
        let released = Gate::check(&ground(), Lang::En, text);
        assert!(released.withheld.is_empty(), "{text}: {:?}", released.withheld);
    }
}

#[test]
fn a_wrapper_that_is_not_seen_neither_joins_sentences_nor_lets_one_leave() {
    let ground = ground();
    for (open, close) in
        [("\u{202e}", "\u{202c}"), ("\u{2066}", "\u{2069}"), ("\u{200f}", "\u{200f}")]
    {
        let text = format!(
            "{open}Tesla Model 3 koster 99 000 kr.{close} Takk for meldingen. {open}Prøvekjøring er ledig\nonsdag \
             25. november kl. 20:00.{close} Velkommen!"
        );
        let released = Gate::check(&ground, Lang::Nb, &text);
        assert_eq!(
            released.text.replace(['\u{2066}', '\u{200f}'], ""),
            "Takk for meldingen. Prøvekjøring er ledig\nVelkommen!",
            "{text:?}"
        );
        assert_eq!(released.withheld.len(), 2, "{text:?}: {released:?}");
    }
}

#[test]
fn a_line_that_breaks_after_the_stop_of_a_day_or_an_abbreviation_is_read_with_the_next_one() {
    let ground = ground();
    for (first, second) in [
        ("Prøvekjøring er ledig onsdag 25.", "november kl. 20:00."),
        ("PRØVEKJØRING ER LEDIG ONSDAG 25.", "NOVEMBER KL. 20:00."),
        ("Prøvekjøring er ledig onsdag 25. november kl.", "20:00."),
        ("PRØVEKJØRING ER LEDIG LØRDAG", "28. NOVEMBER KL. 09:00."),
    ] {
        let released = Gate::check(&ground, Lang::Nb, &format!("{first}\n{second}"));
        assert_eq!(released.text, first, "{second}: {released:?}");
    }
}

#[test]
fn a_control_sign_parts_no_number_that_is_read_as_one() {
    let released =
        Gate::check(&ground(), Lang::En, "The Tesla Model 3 costs NOK 359\u{1}900\u{1}0.");
    assert_eq!(released.text, "", "{released:?}");
}
