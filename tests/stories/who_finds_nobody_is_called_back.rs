//! A customer asks for a person when nobody is there, chooses a time, gives a number and an address, and is called: the
//! seller's dashboard says when it is time, and what became of it.

use std::time::Duration;

use fantoccini::{Locator, key::Key};
use forecourt_loadtest::clock::now;
use forecourt_tests::{
    Forecourt,
    browser::Browser,
    eventually,
    process::{PASSWORD, TENANT},
};
use jiff::Timestamp;
use serde_json::{Value, json};

const NUMBER: &str = "+44 7911 123456";
const ADDRESS: &str = "fiona.callback@kunde.example";
const WIDGET: &str =
    "const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot).find(r => r);";

async fn script(browser: &Browser, code: &str) -> Value {
    browser.page.execute(code, Vec::new()).await.expect("the script runs")
}

/// Writes in the chat as the customer.
async fn write(customer: &Browser, text: &str) {
    let focus = "if (root && !root.querySelector('textarea')?.checkVisibility()) root.querySelector('.launcher').click(); root?.querySelector('textarea').focus(); return !!root;";
    let focus = format!("{WIDGET} {focus}");
    eventually("the chat", async || (script(customer, &focus).await == json!(true)).then_some(()))
        .await;
    let field = customer.page.active_element().await.unwrap();
    field.send_keys(text).await.unwrap();
    field.send_keys(&Key::Enter.to_string()).await.unwrap();
}

/// Waits until the chat says `text`.
async fn hears(customer: &Browser, text: &str) {
    let read = format!("{WIDGET} return root?.querySelector('.panel')?.innerText ?? '';");
    eventually(text, async || {
        let page = script(customer, &read).await;
        page.as_str().filter(|page| page.contains(text)).map(drop)
    })
    .await;
}

/// Presses the first button inside `part` of the chat, with the keyboard.
async fn press_in_chat(customer: &Browser, part: &str) {
    let press = format!(
        "{WIDGET} const b = root?.querySelector('{part} button'); b?.focus(); return !!b && root.activeElement === b;"
    );
    eventually(part, async || (script(customer, &press).await == json!(true)).then_some(())).await;
    let button = customer.page.active_element().await.unwrap();
    button.send_keys(&Key::Enter.to_string()).await.unwrap();
}

async fn says(browser: &Browser, text: &str) {
    eventually(text, async || {
        let page = script(browser, "return document.body.innerText").await;
        page.as_str().filter(|page| page.contains(text)).map(drop)
    })
    .await;
}

/// Presses a button, or chooses a filter, by its words.
async fn press(browser: &Browser, words: &str) {
    let press = format!(
        "const b = [...document.querySelectorAll('button, .whose label')].find(b => b.textContent.trim() === {words:?}); b?.click(); return !!b;"
    );
    eventually(words, async || (script(browser, &press).await == json!(true)).then_some(())).await;
}

async fn sign_in(engine: &Forecourt) -> Browser {
    let browser = Browser::open(1360, 860).await;
    browser.page.goto(&engine.at("/app/?lang=en")).await.unwrap();
    let email = format!("demo@{TENANT}.example");
    for (name, text) in [("tenant", TENANT), ("email", &email), ("password", PASSWORD)] {
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

/// The only lead with an agreed call.
async fn called(engine: &Forecourt, cookie: &str) -> Option<Value> {
    let page = engine.get_as(cookie, "/v1/leads?callback=true").await;
    page["leads"].as_array().and_then(|leads| leads.first().cloned())
}

#[tokio::test]
async fn a_call_is_chosen_in_the_chat_and_rings_in_the_dashboard_when_it_is_time() {
    let mut engine = Forecourt::plain().await;
    let customer = Browser::open(1000, 800).await;
    customer.page.goto(&engine.at(&format!("/demo/{TENANT}?lang=en"))).await.unwrap();
    write(&customer, &format!("Hi, I am Fiona, my address is {ADDRESS}. Do you buy cars?")).await;
    let cookie = engine.sign_in(TENANT).await;
    eventually("the address is known", async || engine.lead_of(&cookie, ADDRESS).await).await;
    write(&customer, "I would like to talk to a person.").await;
    hears(&customer, "Shall we call you?").await;
    press_in_chat(&customer, "[data-call=offered]").await;
    hears(&customer, "Which number should we call you on?").await;
    write(&customer, NUMBER).await;
    hears(&customer, "Agreed: ").await;
    hears(&customer, "We will call you").await;
    let lead = eventually("the call", async || called(&engine, &cookie).await).await;
    let at: Timestamp = lead["callback"]["at"].as_str().unwrap().parse().unwrap();
    assert!(at > now(), "{at}");
    assert_eq!(lead["needs_human"], false, "the customer waits for the call, not in the queue");
    eventually("the mail", async || {
        let mails = engine.mail.mails_to(ADDRESS);
        let agreed = |text: String| text.contains("Agreed: ");
        mails.iter().any(|mail| mail.text().is_some_and(agreed)).then_some(())
    })
    .await;

    // The engine is stopped, and starts a minute into the call: it rings all the same.
    engine.stop().await;
    let ahead = at.duration_since(now()).as_secs() + 60;
    engine.set_env("FORECOURT_CLOCK_OFFSET_S", ahead.to_string());
    engine.start_again().await;
    let seller = sign_in(&engine).await;
    says(&seller, "1 to call now").await;
    press(&seller, "Calls").await;
    says(&seller, "Time to call").await;
    let row = seller.page.wait().at_most(Duration::from_secs(20));
    let row = row.for_element(Locator::Css("[data-lead] [data-stop]")).await.expect("the lead");
    row.click().await.unwrap();
    press(&seller, "We spoke").await;
    let cookie = engine.sign_in(TENANT).await;
    eventually("nobody is to be called", async || {
        called(&engine, &cookie).await.is_none().then_some(())
    })
    .await;
    says(&seller, "Agree a call").await;
    engine.assert_logs_are_silent_about(&[NUMBER.replace(' ', ""), ADDRESS.into()]);
}
