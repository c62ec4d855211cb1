//! An owner talks to the assistant as a customer would, books, and finds nothing of it anywhere; in a browser too.

use fantoccini::{Client, Locator};
use forecourt_tests::{
    Forecourt, Options, PATIENCE, browser::Browser, eventually, people::person, process::TENANT,
};
use reqwest::Method;
use serde_json::{Value, json};

struct Desk<'a> {
    engine: &'a Forecourt,
    cookie: String,
    written: u32,
}

impl Desk<'_> {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.engine.http.request(method, self.engine.at(path));
        request = request.header("cookie", &self.cookie).header("origin", &self.engine.url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Writes, and waits for the answer: how the preview stands then.
    async fn say(&mut self, preview: &Value, text: &str, pressed: Option<Value>) -> Value {
        self.written += 1;
        let client_id = format!("c-{}", self.written);
        let mut body =
            json!({ "preview_id": preview["preview_id"], "text": text, "client_id": client_id });
        if let Some(pressed) = pressed {
            body["pressed"] = pressed;
        }
        let (status, place) =
            self.ask(Method::POST, "/v1/preview/messages", Some(body.clone())).await;
        assert_eq!(status, 202, "{place}");
        let again = self.ask(Method::POST, "/v1/preview/messages", Some(body)).await;
        assert_eq!(again.1["message_id"], place["message_id"], "a repeat is the same message");
        eventually("an answer", async || {
            let (_, stands) = self.ask(Method::GET, "/v1/preview", None).await;
            let last = stands["messages"].as_array()?.last()?.clone();
            let runs = stands["turns"].as_array()?.iter().any(|turn| turn["state"] == "running");
            (last["author"] == "assistant" && last["seq"].as_i64() > place["seq"].as_i64() && !runs)
                .then_some(stands)
        })
        .await
    }

    /// All that a preview must not touch.
    async fn real(&self) -> Value {
        let mut all = Vec::new();
        for path in ["/v1/leads", "/v1/bookings", "/v1/deliveries", "/v1/timers", "/v1/waits"] {
            all.push(self.engine.get_as(&self.cookie, path).await);
        }
        let (status, report) = self.ask(Method::GET, "/v1/reports/replies", None).await;
        assert_eq!(status, 200);
        all.push(report["rows"].clone());
        let metrics = self.engine.http.get(self.engine.at("/metrics")).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let told = |name: &&str| name.starts_with("forecourt_promises_total");
        let mut promises: Vec<_> = metrics.lines().filter(told).collect();
        promises.sort_unstable();
        all.push(json!(promises));
        json!(all)
    }
}

#[tokio::test]
async fn and_nothing_of_it_is_real() {
    let mut engine = Forecourt::start(Options::default()).await;
    let kari = person("en", "preview");
    let cookie = engine.sign_in(TENANT).await;
    let mut desk = Desk { engine: &engine, cookie, written: 0 };
    let before = desk.real().await;
    let (status, ready) = desk.ask(Method::GET, "/v1/preview/readiness", None).await;
    assert_eq!((status, &ready["models"]), (200, &json!(false)), "{ready}");
    let wish = json!({ "lang": "en", "answers": "models" });
    let (status, preview) = desk.ask(Method::POST, "/v1/preview", Some(wish)).await;
    assert_eq!(
        (status, &preview["answers"]),
        (201, &json!("house")),
        "there is no model: {preview}"
    );

    let stands = desk.say(&preview, "Hi, I would like a test drive", None).await;
    let turn = stands["turns"].as_array().unwrap().last().unwrap();
    assert_eq!((&turn["model"], &turn["state"]), (&json!("house"), &json!("answered")));
    let slots = &turn["tools"][0];
    assert_eq!((&slots["tool"], &slots["outcome"]), (&json!("propose_slots"), &json!("done")));
    assert!(slots["result"].as_str().unwrap().contains("starts_at"), "{slots}");
    let offer = &stands["offers"][0];
    let pick = json!({ "action": "pick", "service_id": offer["service_id"], "starts_at": offer["starts_at"] });
    let stands = desk.say(&preview, "That one", Some(pick)).await;
    assert_eq!(stands["stage"], "confirming", "{stands}");
    let me = format!("I am {}, {}", kari.name, kari.email);
    let stands = desk.say(&preview, &me, None).await;
    let accept = json!({ "action": "accept", "offer_id": stands["bookings"][0]["offer_id"] });
    let stands = desk.say(&preview, "Yes", Some(accept)).await;
    assert_eq!(stands["bookings"][0]["status"], "booked", "{stands}");
    let letters = eventually("the letter", async || {
        let (_, stands) = desk.ask(Method::GET, "/v1/preview", None).await;
        stands["letters"].as_array().filter(|all| !all.is_empty()).cloned()
    })
    .await;
    assert_eq!(letters[0]["to"], json!(kari.email), "{letters:?}");

    // What is written down meanwhile is said from the next answer on.
    let faq = json!({
        "title": {"en": "Do you rent out trailers?"},
        "text": {"en": "Yes, we rent out covered trailers by the day."},
        "keywords": ["trailer", "trailers"],
    });
    let (status, _) = desk.ask(Method::POST, "/v1/knowledge/faqs", Some(faq)).await;
    assert_eq!(status, 201);
    let stands = desk.say(&preview, "Do you rent out trailers?", None).await;
    let said = stands["messages"].as_array().unwrap().last().unwrap()["text"].clone();
    assert!(said.as_str().unwrap().contains("covered trailers"), "{said}");

    assert_eq!(desk.real().await, before, "nothing of it is anywhere");
    assert_eq!(engine.mail.mails_to(&kari.email).len(), 0);

    // One who begins anew, or ends it, has nothing of the one before.
    let old = preview;
    let (_, preview) = desk.ask(Method::POST, "/v1/preview", Some(json!({}))).await;
    assert_eq!(preview["messages"], json!([]));
    assert_ne!(preview["preview_id"], old["preview_id"]);
    let late = json!({ "preview_id": old["preview_id"], "text": "Hi", "client_id": "late" });
    let (status, problem) = desk.ask(Method::POST, "/v1/preview/messages", Some(late)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("preview-over")));
    assert_eq!(desk.ask(Method::DELETE, "/v1/preview", None).await.0, 204);
    assert_eq!(desk.ask(Method::GET, "/v1/preview", None).await.0, 404);
    engine.stop().await;
    engine.assert_logs_are_silent_about(&kari.secrets());
}

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

async fn fits(page: &Client) {
    let fits = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(script(page, fits).await, json!(true), "wider than the screen");
}

#[tokio::test]
async fn and_sees_in_a_browser_why_it_says_what_it_says() {
    let mut engine = Forecourt::start(Options::default()).await;
    let browser = Browser::open(1280, 900).await;
    let page = &browser.page;
    page.goto(&engine.at("/app/preview?lang=en")).await.unwrap();
    press_labelled(page, "Use the demo login").await;
    shows(page, "Nothing here is real").await;
    shows(page, "Ready to go live?").await;
    press_labelled(page, "Start the preview").await;
    shows(page, "automatic assistant").await;
    let field = Locator::Css(".preview-write textarea");
    let field = page.wait().at_most(PATIENCE).for_element(field).await.unwrap();
    field.send_keys("I would like a test drive\n").await.unwrap();
    shows(page, "Proposing times").await;
    script(page, "document.querySelector('.preview-why summary').click()").await;
    shows(page, "propose_slots").await;
    eventually("a time to choose", async || {
        let first = "const one = document.querySelector('.preview-choices button:not(:disabled)'); one?.click(); return !!one";
        (script(page, first).await == json!(true)).then_some(())
    })
    .await;
    shows(page, "Would hold Test drive").await;
    shows(page, "nothing was booked").await;
    fits(page).await;
    // It is still there after a reload, in another language, on a phone and from right to left.
    page.set_window_size(390, 844).await.unwrap();
    page.goto(&engine.at("/app/preview?lang=ar")).await.unwrap();
    shows(page, "لا شيء هنا حقيقي").await;
    shows(page, "كان سيحجز مؤقتًا").await;
    fits(page).await;
    assert_eq!(script(page, "return document.documentElement.dir").await, json!("rtl"));
    press_labelled(page, "أنهِ المعاينة").await;
    shows(page, "لا توجد معاينة جارية").await;
    browser.close().await;
    engine.stop().await;
}
