//! Samples to render prompts with before they are used: a full one and an empty one, so that every
//! branch of a template meets its variables.

use std::borrow::Cow;

use forecourt_core::{lang::Lang, settings::Brand};

use super::{
    MEMBER_MARK, NOW, OPENING, PromptError, Prompts,
    spoken::{Form, OpeningView},
    view::{
        BookingLine, DayView, DoorsView, FaqView, FilesView, Moment, NowView, RulesView,
        ServiceView, SlotDay, SlotsView, VehicleView, language,
    },
};

/// Renders each part in every language and medium.
pub(super) fn check(prompts: &Prompts) -> Result<(), PromptError> {
    for medium in ["chat", "mail"] {
        for lang in Lang::ALL {
            for brand in [full_brand(), empty_brand()] {
                prompts.rules(&full_rules(&brand, lang, medium))?;
                prompts.rules(&empty_rules(&brand, lang, medium))?;
            }
        }
        for text in [Some("x"), None] {
            let text = text.map(Cow::Borrowed);
            let form = Form { name: text.clone(), vehicle_interest: text };
            prompts.part(OPENING, &OpeningView { medium, form })?;
        }
    }
    for open in [true, false] {
        prompts.part(NOW, &full_now(open))?;
    }
    prompts.part(NOW, &empty_now())?;
    Ok(())
}

fn full_brand() -> Brand {
    let some = || Some("x".to_owned());
    Brand {
        name: "x".into(),
        phone: some(),
        email: some(),
        address: some(),
        website: some(),
        logo_url: some(),
        color: "#000000".into(),
    }
}

fn empty_brand() -> Brand {
    Brand { phone: None, email: None, address: None, website: None, logo_url: None, ..full_brand() }
}

fn full_rules<'a>(brand: &'a Brand, lang: Lang, medium: &'static str) -> RulesView<'a> {
    RulesView {
        week: days(),
        services: vec![service(Some("1".into())), service(None)],
        vehicles: vec![VehicleView {
            title: "x".into(),
            price: "1".into(),
            fuel: "x",
            kilometres: 1,
            status: "x",
        }],
        vehicles_left_out: 1,
        faqs: vec![FaqView { question: "x", answer: "x" }],
        tools: true,
        books: true,
        ..empty_rules(brand, lang, medium)
    }
}

fn empty_rules<'a>(brand: &'a Brand, lang: Lang, medium: &'static str) -> RulesView<'a> {
    RulesView {
        brand,
        language: language(lang),
        medium,
        member_mark: MEMBER_MARK,
        zone: "Europe/Oslo",
        week: Vec::new(),
        services: Vec::new(),
        vehicles: Vec::new(),
        vehicles_left_out: 0,
        faqs: Vec::new(),
        tools: false,
        books: false,
    }
}

fn full_now(open: bool) -> NowView<'static> {
    let day = SlotDay { name: "x".into(), times: vec!["10:00".into(), "10:30".into()] };
    NowView {
        doors: DoorsView { open, closes: Some("17:00".into()), opens: Some("x".into()) },
        exceptions: days(),
        slots: vec![SlotsView { name: "x", days: vec![day] }],
        bookings: vec![BookingLine {
            id: "x".into(),
            name: "x",
            when: "x".into(),
            status: "held",
            until: Some("x".into()),
        }],
        files: Some(FilesView {
            new: vec!["1 picture that has arrived".into()],
            earlier: Some("2 files".into()),
        }),
        ..empty_now()
    }
}

fn empty_now() -> NowView<'static> {
    NowView {
        zone: "Europe/Oslo",
        now: Moment { date: "x".into(), time: "10:00".into() },
        doors: DoorsView { open: false, closes: None, opens: None },
        exceptions: Vec::new(),
        slots: Vec::new(),
        bookings: Vec::new(),
        files: None,
    }
}

fn days() -> Vec<DayView> {
    let day = |hours| DayView { name: "x".into(), hours };
    vec![day(Some("10:00–17:00".into())), day(None)]
}

fn service(price: Option<String>) -> ServiceView<'static> {
    ServiceView { name: "x", minutes: 30, price }
}
