//! Two sellers, the assistant and a customer in one conversation, from bad networks: everybody sees who is there,
//! nobody answers what was answered a second ago, and each message stands once and in order on every screen.

use std::time::Duration;

use fantoccini::{Locator, key::Key};
use forecourt_tests::{
    Forecourt, Options,
    browser::Browser,
    eventually,
    process::{PASSWORD, TENANT},
};
use serde_json::{Value, json};

async fn script(browser: &Browser, code: &str) -> Value {
    browser.page.execute(code, Vec::new()).await.expect("the script runs")
}

/// Waits until the page says `text` to whoever looks at it.
async fn says(browser: &Browser, text: &str) {
    eventually(text, async || {
        let page = script(browser, "return document.body.innerText").await;
        page.as_str().filter(|page| page.contains(text)).map(drop)
    })
    .await;
}

/// A seller signs in, and the list is live.
async fn sign_in(engine: &Forecourt, email: &str) -> Browser {
    let browser = Browser::open(1360, 860).await;
    browser.page.goto(&engine.at("/app/?lang=en")).await.unwrap();
    for (name, text) in [("tenant", TENANT), ("email", email), ("password", PASSWORD)] {
        let field = format!("input[name={name}]");
        let wait = browser.page.wait().at_most(Duration::from_secs(20));
        let field = wait.for_element(Locator::Css(&field)).await.expect("the sign-in");
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
    let enter = browser.page.active_element().await.unwrap();
    enter.send_keys(&Key::Enter.to_string()).await.unwrap();
    says(&browser, "Live").await;
    browser
}

/// Opens the newest lead.
async fn open_lead(browser: &Browser) {
    let row = browser.page.wait().at_most(Duration::from_secs(20));
    let row = row.for_element(Locator::Css("[data-lead] [data-stop]")).await.expect("the lead");
    row.click().await.unwrap();
    let field = browser.page.wait().at_most(Duration::from_secs(20));
    field.for_element(Locator::Css("[data-reply]")).await.expect("the conversation");
}

async fn write(browser: &Browser, text: &str) {
    let field = browser.page.find(Locator::Css("[data-reply]")).await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// Presses a button by its words.
async fn press(browser: &Browser, words: &str) {
    let press = format!(
        "const b = [...document.querySelectorAll('button')].find(b => b.textContent.trim() === {words:?}); b?.click(); return !!b;"
    );
    eventually(words, async || (script(browser, &press).await == json!(true)).then_some(())).await;
}

/// The messages on a seller's screen, without those that are on their way or being written.
async fn on_screen(browser: &Browser) -> Vec<String> {
    let read = "return [...document.querySelectorAll('.said:not([data-pending], .running) .bubble')].map(b => b.textContent)";
    texts(script(browser, read).await)
}

/// The widget's own document.
const WIDGET: &str =
    "const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot).find(r => r);";

/// The messages in the customer's window.
async fn in_widget(browser: &Browser) -> Vec<String> {
    let read = "return root ? [...root.querySelectorAll('[role=log] .bubble')].map(b => b.textContent) : [];";
    texts(script(browser, &format!("{WIDGET} {read}")).await)
}

fn texts(list: Value) -> Vec<String> {
    serde_json::from_value(list).expect("a list of texts")
}

async fn ask(customer: &Browser, text: &str) {
    let focus = "if (root && !root.querySelector('textarea')?.checkVisibility()) root.querySelector('.launcher').click(); root?.querySelector('textarea').focus(); return !!root;";
    let focus = format!("{WIDGET} {focus}");
    eventually("the chat", async || (script(customer, &focus).await == json!(true)).then_some(()))
        .await;
    let field = customer.page.active_element().await.unwrap();
    field.send_keys(text).await.unwrap();
    field.send_keys(&Key::Enter.to_string()).await.unwrap();
}

#[tokio::test]
async fn through_tunnel_takeover_collision_and_give_back_nobody_speaks_past_another() {
    let engine = Forecourt::start(Options { built_in_sink: true, ..Options::default() }).await;
    let customer = Browser::open(1000, 800).await;
    customer.page.goto(&engine.at(&format!("/demo/{TENANT}?lang=en"))).await.unwrap();
    ask(&customer, "Hi, is the Tesla Model 3 still available?").await;
    eventually("the assistant's answer", async || {
        (in_widget(&customer).await.len() >= 2).then_some(())
    })
    .await;

    // Everybody sees who is there.
    let ingrid = sign_in(&engine, &format!("demo@{TENANT}.example")).await;
    let amir = sign_in(&engine, &format!("amir@{TENANT}.example")).await;
    open_lead(&ingrid).await;
    open_lead(&amir).await;
    says(&ingrid, "Amir Haddad is looking at this").await;
    says(&amir, "Ingrid Solvang is looking at this").await;
    write(&amir, "Hello ").await;
    says(&ingrid, "Amir Haddad is writing an answer.").await;
    eventually("Amir's draft on Ingrid's screen", async || {
        let draft = script(&ingrid, "return document.querySelector('[data-reply]').value").await;
        (draft == json!("Hello ")).then_some(())
    })
    .await;

    // One takes over, and both see it.
    press(&ingrid, "Take over").await;
    says(&ingrid, "You are answering. The assistant is silent.").await;
    says(&amir, "Ingrid Solvang is answering. The assistant is silent.").await;

    eventually("the customer is told who speaks", async || {
        let told = script(&customer, &format!("{WIDGET} return root.textContent")).await;
        told.as_str().filter(|told| told.contains("Ingrid Solvang from ")).map(drop)
    })
    .await;

    // Amir answers from a tunnel what Ingrid answers meanwhile: his answer does not leave.
    amir.tunnel(true).await;
    says(&amir, "No network.").await;
    write(&ingrid, "from Ingrid: it is still here.").await;
    write(&ingrid, &Key::Enter.to_string()).await;
    eventually("Ingrid's answer", async || {
        let told = in_widget(&customer).await;
        told.iter().any(|text| text.contains("it is still here")).then_some(())
    })
    .await;
    write(&amir, "from Amir: it is sold.").await;
    write(&amir, &Key::Enter.to_string()).await;
    says(&amir, "Waiting for the connection").await;
    amir.tunnel(false).await;
    says(&amir, "Somebody wrote meanwhile. Your message has not left:").await;
    press(&amir, "Discard").await;

    // The customer writes from a tunnel: once, and after what was said.
    customer.tunnel(true).await;
    ask(&customer, "What are your opening hours?").await;
    customer.tunnel(false).await;
    eventually("the customer's question on both screens", async || {
        let asked =
            |all: &[String]| all.iter().filter(|text| text.contains("opening hours")).count();
        let (a, b) = (on_screen(&ingrid).await, on_screen(&amir).await);
        (asked(&a) == 1 && asked(&b) == 1).then_some(())
    })
    .await;

    // Given back, the assistant answers what is open, and all see the same.
    press(&ingrid, "Give back to the assistant").await;
    says(&amir, "The assistant is answering.").await;
    let all = eventually("the assistant's answer on all screens", async || {
        let (a, b) = (on_screen(&ingrid).await, on_screen(&amir).await);
        let told = in_widget(&customer).await;
        let answered =
            told.last().is_some_and(|text| !text.contains("opening hours")) && told.len() >= 5;
        (answered && a == told && b == told).then_some(told)
    })
    .await;
    assert!(!all.iter().any(|text| text.contains("it is sold")), "Amir spoke past Ingrid: {all:?}");
    for browser in [customer, ingrid, amir] {
        browser.close().await;
    }
}
