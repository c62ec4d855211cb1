//! A lead comes in through a website's form: it is captured, answered by mail in its language within
//! seconds, and the dashboard sees it happen (S2-US-2.1, S2-US-3.1, S2-US-3.2, S2-US-3.4, S2-US-4.1).

use forecourt_tests::{
    Forecourt, PATIENCE, eventually,
    live::Live,
    people::person,
    process::{OTHER, TENANT},
};
use serde_json::{Value, json};

#[tokio::test]
async fn in_four_languages_and_seen_live_on_the_dashboard() {
    let mut engine = Forecourt::plain().await;
    let cookie = engine.sign_in(TENANT).await;
    let mut live = Live::connect(&engine, &cookie, None).await;
    assert_eq!(live.welcome["type"], "welcome");
    let mut secrets = Vec::new();
    for lang in ["nb", "fr", "en", "ar"] {
        let kari = person(lang, "mail");
        secrets.extend(kari.secrets());
        let answer = engine.post_form(TENANT, &kari.form()).await;
        assert_eq!(answer.status(), 200);
        let captured: Value = answer.json().await.unwrap();
        assert_eq!(captured["status"], "created");
        let lead = captured["lead_id"].as_str().unwrap().to_owned();

        let mail = engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.expect("an answer");
        let text = mail.text().expect("a plain text part");
        let html = mail.html().expect("an HTML part");
        assert!(text.contains(&kari.name) && html.contains(&kari.name), "greeted by name: {text}");
        assert!(text.contains("Tesla Model 3"), "the interest is confirmed: {text}");
        let sign = match lang {
            "nb" => "hilsen",
            "fr" => "cordialement",
            "en" => "regards",
            _ => "تحيات",
        };
        assert!(text.to_lowercase().contains(sign), "{lang}: {text}");
        assert!(html.contains(if lang == "ar" { "dir=\"rtl\"" } else { "dir=\"ltr\"" }));
        for (name, part) in [
            ("From", "Nordlys Bil"),
            ("Reply-To", "@"),
            ("Message-ID", "<dlv_"),
            ("List-Unsubscribe", "<http"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("Auto-Submitted", "auto-replied"),
        ] {
            let value = mail.header(name).unwrap_or_else(|| panic!("{lang}: no {name}"));
            assert!(value.contains(part), "{lang}: {name}: {value}");
        }

        let is_lead = |frame: &Value| frame["lead"]["lead_id"] == json!(lead);
        let new = live.until("the new lead", |f| is_lead(f) && f["event"] == "lead.captured").await;
        assert_eq!(new["lead"]["language"], lang);
        // From then on only what changed is told.
        let is_session = |frame: &Value| frame["session_id"] == new["session_id"];
        live.until("an answered lead", |f| is_session(f) && f["changes"]["status"] == "contacted")
            .await;
        let kept = live
            .until("the kept promise", |f| {
                is_session(f) && f["changes"]["promise"]["state"] == "kept"
            })
            .await;
        let after = kept["changes"]["promise"]["answered_after_ms"].as_i64().unwrap();
        assert!((0..20_000).contains(&after), "answered after {after} ms");
    }
    let page = engine.get_as(&cookie, "/v1/leads").await;
    assert_eq!((page["total"].as_i64(), page["per_page"].as_i64()), (Some(4), Some(25)));
    assert_eq!(page["leads"][0]["language"], "ar", "the newest stands first");
    engine.stop().await;
    engine.assert_logs_are_silent_about(&secrets);
}

#[tokio::test]
async fn a_form_sent_twice_is_one_lead_and_another_question_joins_it() {
    let engine = Forecourt::plain().await;
    let kari = person("nb", "twice");
    let first: Value = engine.post_form(TENANT, &kari.form()).await.json().await.unwrap();
    let again: Value = engine.post_form(TENANT, &kari.form()).await.json().await.unwrap();
    assert_eq!(
        (again["status"].as_str(), &again["lead_id"]),
        (Some("repeated"), &first["lead_id"])
    );
    engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.unwrap();

    let mut form = kari.form();
    form["message"] = json!("Og hva er åpningstidene deres på lørdag?");
    let more: Value = engine.post_form(TENANT, &form).await.json().await.unwrap();
    assert_eq!((more["status"].as_str(), &more["lead_id"]), (Some("appended"), &first["lead_id"]));
    let mails = eventually("the second answer", async || {
        Some(engine.mail.mails_to(&kari.email)).filter(|mails| mails.len() >= 2)
    })
    .await;
    assert_eq!(mails.len(), 2, "one answer per question");
    let references = mails[1].header("References").expect("the answers are one thread");
    assert!(references.contains(mails[0].message_id().unwrap().trim_matches(['<', '>'])));
    let cookie = engine.sign_in(TENANT).await;
    let lead = engine.lead_of(&cookie, &kari.email).await.unwrap();
    assert_eq!(lead["repeats"], 1);
}

#[tokio::test]
async fn a_plain_html_form_works_like_json_and_other_tenants_have_their_own_voice() {
    let engine = Forecourt::plain().await;
    let amelie = person("fr", "form");
    let form = [
        ("name", amelie.name.as_str()),
        ("email", &amelie.email),
        ("message", amelie.message),
        ("phone", ""),
    ];
    let url = engine.at(&format!("/v1/webhooks/form/{OTHER}"));
    let answer = engine.http.post(url).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let mail = engine.mail.wait_for_mail_to(&amelie.email, PATIENCE).await.unwrap();
    assert!(!mail.header("From").unwrap().contains("Nordlys"));
}

#[tokio::test]
async fn one_click_unsubscribes() {
    let engine = Forecourt::plain().await;
    let kari = person("nb", "unsubscribe");
    engine.post_form(TENANT, &kari.form()).await;
    let mail = engine.mail.wait_for_mail_to(&kari.email, PATIENCE).await.unwrap();
    let header = mail.header("List-Unsubscribe").unwrap();
    let link = header.split(['<', '>']).find(|part| part.starts_with("http")).unwrap();
    let page = engine.http.get(link).send().await.unwrap();
    assert_eq!(page.status(), 200, "GET only shows a page");
    let click = engine.http.post(link).body("List-Unsubscribe=One-Click");
    let click =
        click.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert!(click.status().is_success(), "{}", click.status());
    let forged = format!("{link}x");
    let forged = engine.http.post(forged).send().await.unwrap();
    assert!(forged.status().is_client_error());
}
