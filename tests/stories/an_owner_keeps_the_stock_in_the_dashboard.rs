//! An owner keeps the stock in the dashboard: a vehicle is added with a mistake mended, a spreadsheet brings
//! one and tells of another, a sale is marked, and a colleague's change in between loses nothing (S2-US-5.3).

use std::time::Duration;

use fantoccini::{Locator, elements::Element};
use forecourt_tests::{Forecourt, Options, browser::Browser, eventually, process::TENANT};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);
/// The second row's price is none.
const FILE: &str = "\
Reg.nr;Merke;Modell;Årsmodell;Pris;Drivstoff;Kilometerstand
EV70231;Volvo;EX30;2024;399 000,-;Elektrisk;9 800 km
EV70232;Volvo;EX40;2024;snart;Elektrisk;100
";

struct Desk {
    browser: Browser,
    engine: Forecourt,
}

impl Desk {
    async fn find(&self, what: Locator<'_>) -> Element {
        let found = self.browser.page.wait().at_most(PATIENCE).for_element(what).await;
        found.unwrap_or_else(|error| panic!("{what:?}: {error}"))
    }

    /// Presses a button or follows a link by its words.
    async fn press(&self, words: &str) {
        let path = format!("//*[self::button or self::a][normalize-space(.)='{words}']");
        self.find(Locator::XPath(&path)).await.click().await.unwrap();
    }

    /// Writes over a field, as a person does.
    async fn write(&self, name: &str, text: &str) {
        let field = self.find(Locator::Css(&format!("[name={name}]"))).await;
        field.send_keys("\u{E009}a\u{E000}").await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn says(&self, text: &str) {
        eventually(text, async || {
            let page = self.browser.page.execute("return document.body.innerText", vec![]).await;
            page.ok()?.as_str()?.contains(text).then_some(())
        })
        .await;
    }

    async fn script(&self, code: &str) -> Value {
        self.browser.page.execute(code, vec![]).await.expect("the script runs")
    }

    /// The one vehicle that a search finds, as the server has it.
    async fn stored(&self, cookie: &str, search: &str) -> Value {
        let url = self.engine.at(&format!("/v1/vehicles?q={search}"));
        let page = self.engine.http.get(url).header("cookie", cookie).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        assert_eq!(page["total"], 1, "{search}: {page}");
        page["vehicles"][0].clone()
    }
}

#[tokio::test]
async fn a_vehicle_is_added_a_file_imported_and_a_sale_marked_without_losing_a_colleagues_change() {
    let engine = Forecourt::start(Options { built_in_sink: true, ..Options::default() }).await;
    let colleague = engine.sign_in(TENANT).await;
    let desk = Desk { browser: Browser::open(1280, 900).await, engine };
    desk.browser.page.goto(&desk.engine.at("/app/vehicles?lang=en")).await.unwrap();
    desk.press("Use the demo login").await;

    desk.press("Add a vehicle").await;
    for (name, text) in [
        ("make", "Cupra"),
        ("model", "Born"),
        ("year", "1623"),
        ("price_minor", "329 900"),
        ("kilometres", "21.000"),
        ("seats", "five"),
    ] {
        desk.write(name, text).await;
    }
    desk.press("Save").await;
    desk.says("This is not a number that can be read.").await;
    desk.write("seats", "5").await;
    desk.press("Save").await;
    desk.says("Must be a whole number from").await;
    let wrong = desk.script("return document.activeElement.name").await;
    assert_eq!(wrong, json!("year"), "the field that is wrong is where one goes on");
    desk.write("year", "2023").await;
    desk.press("Save").await;
    desk.says("Cupra Born 2023 is in stock.").await;
    let cupra = desk.stored(&colleague, "cupra").await;
    assert_eq!(
        (&cupra["price_minor"], &cupra["kilometres"], &cupra["seats"]),
        (&json!(32_990_000), &json!(21_000), &json!(5))
    );

    let folder = TempDir::with_prefix("forecourt-stock-").unwrap();
    let file = folder.path().join("stock.csv");
    std::fs::write(&file, FILE).unwrap();
    desk.press("Import a file").await;
    let chosen = desk.find(Locator::Css("input[type=file][name=file]")).await;
    chosen.send_keys(file.to_str().unwrap()).await.unwrap();
    desk.says("1 with mistakes").await;
    desk.says("Line 3").await;
    desk.says("Pris: “snart”").await;
    desk.press("Import (1)").await;
    desk.says("Imported: 1 new, 0 changed.").await;
    desk.says("Volvo EX30 2024").await;

    desk.press("Cupra Born 2023").await;
    desk.press("Change").await;
    desk.write("price_minor", "319 900").await;
    // A colleague writes down where it stands meanwhile.
    let path = format!("/v1/vehicles/{}", cupra["vehicle_id"].as_str().unwrap());
    let change = json!({ "version": cupra["version"], "set": { "location": "Bryn" } });
    let request = desk.engine.http.request(Method::PATCH, desk.engine.at(&path)).json(&change);
    let request = request.header("cookie", &colleague).header("origin", &desk.engine.url);
    assert_eq!(request.send().await.unwrap().status(), 200);
    desk.press("Save").await;
    desk.says("changed this vehicle meanwhile").await;
    let kept = desk.script("return document.querySelector('[name=price_minor]').value").await;
    assert_eq!(kept, json!("319 900"), "what was typed is kept");
    desk.press("Save").await;
    desk.says("Saved. The assistant knows from its next answer on.").await;
    let cupra = desk.stored(&colleague, "cupra").await;
    assert_eq!((&cupra["price_minor"], &cupra["location"]), (&json!(31_990_000), &json!("Bryn")));

    desk.press("Mark as sold").await;
    desk.says("Cupra Born 2023: Sold.").await;
    assert_eq!(desk.stored(&colleague, "cupra").await["status"], "sold");
    desk.browser.close().await;
    desk.engine.assert_logs_are_silent_about(&["EV70231".into(), "EV 70231".into()]);
}
