//! Bookings in a real browser: staff take one on the telephone, the customer moves and cancels it from the link of the
//! letter, and the calendar of the staff follows by itself.

use fantoccini::{Client, Locator};
use forecourt_tests::{
    Forecourt, Options, PATIENCE, browser::Browser, eventually, people::person, process::TENANT,
};
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

async fn press(page: &Client, css: &str) {
    let button = page.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
    button.unwrap_or_else(|error| panic!("{css}: {error}")).click().await.unwrap();
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
async fn by_staff_and_by_the_customer_who_holds_the_link() {
    let mut engine = Forecourt::start(Options::default()).await;
    let cookie = engine.sign_in(TENANT).await;
    let kari = person("en", "bookpage");
    let staff = Browser::open(1280, 900).await;
    staff.page.goto(&engine.at("/app/bookings?lang=en")).await.unwrap();
    press_labelled(&staff.page, "Use the demo login").await;
    shows(&staff.page, "Waiting list").await;

    // On the telephone: a free time, a name, an address.
    press_labelled(&staff.page, "New booking").await;
    press(&staff.page, ".booking-form .slot").await;
    for (css, text) in [("input[required]", &kari.name), ("input[type=email]", &kari.email)] {
        let css = format!(".booking-form {css}");
        let field = staff.page.find(Locator::Css(&css)).await.unwrap();
        field.send_keys(text).await.unwrap();
    }
    press(&staff.page, ".booking-form button[type=submit]").await;
    shows(&staff.page, "Held by a member").await;
    shows(&staff.page, "Booked by a member").await;
    press_labelled(&staff.page, "Close").await;
    press_labelled(&staff.page, "List").await;
    shows(&staff.page, &kari.name).await;
    fits(&staff.page).await;

    // The customer opens the letter on a phone.
    let letter = eventually("the letter", async || {
        let mails = engine.mail.mails_to(&kari.email);
        mails.iter().filter_map(|mail| mail.text()).find(|text| text.contains("/booking/"))
    })
    .await;
    let token = letter.split("/booking/").nth(1).unwrap();
    let token = token.split_whitespace().next().unwrap().to_owned();
    let phone = Browser::open(390, 844).await;
    phone.page.goto(&engine.at(&format!("/booking/{token}?lang=en"))).await.unwrap();
    shows(&phone.page, "Confirmed").await;
    shows(&phone.page, "Europe/Oslo").await;
    fits(&phone.page).await;
    press_labelled(&phone.page, "Move").await;
    eventually("free times", async || {
        let count = "return document.querySelectorAll('.days button').length";
        (script(&phone.page, count).await.as_u64()? > 3).then_some(())
    })
    .await;
    let last = "const all = document.querySelectorAll('.days button'); all[all.length - 1].click()";
    script(&phone.page, last).await;
    shows(&phone.page, "It is moved.").await;
    press_labelled(&phone.page, "Cancel the appointment").await;
    press_labelled(&phone.page, "Yes, cancel").await;
    shows(&phone.page, "It is cancelled.").await;
    let refused = "return performance.getEntriesByType('resource').length > 0 && !!document.querySelector('[role=alert]:empty')";
    assert_eq!(script(&phone.page, refused).await, json!(true));

    // Nobody pressed anything here: the socket told.
    shows(&staff.page, "Cancelled").await;
    let page = engine.get_as(&cookie, "/v1/bookings?status=cancelled").await;
    assert_eq!(page["bookings"][0]["sequence"], 2, "{page}");

    // Who has lost the link is asked for the address of the booking; a link that leads nowhere says so.
    phone.page.goto(&engine.at("/booking/nowhere?lang=nb")).await.unwrap();
    shows(&phone.page, "Denne lenken gjelder ikke lenger.").await;
    phone.page.goto(&engine.at("/booking?lang=ar&tenant=nordlys-bil")).await.unwrap();
    shows(&phone.page, "اعثر على موعدك").await;
    assert_eq!(script(&phone.page, "return document.documentElement.dir").await, json!("rtl"));
    fits(&phone.page).await;
    phone.close().await;
    staff.close().await;
    engine.stop().await;
    engine.assert_logs_are_silent_about(&kari.secrets());
}

#[tokio::test]
async fn by_a_code_when_the_link_is_lost() {
    let mut engine = Forecourt::start(Options::default()).await;
    let cookie = engine.sign_in(TENANT).await;
    let kari = person("fr", "lostlink");
    let services = engine.get_as(&cookie, "/v1/services").await;
    let service = services["services"][0]["service_id"].as_str().unwrap().to_owned();
    let slots = format!("/v1/public/slots?tenant={TENANT}&service={service}&limit=1");
    let slots = engine.get_as(&cookie, &slots).await;
    let wish = json!({
        "service_id": service, "starts_at": slots["slots"][0]["starts_at"], "client_id": "lost",
        "customer": { "name": kari.name, "email": kari.email, "lang": "fr" },
    });
    let post = async |path: String, body: Value| -> Value {
        let request = engine.http.post(engine.at(&path)).header("cookie", &cookie).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let held = post("/v1/bookings".into(), wish).await;
    let id = held["booking_id"].as_str().unwrap();
    let yes = json!({ "offer_id": held["offer_id"] });
    let booked = post(format!("/v1/bookings/{id}/confirm"), yes).await;
    assert_eq!(booked["status"], "booked");

    let browser = Browser::open(390, 844).await;
    let page = &browser.page;
    page.goto(&engine.at(&format!("/booking?lang=fr&tenant={TENANT}"))).await.unwrap();
    let field = page.wait().at_most(PATIENCE).for_element(Locator::Id("email")).await.unwrap();
    field.send_keys(&kari.email).await.unwrap();
    press(page, "button[type=submit]").await;
    let code = eventually("the code", async || {
        let mails = engine.mail.mails_to(&kari.email);
        mails.iter().filter_map(|mail| mail.text()).find_map(|text| {
            let words = text.split(|c: char| !c.is_ascii_digit());
            let line = text.contains("code");
            words.filter(|word| line && word.len() == 6).map(str::to_owned).next()
        })
    })
    .await;
    let field = page.wait().at_most(PATIENCE).for_element(Locator::Id("code")).await.unwrap();
    field.send_keys("000000").await.unwrap();
    press(page, "button[type=submit]").await;
    shows(page, "Ce code n’est pas le bon.").await;
    field.clear().await.unwrap();
    field.send_keys(&code).await.unwrap();
    press(page, "button[type=submit]").await;
    shows(page, "Confirmé").await;
    press_labelled(page, "Annuler le rendez-vous").await;
    press_labelled(page, "Oui, annuler").await;
    shows(page, "C’est annulé.").await;
    browser.close().await;
    engine.stop().await;
    engine.assert_logs_are_silent_about(&kari.secrets());
}
