//! How a letter is written: words, headers, parts and encodings, read back as a mail program reads them.

use std::{fmt::Write as _, sync::Arc};

use forecourt_channels::letter::{Composed, LetterError, compose};
use forecourt_core::{
    booking::invite::Method,
    event::AlertReason,
    handoff::{HandoffNote, Missing},
    lang::Lang,
    webhook::PauseReason,
};
use forecourt_ports::sender::{CalendarEntry, Letter, Outgoing};
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

use crate::support::{delivery, noon, outgoing, settings, to};

fn written(outgoing: &Outgoing) -> Composed {
    compose(outgoing, noon()).unwrap()
}

fn read(composed: &Composed) -> Message<'_> {
    MessageParser::default().parse(&composed.bytes).unwrap()
}

fn text(message: &Message<'_>) -> String {
    message.body_text(0).unwrap().into_owned()
}

fn html(message: &Message<'_>) -> String {
    message.body_html(0).unwrap().into_owned()
}

fn header(composed: &Composed, name: &str) -> Option<String> {
    let message = read(composed);
    let raw = message.headers_raw().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1;
    Some(raw.replace("\r\n", "").trim().to_owned())
}

/// The headers as they stand on the wire, then both parts as a mail program shows them.
fn shown(composed: &Composed) -> String {
    let raw = String::from_utf8(composed.bytes.clone()).unwrap();
    let message = read(composed);
    let mut shown = raw.split("\r\n\r\n").next().unwrap().replace("\r\n", "\n");
    for (index, part) in message.parts.iter().enumerate().skip(1) {
        let (PartType::Text(body) | PartType::Html(body)) = &part.body else {
            panic!("part {index} is no text");
        };
        let kind = part.content_type().unwrap();
        let body = body.replace("\r\n", "\n");
        write!(shown, "\n\n=== {}/{} {:?}", kind.c_type, kind.subtype().unwrap(), part.encoding)
            .unwrap();
        write!(shown, "\n{}", body.trim_end()).unwrap();
    }
    shown
}

fn answer(lang: Lang) -> Outgoing {
    let said = match lang {
        Lang::Nb => {
            "Ja, Tesla Model 3 er fortsatt ledig til 249 000 kr.\n\nVil du prøvekjøre den på lørdag? Du kan velge tid her: https://nordlys.example/time?t=1&l=nb.\nVi har åpent fra 10 til 15."
        }
        Lang::Fr => {
            "Oui, la Renault Clio est toujours disponible à 12 900 €.\n\nSouhaitez-vous l'essayer samedi ?"
        }
        Lang::En => {
            "Yes, the Model 3 is still available.\n\nWould you like a test drive on Saturday?"
        }
        Lang::Ar => {
            "نعم، السيارة Tesla Model 3 ما زالت متوفرة.\n\nهل ترغب في تجربة قيادتها يوم السبت؟"
        }
    };
    let mut outgoing = outgoing(1);
    outgoing.lang = lang;
    outgoing.letter = Letter::Answer { subject: None, text: said.into() };
    outgoing.to = match lang {
        Lang::Ar => to("محمد علي", "m.ali@example.ae"),
        Lang::Fr => to("Zoé Lefèvre", "zoe@example.fr"),
        _ => to("Kari Nordmann", "kari@example.no"),
    };
    outgoing
}

fn alert(lang: Lang, reason: AlertReason) -> Outgoing {
    let mut outgoing = outgoing(2);
    outgoing.lang = lang;
    outgoing.to = to("", "selger@nordlys.example");
    outgoing.letter = Letter::Alert {
        customer: "Kari Nordmann".into(),
        vehicle: Some("Tesla Model 3 2022".into()),
        excerpt: "Hei, er den røde <b>Teslaen</b> fortsatt ledig?\nRing meg!".into(),
        reason,
        link: "https://nordlys.example/app/ses_1".into(),
        note: HandoffNote {
            asked: vec![
                "Hei, er den røde <b>Teslaen</b> fortsatt ledig?\nRing meg!".into(),
                "Hallo?".into(),
            ],
            promised: vec!["Takk! En av oss tar kontakt med deg så snart vi kan.".into()],
            held: Vec::new(),
            missing: vec![Missing::Contact],
        },
    };
    outgoing
}

#[test]
fn an_answer_reads_well_in_every_language() {
    for lang in Lang::ALL {
        insta::assert_snapshot!(format!("answer_{lang}"), shown(&written(&answer(lang))));
    }
}

#[test]
fn an_alert_tells_staff_what_to_do_in_every_language() {
    for lang in Lang::ALL {
        let outgoing = alert(lang, AlertReason::PromiseBroken);
        insta::assert_snapshot!(format!("alert_{lang}"), shown(&written(&outgoing)));
    }
}

#[test]
fn a_paused_endpoint_is_told_in_every_language_by_its_host_and_nothing_secret() {
    let mut seen = std::collections::BTreeSet::new();
    for lang in Lang::ALL {
        for why in [PauseReason::Member, PauseReason::Gone, PauseReason::Failing] {
            let mut outgoing = alert(lang, AlertReason::NotProven);
            outgoing.letter = Letter::EndpointPaused {
                url: "https://crm.example/hook/t0ken?key=s3cret".into(),
                why,
                link: "https://nordlys.example/app/webhooks".into(),
            };
            let composed = written(&outgoing);
            let said = text(&read(&composed));
            assert!(seen.insert(said.lines().next().unwrap().to_owned()), "{lang} {why:?}");
            assert!(said.contains("crm.example") && said.contains("/app/webhooks"), "{said}");
            assert!(!said.contains("t0ken") && !said.contains("s3cret"), "{said}");
            assert_eq!(header(&composed, "Auto-Submitted").as_deref(), Some("auto-generated"));
            assert_eq!(header(&composed, "List-Unsubscribe"), None);
        }
    }
}

#[test]
fn every_reason_has_words_of_its_own_in_every_language() {
    let reasons = [
        AlertReason::NoModelAnswer,
        AlertReason::NotProven,
        AlertReason::PromiseBroken,
        AlertReason::Undeliverable,
        AlertReason::Uncertain,
        AlertReason::StillWaiting,
        AlertReason::Quarantined,
    ];
    let mut seen = std::collections::BTreeSet::new();
    for lang in Lang::ALL {
        for reason in reasons {
            let composed = written(&alert(lang, reason));
            let first = text(&read(&composed)).lines().next().unwrap().to_owned();
            assert!(seen.insert(first), "{lang} {reason:?}");
        }
    }
    let soon = written(&alert(Lang::Nb, AlertReason::NoModelAnswer));
    assert_eq!(header(&soon, "Importance"), None);
    let now = written(&alert(Lang::Nb, AlertReason::PromiseBroken));
    assert_eq!(header(&now, "Importance").as_deref(), Some("high"));
}

#[test]
fn a_members_answer_is_signed_and_does_not_pass_for_a_program() {
    let mut outgoing = outgoing(3);
    outgoing.letter = Letter::MemberAnswer {
        subject: Some("Tesla Model 3".into()),
        text: "Hei Kari!\n\nJeg ringer deg i morgen.".into(),
        member: Some("Ola Selger".into()),
    };
    let composed = written(&outgoing);
    insta::assert_snapshot!("answer_of_a_member", shown(&composed));
    assert_eq!(header(&composed, "Auto-Submitted"), None);
    assert_eq!(header(&composed, "X-Auto-Response-Suppress"), None);
    let text = text(&read(&composed));
    assert!(text.contains("Ola Selger") && !text.contains("KI-assistenten"), "{text}");
    assert_eq!(text.matches("Hei").count(), 1, "greeted twice: {text}");
}

#[test]
fn a_booking_s_letter_carries_its_entry_as_a_part_and_as_a_file() {
    // What long lines, line ends and other alphabets could break.
    let entry = |method: Method| {
        let lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            &format!("METHOD:{}", method.as_str()),
            "BEGIN:VEVENT",
            "UID:bkg_1@forecourt.example",
            "SEQUENCE:2",
            "SUMMARY:تجربة قيادة · Prøvekjøring",
            &format!("DESCRIPTION:{}", "x".repeat(60)),
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ];
        CalendarEntry { method, text: lines.join("\r\n") }
    };
    for (method, name) in [(Method::Request, "REQUEST"), (Method::Cancel, "CANCEL")] {
        let mut outgoing = outgoing(11);
        outgoing.letter = Letter::Booking {
            subject: "Timen er bekreftet".into(),
            text: "Timen din er bekreftet.".into(),
            calendar: Some(entry(method)),
        };
        let composed = written(&outgoing);
        assert!(composed.bytes.is_ascii(), "7-bit");
        assert_eq!(header(&composed, "Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(header(&composed, "X-Auto-Response-Suppress").as_deref(), Some("All"));
        let message = read(&composed);
        assert!(text(&message).contains("Timen din er bekreftet."));
        let kinds: Vec<String> = message
            .parts
            .iter()
            .filter_map(|part| part.content_type())
            .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
            .collect();
        assert_eq!(
            kinds,
            [
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
                "text/html",
                "text/calendar",
                "application/ics",
            ]
        );
        let (part, file) = (&message.parts[4], &message.parts[5]);
        let kind = part.content_type().unwrap();
        assert_eq!(kind.attribute("method"), Some(name));
        assert_eq!(kind.attribute("charset"), Some("utf-8"));
        assert_eq!(part.contents(), entry(method).text.as_bytes(), "to the byte");
        assert_eq!(file.contents(), entry(method).text.as_bytes());
        assert_eq!(file.attachment_name(), Some("invite.ics"));
        let read: icalendar::Calendar =
            std::str::from_utf8(part.contents()).unwrap().parse().unwrap();
        assert_eq!(read.components.len(), 1);
    }
    let mut bare = outgoing(12);
    bare.letter = Letter::Booking { subject: "Kode".into(), text: "Hei".into(), calendar: None };
    assert!(read(&written(&bare)).parts.len() == 3, "without an entry a letter like any other");
}

#[test]
fn an_answer_carries_what_other_mail_programs_must_know() {
    let composed = written(&outgoing(7));
    let expected = [
        ("From", "\"Nordlys Bil\" <svar@mail.nordlys.example>"),
        ("Reply-To", "\"Nordlys Bil\" <post@nordlys.example>"),
        ("To", "\"Kari Nordmann\" <kari@example.no>"),
        ("Date", "Sat, 21 Nov 2026 10:00:00 +0000"),
        ("Message-ID", "<dlv_01930000000070008000000000000007@mail.nordlys.example>"),
        ("X-Forecourt-Delivery", "dlv_01930000000070008000000000000007"),
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", "nb"),
        ("MIME-Version", "1.0"),
        (
            "List-Unsubscribe",
            "<https://nordlys.example/u/tok_9f2c>, <mailto:post@nordlys.example?subject=unsubscribe>",
        ),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ];
    for (name, value) in expected {
        assert_eq!(header(&composed, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(header(&composed, "In-Reply-To"), None);
    assert!(composed.bytes.is_ascii() && !composed.needs_utf8);
    assert_eq!(
        (composed.from.to_string().as_str(), composed.to.to_string().as_str()),
        ("svar@mail.nordlys.example", "kari@example.no")
    );
}

#[test]
fn an_alert_is_marked_as_made_by_a_program_and_offers_no_unsubscribing() {
    let composed = written(&alert(Lang::Nb, AlertReason::StillWaiting));
    assert_eq!(header(&composed, "Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(header(&composed, "List-Unsubscribe"), None);
    assert_eq!(header(&composed, "List-Unsubscribe-Post"), None);
}

#[test]
fn a_letter_names_the_letters_before_it_the_last_twenty_at_most() {
    let mut outgoing = outgoing(99);
    outgoing.thread = (1..=25).map(delivery).collect();
    let composed = written(&outgoing);
    let id = |number| format!("<{}@mail.nordlys.example>", delivery(number));
    assert_eq!(header(&composed, "In-Reply-To"), Some(id(25)));
    let references = header(&composed, "References").unwrap();
    let named: Vec<&str> = references.split_whitespace().collect();
    assert_eq!(named.len(), 20);
    assert_eq!((named[0], named[19]), (id(6).as_str(), id(25).as_str()));
}

#[test]
fn the_same_message_at_the_same_time_gives_the_same_bytes() {
    assert_eq!(written(&answer(Lang::Ar)).bytes, written(&answer(Lang::Ar)).bytes);
}

#[test]
fn no_line_is_longer_than_a_mail_server_takes_and_all_end_in_crlf() {
    let mut long = answer(Lang::Ar);
    long.letter = Letter::Answer {
        subject: Some("س".repeat(3000)),
        text: format!("{}\n.\n..\n{}", "å".repeat(20_000), "word ".repeat(3000)),
    };
    long.thread = (1..=20).map(delivery).collect();
    long.unsubscribe_url = Some(format!("https://nordlys.example/u/{}", "t".repeat(600)));
    for outgoing in Lang::ALL.map(answer).into_iter().chain([long]) {
        let composed = written(&outgoing);
        let raw = String::from_utf8(composed.bytes).unwrap();
        for line in raw.split("\r\n") {
            assert!(line.len() <= 998, "{} bytes", line.len());
            assert!(!line.contains(['\r', '\n']), "a bare line end");
        }
    }
}

#[test]
fn nothing_from_outside_can_add_a_header_or_a_recipient() {
    let evil = "Kari\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>";
    let mut settings = settings();
    settings.brand.name = evil.into();
    settings.brand.phone = Some(evil.into());
    settings.brand.logo_url = Some("https://x.example/\"onerror=\"alert(1)".into());
    settings.brand.website = Some("javascript:alert(1)".into());
    settings.mail.from_name = evil.into();
    let mut first = outgoing(5);
    first.settings = Arc::new(settings);
    first.to = to(evil, "kari@example.no");
    first.letter = Letter::Answer { subject: Some(evil.into()), text: evil.into() };
    first.unsubscribe_url = Some("https://x.example/\r\nBcc: victim@example.org".into());
    let mut second = alert(Lang::En, AlertReason::Uncertain);
    second.letter = Letter::Alert {
        customer: evil.into(),
        vehicle: Some(evil.into()),
        excerpt: evil.into(),
        reason: AlertReason::Uncertain,
        link: "javascript:alert(1)".into(),
        note: HandoffNote {
            asked: vec![evil.into(); 9],
            promised: vec![evil.into(); 9],
            held: vec![evil.into()],
            missing: Vec::new(),
        },
    };
    for outgoing in [first, second] {
        let composed = written(&outgoing);
        let message = read(&composed);
        assert!(message.bcc().is_none());
        let names: Vec<&str> = message.headers().iter().map(mail_parser::Header::name).collect();
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "a header twice: {names:?}");
        let html = html(&message);
        assert!(!html.contains("<script") && !html.contains("\"onerror"), "{html}");
        assert!(!html.contains("href=\"javascript"), "{html}");
    }
}

#[test]
fn names_of_all_scripts_arrive_as_they_were_given() {
    for name in [
        "Kari \"Kaka\" Nordmann",
        "O'Brien, Pat; (jr) <x>",
        "back\\slash",
        "Åse Bjørnstad-Ødegård",
        "محمد عبد الرحمن بن علي",
        "Kari 🚗👩‍👩‍👧 Nordmann",
        "山田太郎",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
    ] {
        let mut outgoing = outgoing(6);
        outgoing.to = to(name, "kari@example.no");
        outgoing.letter = Letter::Answer { subject: Some(name.into()), text: "x".into() };
        let composed = written(&outgoing);
        let message = read(&composed);
        let recipient = message.to().unwrap().first().unwrap().clone();
        assert_eq!(recipient.address(), Some("kari@example.no"), "{name}");
        assert_eq!(recipient.name(), Some(name));
        assert_eq!(message.subject(), Some(format!("Re: {name}").as_str()));
    }
}

#[test]
fn a_name_that_advertises_is_neither_greeted_nor_shown() {
    let mut outgoing = outgoing(8);
    outgoing.to = to("Win a car at https://evil.example", "kari@example.no");
    let composed = written(&outgoing);
    let raw = String::from_utf8(composed.bytes.clone()).unwrap();
    assert!(!raw.contains("evil.example"));
    assert!(text(&read(&composed)).starts_with("Hei,"));
}

#[test]
fn an_address_beyond_ascii_asks_for_smtputf8_but_an_international_domain_does_not() {
    let mut outgoing = outgoing(9);
    outgoing.to = to("Åse", "åse@blåbær.example");
    let composed = written(&outgoing);
    assert!(composed.needs_utf8);
    assert_eq!(composed.to.to_string(), "åse@xn--blbr-roah.example");
    assert_eq!(
        read(&composed).to().unwrap().first().unwrap().address(),
        Some("åse@xn--blbr-roah.example")
    );

    outgoing.to = to("Åse", "ase@blåbær.example");
    let composed = written(&outgoing);
    assert!(!composed.needs_utf8 && composed.bytes.is_ascii());
}

#[test]
fn a_letter_that_cannot_be_written_says_why() {
    let mut broken = outgoing(10);
    broken.to = to("Kari", "kari@example.no\r\nRCPT TO:<x@y.no>");
    assert!(matches!(compose(&broken, noon()), Err(LetterError::Recipient)));

    let mut broken = outgoing(10);
    let mut settings = settings();
    settings.mail.from_address = "nobody".into();
    broken.settings = Arc::new(settings);
    assert!(matches!(compose(&broken, noon()), Err(LetterError::Sender)));

    let mut broken = outgoing(10);
    broken.letter = Letter::Answer { subject: None, text: " \r\n ".into() };
    assert!(matches!(compose(&broken, noon()), Err(LetterError::Empty)));
    broken.letter = Letter::Answer { subject: None, text: "a".repeat(70_000) };
    assert!(matches!(compose(&broken, noon()), Err(LetterError::TooLong)));
}

#[test]
fn without_a_page_to_unsubscribe_there_is_still_an_address_and_without_either_nothing() {
    let mut outgoing = outgoing(11);
    outgoing.unsubscribe_url = Some("not a url".into());
    let composed = written(&outgoing);
    assert_eq!(
        header(&composed, "List-Unsubscribe").as_deref(),
        Some("<mailto:post@nordlys.example?subject=unsubscribe>")
    );
    assert_eq!(header(&composed, "List-Unsubscribe-Post"), None);

    outgoing.unsubscribe_url = None;
    let composed = written(&outgoing);
    assert_eq!(header(&composed, "List-Unsubscribe"), None);
    assert!(!text(&read(&composed)).contains("Meld deg av"));
}
