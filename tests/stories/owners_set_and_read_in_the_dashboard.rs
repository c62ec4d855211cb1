//! In a real browser: an owner sets how bookings are made, and reads what the assistant's replies led to.

use fantoccini::{Client, Locator};
use forecourt_tests::{Forecourt, PATIENCE, browser::Browser, eventually, process::TENANT};
use serde_json::{Value, json};

async fn script(page: &Client, code: &str) -> Value {
    page.execute(code, vec![]).await.expect("the script runs")
}

async fn shows(page: &Client, text: &str) {
    eventually(text, async || {
        let said = script(page, "return document.body.innerText").await;
        said.as_str()?.contains(text).then_some(())
    })
    .await;
}

async fn press_labelled(page: &Client, label: &str) {
    let path = format!("//button[normalize-space(.)='{label}']");
    let button = page.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
    button.unwrap_or_else(|error| panic!("{label}: {error}")).click().await.unwrap();
}

/// Chooses a value of the select with this label.
async fn choose(page: &Client, label: &str, value: &str) {
    let path = format!("//label[normalize-space(.)='{label}']/following::select[1]");
    let select = page.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
    let select = select.unwrap_or_else(|error| panic!("{label}: {error}"));
    select.select_by_value(value).await.unwrap();
}

async fn fits(page: &Client) {
    let fits = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(script(page, fits).await, json!(true), "wider than the screen");
}

#[tokio::test]
async fn how_bookings_are_made() {
    let engine = Forecourt::plain().await;
    let cookie = engine.sign_in(TENANT).await;
    let browser = Browser::open(1280, 900).await;
    let page = &browser.page;
    page.goto(&engine.at("/app/bookings?lang=en")).await.unwrap();
    press_labelled(page, "Use the demo login").await;
    shows(page, "Waiting list").await;
    let link = page.wait().at_most(PATIENCE).for_element(Locator::LinkText("Settings")).await;
    link.unwrap().click().await.unwrap();
    shows(page, "Reminders and the waiting list").await;
    choose(page, "First reminder", "2880").await;
    choose(page, "A free time is kept for the first who waits", "45").await;
    press_labelled(page, "Save").await;
    shows(page, "Saved.").await;
    let rules = engine.get_as(&cookie, "/v1/knowledge/bookings").await;
    assert_eq!(
        (&rules["first_reminder_minutes"], &rules["offer_minutes"]),
        (&json!(2880), &json!(45))
    );

    // What the server refuses is told, and what was typed stays.
    choose(page, "Second reminder", "4320").await;
    press_labelled(page, "Save").await;
    shows(page, "The first reminder must come before the second").await;
    let kept = engine.get_as(&cookie, "/v1/knowledge/bookings").await;
    assert_eq!(kept["second_reminder_minutes"], rules["second_reminder_minutes"]);

    let services = engine.get_as(&cookie, "/v1/services").await;
    let name = services["services"][0]["name"].as_str().unwrap().to_owned();
    choose(page, "Earliest, from now", "4320").await;
    let css = format!("button[aria-label='Save: {name}']");
    page.find(Locator::Css(&css)).await.unwrap().click().await.unwrap();
    eventually("the new terms", async || {
        let services = engine.get_as(&cookie, "/v1/services").await;
        (services["services"][0]["notice_minutes"] == 4320).then_some(())
    })
    .await;
    fits(page).await;
    page.set_window_size(390, 844).await.unwrap();
    fits(page).await;
    page.goto(&engine.at("/app/bookings/settings?lang=ar")).await.unwrap();
    shows(page, "إعدادات المواعيد").await;
    assert_eq!(script(page, "return document.documentElement.dir").await, json!("rtl"));
    fits(page).await;
    browser.close().await;
}

#[tokio::test]
async fn what_replies_led_to() {
    let engine = Forecourt::plain().await;
    let (session, token) = engine.open_chat("nb").await;
    let url = engine.at(&format!("/v1/sessions/{session}/messages"));
    let body = json!({ "text": "Hei, når har dere åpent?", "client_id": "c-1" });
    let posted = engine.http.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
    assert_eq!(posted.status(), 202);
    let cookie = engine.sign_in(TENANT).await;
    let row = eventually("a reply in the report", async || {
        let report = engine.get_as(&cookie, "/v1/reports/replies").await;
        let rows = report["rows"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["model"] == "house")
    })
    .await;
    let prompt = row["prompt"].as_str().unwrap().to_owned();
    let browser = Browser::open(1280, 900).await;
    let page = &browser.page;
    page.goto(&engine.at("/app/replies?lang=en")).await.unwrap();
    press_labelled(page, "Use the demo login").await;
    shows(page, &prompt).await;
    shows(page, "house").await;
    press_labelled(page, "Booked").await;
    let sorted = "return document.querySelector('[aria-sort=descending]')?.innerText";
    assert_eq!(script(page, sorted).await, json!("Booked"));
    choose(page, "Model", "house").await;
    shows(page, &prompt).await;
    fits(page).await;
    // Days without a reply say so, and the address holds what was asked.
    page.goto(&engine.at("/app/replies?lang=en&from=2020-01-01&to=2020-01-31")).await.unwrap();
    shows(page, "No replies in these days.").await;
    press_labelled(page, "Clear filters").await;
    shows(page, &prompt).await;
    page.goto(&engine.at("/app/replies?lang=en&from=2020-01-01&to=2026-01-31")).await.unwrap();
    shows(page, "Choose 92 days at most").await;
    page.set_window_size(390, 844).await.unwrap();
    page.goto(&engine.at("/app/replies?lang=ar")).await.unwrap();
    shows(page, "ردود المساعد").await;
    shows(page, &prompt).await;
    assert_eq!(script(page, "return document.documentElement.dir").await, json!("rtl"));
    fits(page).await;
    browser.close().await;
}
