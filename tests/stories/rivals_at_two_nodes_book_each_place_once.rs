//! Two hundred rivals, two nodes, the places of one morning (R4): no place is booked twice, who got a yes
//! has a booking, and who got none was told why.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use forecourt_tests::{Forecourt, Options, cluster::Cluster, process::TENANT};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

/// Who wants a time, half of them at each node.
const RIVALS: usize = 200;
/// How many ask at the same moment.
const AT_ONCE: usize = 50;
/// Starts that they fight for.
const STARTS: usize = 6;

/// What became of one rival.
enum Fate {
    Booked { id: String, starts_at: String },
    Refused { reasons: usize },
}

async fn post(node: &Forecourt, cookie: &str, path: &str, body: &Value) -> (u16, Value) {
    loop {
        let request = node.http.post(node.at(path)).header("cookie", cookie).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        // Busy is not an answer to the wish: the same wish again is the same wish.
        if status == 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        return (status, answer.json().await.unwrap());
    }
}

async fn rival(node: &Forecourt, cookie: &str, service: &str, starts_at: &str, n: usize) -> Fate {
    let wish = json!({
        "service_id": service,
        "starts_at": starts_at,
        "client_id": format!("rival-{n}"),
        "customer": { "name": format!("Rival {n}") },
    });
    let (status, held) = post(node, cookie, "/v1/bookings", &wish).await;
    if status == 409 {
        assert_eq!(held["code"], "not-free", "{held}");
        return Fate::Refused { reasons: held["errors"].as_array().map_or(0, Vec::len) };
    }
    assert_eq!(status, 201, "{held}");
    let id = held["booking_id"].as_str().unwrap().to_owned();
    let yes = json!({ "offer_id": held["offer_id"] });
    let (status, booked) = post(node, cookie, &format!("/v1/bookings/{id}/confirm"), &yes).await;
    assert_eq!(status, 200, "{booked}");
    Fate::Booked { id, starts_at: booked["starts_at"].as_str().unwrap().to_owned() }
}

#[tokio::test]
async fn two_hundred_rivals_at_two_nodes_book_nothing_twice_and_each_is_told() {
    let cluster = Cluster::start(Options::default()).await;
    let cookie = cluster.a.sign_in(TENANT).await;
    let services = cluster.a.get_as(&cookie, "/v1/services").await;
    let service = services["services"][0]["service_id"].as_str().unwrap().to_owned();
    let capacity = services["services"][0]["capacity"].as_u64().unwrap() as usize;
    let path = format!("/v1/public/slots?tenant={TENANT}&service={service}&limit={STARTS}");
    let free = cluster.b.get_as(&cookie, &path).await;
    let starts: Vec<String> = free["slots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slot| slot["starts_at"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(starts.len(), STARTS, "{free}");

    let fates: Vec<Fate> = stream::iter(0..RIVALS)
        .map(|n| {
            let node = if n % 2 == 0 { &cluster.a } else { &cluster.b };
            rival(node, &cookie, &service, &starts[n / 2 % STARTS], n)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let mut won: BTreeMap<String, String> = BTreeMap::new();
    for fate in fates {
        match fate {
            Fate::Booked { id, starts_at } => {
                assert!(won.insert(id, starts_at).is_none(), "one booking, two rivals");
            }
            Fate::Refused { reasons } => assert!(reasons > 0, "refused without a reason"),
        }
    }
    assert!(won.len() >= STARTS / 2, "only {} were booked", won.len());
    // Each node shows the same: every yes is a booking.
    for node in [&cluster.a, &cluster.b] {
        let page = node.get_as(&cookie, "/v1/bookings?status=booked&limit=200").await;
        let bookings = page["bookings"].as_array().unwrap();
        let there: BTreeSet<&str> =
            bookings.iter().map(|booking| booking["booking_id"].as_str().unwrap()).collect();
        let missing: Vec<_> = won.keys().filter(|id| !there.contains(id.as_str())).collect();
        assert!(missing.is_empty(), "a yes without a booking: {missing:?}");
        // At no start do more run than the service has places, whoever booked them.
        let of_service =
            bookings.iter().filter(|booking| booking["service_id"] == service.as_str());
        let stretches: Vec<(&str, &str)> = of_service
            .map(|booking| {
                (booking["starts_at"].as_str().unwrap(), booking["ends_at"].as_str().unwrap())
            })
            .collect();
        for (start, _) in &stretches {
            // Instants of one form sort as text.
            let at_once = stretches.iter().filter(|(from, until)| from <= start && start < until);
            assert!(at_once.count() <= capacity, "more than {capacity} at {start}");
        }
    }
    println!("{} of {RIVALS} rivals booked, {} places a start", won.len(), capacity);
}
