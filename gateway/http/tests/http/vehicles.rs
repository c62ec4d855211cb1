//! Vehicles over HTTP: kept by managers, brought by files, seen by everybody.

use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{World, problem};

const MARKED: &str = "Reg.nr;Merke;Modell;Årsmodell;Pris;Drivstoff;Km\n";

/// An owner and a seller of a dealer, signed in.
struct Lot {
    world: World,
    owner: String,
    seller: String,
}

impl Lot {
    async fn open() -> Self {
        let world = World::start().await;
        let owner = world.sign_in("nordlys-bil", "eva@nordlys.example").await;
        let seller = world.ola().await;
        Self { world, owner, seller }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("{}{path}", self.world.url);
        let mut request =
            self.world.client.request(method, url).header(header::COOKIE, &self.owner);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn add(&self, body: Value) -> Value {
        let answer = self.ask(Method::POST, "/v1/vehicles", Some(body)).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json().await.unwrap()
    }

    /// Sends a file or a picture.
    async fn send(&self, path: &str, media: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.world.post(path).header(header::COOKIE, &self.owner);
        request.header(header::CONTENT_TYPE, media).body(body).send().await.unwrap()
    }

    async fn known(&self) -> Vec<Value> {
        let page: Value = self
            .world
            .get("/v1/public/tenant?slug=nordlys-bil")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        page["vehicles"].as_array().unwrap().clone()
    }
}

fn tesla() -> Value {
    json!({
        "make": "Tesla", "model": "Model 3", "variant": "Long Range", "year": 2022,
        "price_minor": 35_990_000, "currency": "NOK", "fuel": "electric", "kilometres": 46_200,
        "vin": "wvwzzz1kzaw123456", "plate": "ev12345", "stock_number": "L-7", "body": "saloon",
        "seats": 5, "range_km": 602, "description": { "nb": "Fin bil." },
    })
}

fn path(view: &Value) -> String {
    format!("/v1/vehicles/{}", view["vehicle_id"].as_str().unwrap())
}

#[actix_web::test]
async fn a_vehicle_is_added_changed_sold_and_its_history_tells_who_did_it() {
    let lot = Lot::open().await;
    let made = lot.add(tesla()).await;
    assert_eq!((&made["version"], &made["plate"]), (&json!(1), &json!("EV 12345")));
    assert_eq!(made["vin"], "WVWZZZ1KZAW123456");
    assert_eq!(made["notes"], json!(["vin_unchecked"]), "told, not refused");
    assert_eq!(made["next_statuses"], json!(["reserved", "sold", "in_service"]));
    assert_eq!(lot.known().await.len(), 1, "the next sentence knows it");

    let path = path(&made);
    let change = json!({ "version": 1, "set": { "price_minor": 33_990_000, "variant": null } });
    let changed = lot.ask(Method::PATCH, &path, Some(change.clone())).await;
    assert_eq!(changed.headers()["etag"], "\"2\"");
    let changed: Value = changed.json().await.unwrap();
    assert_eq!((&changed["version"], changed.get("variant")), (&json!(2), None));
    assert_eq!((&changed["seats"], &changed["vin"]), (&json!(5), &json!("WVWZZZ1KZAW123456")));
    problem(lot.ask(Method::PATCH, &path, Some(change)).await, 409, "vehicle-changed").await;
    let nothing = json!({ "version": 2, "set": { "seats": 5 } });
    let same: Value = lot.ask(Method::PATCH, &path, Some(nothing)).await.json().await.unwrap();
    assert_eq!(same["version"], 2, "what changes nothing is no change");

    let status = |version: i64, status: &str| json!({ "version": version, "status": status });
    let to = format!("{path}/status");
    let sold = lot.ask(Method::POST, &to, Some(status(2, "sold"))).await;
    assert_eq!(sold.status(), StatusCode::OK);
    assert_eq!(lot.known().await[0]["status"], "sold");
    let workshop = lot.ask(Method::POST, &to, Some(status(3, "in_service"))).await;
    problem(workshop, 409, "status-not-possible").await;

    let story = lot.get(&format!("{path}/history")).await;
    let steps = story["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!(
        steps[0]["changes"],
        json!([{ "field": "status", "from": "available", "to": "sold" }])
    );
    assert_eq!(steps[0]["by"], "Eva");
    assert_eq!(steps[1]["changes"][0]["from"], json!({ "minor": 35_990_000, "currency": "NOK" }));
    assert_eq!(steps[2]["what"], "added");
    let first = lot.get(&format!("{path}/history?limit=1")).await;
    let rest = lot.get(&format!("{path}/history?limit=9&before={}", first["next"])).await;
    assert_eq!(rest["steps"].as_array().unwrap().len(), 2);

    problem(lot.ask(Method::DELETE, &path, None).await, 400, "invalid").await;
    let gone = lot.ask(Method::DELETE, &format!("{path}?version=3"), None).await;
    assert_eq!(gone.json::<Value>().await.unwrap()["deleted"], true);
    assert_eq!(lot.known().await, [] as [Value; 0]);
    assert_eq!(lot.get("/v1/vehicles").await["total"], 0);
    assert_eq!(lot.get("/v1/vehicles?deleted=true").await["total"], 1);
    let back = lot.ask(Method::POST, &format!("{path}/restore?version=4"), None).await;
    assert_eq!(back.json::<Value>().await.unwrap()["deleted"], false);
    lot.world.stop().await;
}

#[actix_web::test]
async fn whatever_is_wrong_with_a_vehicle_is_told_by_field_and_nothing_is_stored() {
    let lot = Lot::open().await;
    let wrong = json!({
        "make": " ", "model": "x".repeat(101), "year": 1700, "price_minor": -1, "currency": "XYZ",
        "fuel": "electric", "kilometres": 1, "vin": "1HGCM82643A004352", "seats": 0,
        "listing_url": "javascript:alert(1)", "description": { "nb": "a\u{0}b" },
    });
    let told =
        problem(lot.ask(Method::POST, "/v1/vehicles", Some(wrong)).await, 400, "invalid").await;
    let pointers: Vec<&str> =
        told["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(
        pointers,
        [
            "/make",
            "/model",
            "/year",
            "/price_minor",
            "/currency",
            "/vin",
            "/description",
            "/seats",
            "/listing_url"
        ]
    );
    let made = lot.add(tesla()).await;
    for (change, pointer) in [
        (json!({ "make": null }), "/set/make"),
        (json!({ "fuel": "coal" }), "/set/fuel"),
        (json!({ "owner": "Kari" }), "/set/owner"),
        (json!({ "description": { "de": "Auto" } }), "/set/description"),
        (json!({ "year": 1e300 }), "/set/year"),
        (json!({ "vin": 7 }), "/set/vin"),
    ] {
        let body = json!({ "version": 1, "set": change });
        let refused = lot.ask(Method::PATCH, &path(&made), Some(body)).await;
        let told = problem(refused, 400, "invalid").await;
        assert_eq!(told["errors"][0]["pointer"], pointer);
    }
    let mut twin = tesla();
    twin["vin"] = Value::Null;
    twin["stock_number"] = Value::Null;
    let twin = lot.ask(Method::POST, "/v1/vehicles", Some(twin)).await;
    let told = problem(twin, 409, "vehicle-taken").await;
    assert_eq!(told["errors"][0]["pointer"], "/plate");
    for query in [
        "fuel=coal",
        "status=gone",
        "sort=random",
        "limit=0",
        "limit=201",
        "min_price=-1",
        "offset=99999999",
        "body=suv,tank",
        "deleted=maybe",
        "min_seats=100",
    ] {
        let refused = lot.ask(Method::GET, &format!("/v1/vehicles?{query}"), None).await;
        problem(refused, 400, "invalid").await;
    }
    for id in ["veh_0", "x", "veh_00000000000000000000000000000001"] {
        problem(lot.ask(Method::GET, &format!("/v1/vehicles/{id}"), None).await, 404, "not-found")
            .await;
    }
    lot.world.stop().await;
}

#[actix_web::test]
async fn sellers_read_and_managers_change_and_others_see_nothing() {
    let lot = Lot::open().await;
    let made = lot.add(tesla()).await;
    let path = path(&made);
    let by = |cookie: &str, method: Method, path: &str, body: Value| {
        let url = format!("{}{path}", lot.world.url);
        let request = lot.world.client.request(method, url).header(header::COOKIE, cookie);
        request.json(&body).send()
    };
    for path in [path.as_str(), "/v1/vehicles", &format!("{path}/history")] {
        let read = by(&lot.seller, Method::GET, path, json!({})).await.unwrap();
        assert_eq!(read.status(), StatusCode::OK, "{path}");
        let nobody = by("", Method::GET, path, json!({})).await.unwrap();
        problem(nobody, 401, "unauthorised").await;
    }
    let change = json!({ "version": 1, "set": { "seats": 4 } });
    let status = json!({ "version": 1, "status": "sold" });
    for (method, path, body) in [
        (Method::POST, "/v1/vehicles".to_owned(), tesla()),
        (Method::PATCH, path.clone(), change.clone()),
        (Method::POST, format!("{path}/status"), status),
        (Method::DELETE, format!("{path}?version=1"), json!({})),
        (Method::POST, format!("{path}/restore?version=1"), json!({})),
        (Method::GET, "/v1/vehicles.csv".to_owned(), json!({})),
    ] {
        let refused = by(&lot.seller, method, &path, body).await.unwrap();
        problem(refused, 403, "forbidden").await;
    }
    let theirs = lot.world.sign_in("fjord-auto", "eva@fjord.example").await;
    let foreign = by(&theirs, Method::PATCH, &path, change.clone()).await.unwrap();
    problem(foreign, 404, "not-found").await;
    let url = format!("{}{path}", lot.world.url);
    let forged = lot.world.client.patch(url).header(header::COOKIE, &lot.owner);
    let forged = forged.header(header::ORIGIN, "https://evil.example").json(&change).send().await;
    problem(forged.unwrap(), 403, "origin-not-allowed").await;
    lot.world.stop().await;
}

#[actix_web::test]
async fn a_file_is_looked_at_mended_and_imported_exactly_as_it_was_shown() {
    let lot = Lot::open().await;
    let kia = lot.add(json!({
        "make": "Kia", "model": "EV6", "year": 2022, "price_minor": 37_990_000, "currency": "NOK",
        "fuel": "electric", "kilometres": 44_100, "plate": "EV 11111",
    })).await;
    let file = |price: &str| {
        format!(
            "{MARKED}EV11111;Kia;EV6;2022;369 900;Elektrisk;44 100\nEV22222;Škoda;Enyaq;2022;{price};El;57 200\n"
        )
    };
    let looked = lot.send("/v1/vehicles/import", "text/csv", file("gratis")).await;
    assert_eq!(looked.status(), StatusCode::CREATED);
    let looked: Value = looked.json().await.unwrap();
    assert_eq!(looked["counts"], json!({ "new": 0, "changed": 1, "same": 0, "bad": 1 }));
    assert_eq!((&looked["encoding"], &looked["delimiter"]), (&json!("UTF-8"), &json!(";")));
    assert_eq!(looked["rows"][0]["errors"][0]["column"], "Pris");
    assert_eq!(looked["rows"][0]["errors"][0]["value"], "gratis");
    assert_eq!(looked["rows"][1]["changes"][0]["field"], "price");
    assert_eq!(lot.get("/v1/vehicles").await["total"], 1, "nothing is imported yet");

    let mended: Value =
        lot.send("/v1/vehicles/import", "text/csv", file("309 900,-")).await.json().await.unwrap();
    let commit = format!("/v1/vehicles/import/{}/commit", mended["import_id"].as_str().unwrap());
    let done: Value = lot.ask(Method::POST, &commit, None).await.json().await.unwrap();
    assert_eq!(done["counts"], json!({ "new": 1, "changed": 1, "same": 0, "bad": 0 }));
    let again: Value = lot.ask(Method::POST, &commit, None).await.json().await.unwrap();
    assert_eq!(again, done, "a repeat answers the same");
    assert_eq!(lot.get("/v1/vehicles?q=skoda").await["total"], 1);
    let story = lot.get(&format!("{}/history", path(&kia))).await;
    assert_eq!(story["steps"][0]["import_id"], mended["import_id"]);

    // What was looked at before is not done any more once the stock is another.
    let stale = format!("/v1/vehicles/import/{}/commit", looked["import_id"].as_str().unwrap());
    problem(lot.ask(Method::POST, &stale, None).await, 409, "import-outdated").await;
    let nowhere = format!("/v1/vehicles/import/imp_{}/commit", "0".repeat(32));
    problem(lot.ask(Method::POST, &nowhere, None).await, 404, "not-found").await;

    let export = lot.ask(Method::GET, "/v1/vehicles.csv", None).await;
    assert_eq!(export.headers()["content-type"], "text/csv; charset=utf-8");
    let file = export.bytes().await.unwrap();
    let looked: Value =
        lot.send("/v1/vehicles/import", "text/csv", file).await.json().await.unwrap();
    assert_eq!(looked["counts"], json!({ "new": 0, "changed": 0, "same": 2, "bad": 0 }));
    lot.world.stop().await;
}

#[actix_web::test]
async fn a_file_that_is_none_is_refused_with_its_reason() {
    let lot = Lot::open().await;
    for (body, status, code) in [
        (b"".to_vec(), 422, "unreadable-file"),
        (b"PK\x03\x04".to_vec(), 422, "unreadable-file"),
        (b"hei;du\n1;2".to_vec(), 422, "unreadable-file"),
        (vec![b'x'; 5 * 1024 * 1024 + 1], 413, "too-large"),
    ] {
        let refused = lot.send("/v1/vehicles/import", "text/csv", body).await;
        problem(refused, status, code).await;
    }
    let json = lot.ask(Method::POST, "/v1/vehicles/import", Some(json!({}))).await;
    problem(json, 415, "unsupported-media-type").await;
    lot.world.stop().await;
}

#[actix_web::test]
async fn everybody_sees_what_can_be_had_and_nothing_that_is_private() {
    let lot = Lot::open().await;
    let mut reserved = tesla();
    for (field, value) in [
        ("vin", json!(null)),
        ("plate", json!("EV 99999")),
        ("stock_number", json!("L-8")),
        ("status", json!("reserved")),
        ("model", json!("Model Y")),
        ("body", json!("suv")),
    ] {
        reserved[field] = value;
    }
    let mut sold = tesla();
    for (field, value) in [
        ("vin", json!(null)),
        ("plate", json!(null)),
        ("stock_number", json!(null)),
        ("status", json!("sold")),
    ] {
        sold[field] = value;
    }
    for vehicle in [tesla(), reserved, sold] {
        lot.add(vehicle).await;
    }
    let list = async |query: &str| -> Value {
        let path = format!("/v1/public/nordlys-bil/vehicles?{query}");
        let answer = lot
            .world
            .get(&path)
            .header(header::ORIGIN, "https://nordlys.example")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{query}");
        assert!(answer.headers().contains_key("access-control-allow-origin"));
        answer.json().await.unwrap()
    };
    let all = list("lang=en").await;
    assert_eq!(all["total"], 2);
    let text = all.to_string().to_lowercase();
    assert!(!text.contains("wvwzzz") && !text.contains("12345") && !text.contains("\"plate\""));
    let first = list("sort=cheapest&limit=1").await;
    assert_eq!((&first["next"], first["vehicles"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(list("body=suv").await["vehicles"][0]["status"], "reserved");
    assert_eq!(list("q=model+y").await["total"], 1);
    for query in ["q=ev12345", "q=WVWZZZ1KZAW123456", "max_price=1"] {
        assert_eq!(list(query).await["total"], 0, "{query}");
    }
    let hidden = lot.world.get("/v1/public/nordlys-bil/vehicles?status=sold").send().await.unwrap();
    problem(hidden, 400, "invalid").await;
    let nobody = lot.world.get("/v1/public/nobody/vehicles").send().await.unwrap();
    problem(nobody, 404, "unknown-tenant").await;
    lot.world.stop().await;
}

#[actix_web::test]
async fn pictures_are_kept_in_order_served_safely_and_taken_away() {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n picture";
    let lot = Lot::open().await;
    let made = lot.add(tesla()).await;
    let path = path(&made);
    let upload = |version: i64| format!("{path}/photos?version={version}");
    let view: Value = lot.send(&upload(1), "image/png", PNG).await.json().await.unwrap();
    let view: Value = lot
        .send(&upload(view["version"].as_i64().unwrap()), "x/y", b"\xff\xd8\xff jpeg".to_vec())
        .await
        .json()
        .await
        .unwrap();
    let photos: Vec<String> = serde_json::from_value(view["photos"].clone()).unwrap();
    assert_eq!((photos.len(), &view["version"]), (2, &json!(3)));
    let served = lot.world.get(&photos[0]).send().await.unwrap();
    let headers = served.headers().clone();
    assert_eq!(served.bytes().await.unwrap(), PNG);
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    assert!(headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let jpeg = lot.world.get(&photos[1]).send().await.unwrap();
    assert_eq!(jpeg.headers()["content-type"], "image/jpeg");

    let turned = json!({ "version": 3, "set": { "photos": [photos[1], photos[0]] } });
    let turned: Value = lot.ask(Method::PATCH, &path, Some(turned)).await.json().await.unwrap();
    assert_eq!(turned["photos"], json!([photos[1], photos[0]]));
    let id = photos[0].rsplit('/').next().unwrap();
    let gone = lot.ask(Method::DELETE, &format!("{path}/photos/{id}?version=4"), None).await;
    assert_eq!(gone.json::<Value>().await.unwrap()["photos"], json!([photos[1]]));
    problem(lot.world.get(&photos[0]).send().await.unwrap(), 404, "not-found").await;

    problem(lot.send(&upload(1), "image/png", PNG).await, 409, "vehicle-changed").await;
    for body in [&b"<svg/>"[..], b"", b"GIF89a"] {
        let refused = lot.send(&upload(5), "image/png", body).await;
        problem(refused, 415, "unsupported-media-type").await;
    }
    let large = lot.send(&upload(5), "image/png", vec![0; 4 * 1024 * 1024 + 1]).await;
    problem(large, 413, "too-large").await;
    problem(lot.world.get("/v1/public/photos/x").send().await.unwrap(), 404, "not-found").await;
    lot.world.stop().await;
}
