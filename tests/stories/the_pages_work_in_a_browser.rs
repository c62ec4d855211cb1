//! The pages in a real browser: a visitor chats on the dealer's website, a seller watches the lead arrive.

use std::time::Duration;

use fantoccini::{Locator, key::Key};
use forecourt_tests::{
    Forecourt, Options, browser::Browser, eventually, people::person, process::TENANT,
};
use serde_json::{Value, json};

async fn script(browser: &Browser, code: &str) -> Value {
    browser.page.execute(code, Vec::new()).await.expect("the script runs")
}

/// The widget's own document.
const WIDGET: &str =
    "const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot).find(r => r);";

#[tokio::test]
async fn a_visitor_chats_by_keyboard_and_the_conversation_survives_a_reload() {
    let engine = Forecourt::start(Options { built_in_sink: true, ..Options::default() }).await;
    let browser = Browser::open(1280, 900).await;
    browser.page.goto(&engine.at("/demo/nordlys-bil?lang=nb")).await.unwrap();
    let open = format!(
        "{WIDGET} const b = root && [...root.querySelectorAll('button')].find(b => b.checkVisibility()); if (b && !root.querySelector('textarea')?.checkVisibility()) b.click(); return !!b;"
    );
    eventually("the launcher", async || {
        (script(&browser, &open).await == json!(true)).then_some(())
    })
    .await;
    let focus = format!(
        "{WIDGET} const t = root.querySelector('textarea, input[type=text]'); if (t) t.focus(); return !!t;"
    );
    eventually("the text field", async || {
        (script(&browser, &focus).await == json!(true)).then_some(())
    })
    .await;
    let field = browser.page.active_element().await.unwrap();
    field.send_keys("Hei! Når har dere åpent på lørdag?").await.unwrap();
    field.send_keys(&Key::Enter.to_string()).await.unwrap();
    let text = format!("{WIDGET} return root ? root.textContent : '';");
    eventually("an answer with the hours", async || {
        let said = script(&browser, &text).await;
        said.as_str().filter(|said| said.contains("10") && said.contains("15")).map(drop)
    })
    .await;
    browser.page.refresh().await.unwrap();
    eventually("the conversation is back", async || {
        let _opened = script(&browser, &open).await;
        let said = script(&browser, &text).await;
        said.as_str().filter(|said| said.contains("Når har dere åpent på lørdag?")).map(drop)
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn a_seller_watches_a_lead_arrive_and_its_promise_kept() {
    let engine = Forecourt::start(Options { built_in_sink: true, ..Options::default() }).await;
    let browser = Browser::open(1280, 900).await;
    browser.page.goto(&engine.at("/app/")).await.unwrap();
    let demo =
        browser.page.wait().at_most(Duration::from_secs(20)).for_element(Locator::XPath(
            "//button[contains(translate(., 'DEMO', 'demo'), 'demo')]",
        ));
    demo.await.expect("the demo sign-in").click().await.unwrap();
    eventually("the empty list", async || {
        let page = browser.page.source().await.ok()?;
        page.contains("Nordlys").then_some(())
    })
    .await;
    let kari = person("nb", "browser");
    assert_eq!(engine.post_form(TENANT, &kari.form()).await.status(), 200);
    eventually("the lead with its kept promise", async || {
        let page = script(&browser, "return document.body.innerText").await;
        let page = page.as_str()?.to_owned();
        let answered =
            ["answered after", "besvart etter", "répondu en", "répondu après", "تم الرد"];
        (page.contains(&kari.name) && answered.iter().any(|a| page.to_lowercase().contains(a)))
            .then_some(())
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn a_form_on_the_website_shows_what_is_wrong_and_thanks_when_it_is_right() {
    let engine = Forecourt::start(Options { built_in_sink: true, ..Options::default() }).await;
    let browser = Browser::open(390, 844).await;
    browser.page.goto(&engine.at("/demo/nordlys-bil?lang=ar")).await.unwrap();
    // The direction is told by the document's first line, the form comes later.
    eventually("the page in Arabic with its form", async || {
        let ready = script(
            &browser,
            "return document.documentElement.dir === 'rtl' && !!document.querySelector('form')",
        );
        (ready.await == json!(true)).then_some(())
    })
    .await;
    let wide = script(
        &browser,
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1",
    );
    assert_eq!(wide.await, json!(true), "the page is wider than a phone");
    let fill = |email: &str| {
        format!(
            "const f = document.querySelector('form'); const set = (n, v) => {{ const e = f.elements[n]; e.value = v; e.dispatchEvent(new Event('input', {{bubbles: true}})); }};\
             f.noValidate = true; set('name', 'ليلى'); set('email', '{email}'); set('message', 'مرحبا'); f.requestSubmit(); return true;"
        )
    };
    script(&browser, &fill("leila@")).await;
    eventually("the field that is wrong", async || {
        let wrong =
            script(&browser, "return !!document.querySelector('form [aria-invalid=true]')").await;
        (wrong == json!(true)).then_some(())
    })
    .await;
    script(&browser, &fill("leila@kunde.example")).await;
    eventually("the lead", async || {
        let mail =
            engine.http.get(engine.at("/dev/mail.json")).send().await.ok()?.text().await.ok()?;
        mail.contains("leila@kunde.example").then_some(())
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn no_page_breaks_its_own_content_security_policy() {
    let engine = Forecourt::start(Options { built_in_sink: true, ..Options::default() }).await;
    let browser = Browser::open(1280, 900).await;
    for path in ["/", "/demo/nordlys-bil", "/app/", "/docs", "/dev/mail"] {
        let answer = engine.http.get(engine.at(path)).send().await.unwrap();
        if answer.status().is_success() {
            let policy = answer.headers()["content-security-policy"].to_str().unwrap();
            assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        }
        browser.page.goto(&engine.at(path)).await.unwrap();
        let watch = "return new Promise(done => { const seen = []; document.addEventListener('securitypolicyviolation', e => seen.push(e.violatedDirective + ' ' + e.blockedURI)); setTimeout(() => done(seen), 300); })";
        assert_eq!(script(&browser, watch).await, json!([]), "{path}");
    }
    browser.close().await;
}
