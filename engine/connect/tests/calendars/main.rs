//! Calendars against simulators of their providers, and CalDAV against a real server.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod consent;
mod faults;
mod radicale;
mod support;

use forecourt_core::external::Provider;
use forecourt_loadtest::calendar_sim::Side;
use forecourt_ports::{
    calendar::{Calendar as _, CalendarError, Credentials},
    contract,
};

use self::support::{OfSim, cal_com, caldav, calendars, consented, day, entry, hour, sim, times};

#[tokio::test]
async fn cal_com_keeps_the_contract() {
    let sim = sim(&[]);
    let (good, wrong) = (cal_com("cal_live_1"), cal_com("sk_other"));
    let person = OfSim(&sim, Side::CalCom);
    contract::calendars::calendar(&calendars(&sim), &good, &wrong, &person, day()).await;
}

#[tokio::test]
async fn caldav_keeps_the_contract() {
    let sim = sim(&[]);
    let url = sim.url(Side::CalDav);
    let (good, wrong) = (caldav(&url, "secret"), caldav(&url, "wrong"));
    let person = OfSim(&sim, Side::CalDav);
    contract::calendars::calendar(&calendars(&sim), &good, &wrong, &person, day()).await;
}

#[tokio::test]
async fn google_and_microsoft_keep_the_contract() {
    for (provider, side) in
        [(Provider::Google, Side::Google), (Provider::Microsoft, Side::Microsoft)]
    {
        let sim = sim(&[]);
        let (good, wrong) = (consented(provider, "access-0"), consented(provider, "stolen"));
        let person = OfSim(&sim, side);
        contract::calendars::calendar(&calendars(&sim), &good, &wrong, &person, day()).await;
        // Over several pages, and among entries of others.
        let calendars = calendars(&sim);
        for n in 0..5 {
            sim.occupy(side, &format!("other{n}"), hour(9 + n).from, hour(9 + n).until);
        }
        calendars.put(&good, &entry(1, 0, hour(16)), None).await.unwrap();
        let window = forecourt_core::booking::Stretch { from: hour(0).from, until: hour(24).from };
        let busy = calendars.busy(&good, window).await.unwrap();
        assert_eq!(busy.len(), 6);
        assert_eq!(busy.iter().filter(|busy| busy.booking.is_some()).count(), 1);
        // Somebody took ours out; the booking's next change brings it back, once.
        let known = calendars.put(&good, &entry(1, 1, hour(17)), None).await.unwrap();
        sim.vacate(side, &known.id);
        calendars.put(&good, &entry(1, 2, hour(15)), Some(&known)).await.unwrap();
        let ours = sim.held(side).into_iter().filter(|held| held.mark.is_some());
        assert_eq!(times(&ours.collect::<Vec<_>>()), [hour(15)]);
    }
}

#[tokio::test]
async fn a_caldav_server_is_found_from_its_host_alone_and_tasks_are_no_calendar() {
    let sim = sim(&[]);
    let mut account = caldav(&sim.url(Side::CalDav), "secret");
    account.url = Some(format!("http://{}/", sim.addr()));
    let found = calendars(&sim).check(&account).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].name.as_str(), &found[0].calendar), ("Work & løp", &account.calendar));
}

#[tokio::test]
async fn a_password_goes_to_no_private_address_and_no_foreign_host() {
    let sim = sim(&[]);
    let strict = forecourt_connect::Calendars::new(&forecourt_connect::ConnectConfig::default());
    let strict = strict.unwrap();
    for url in [
        sim.url(Side::CalDav).as_str(),
        "https://10.0.0.1/dav/",
        "http://dav.example.com/",
        "https://nordlys:secret@dav.example.com/",
        "file:///etc/passwd",
    ] {
        let refused = strict.check(&caldav(url, "secret")).await.unwrap_err();
        assert_eq!(refused, CalendarError::NotConfigured, "{url}");
    }
    assert_eq!(sim.calls(""), 0);
}

#[tokio::test]
async fn what_a_seller_changed_in_our_entry_is_overwritten_by_the_next_change_of_the_booking() {
    let sim = sim(&[]);
    let (calendars, account) = (calendars(&sim), caldav(&sim.url(Side::CalDav), "secret"));
    let known = calendars.put(&account, &entry(1, 0, hour(10)), None).await.unwrap();
    // Their program moves it, and counts one further.
    let theirs = calendars.put(&account, &entry(1, 5, hour(16)), Some(&known)).await.unwrap();
    assert_ne!(theirs.etag, known.etag);
    calendars.put(&account, &entry(1, 1, hour(11)), Some(&known)).await.unwrap();
    let held = sim.held(Side::CalDav);
    assert_eq!(times(&held), [hour(11)]);
    assert_eq!(held[0].sequence, 5, "a sequence never falls");
}

#[tokio::test]
async fn cal_com_says_in_words_that_a_time_is_taken() {
    let sim = sim(&[]);
    let (calendars, account) = (calendars(&sim), cal_com("cal_live_1"));
    sim.occupy(Side::CalCom, "other", hour(10).from, hour(10).until);
    let refused = calendars.put(&account, &entry(1, 0, hour(10)), None).await.unwrap_err();
    assert_eq!(refused, CalendarError::Conflict);
    let mut nobody = entry(1, 0, hour(11));
    nobody.attendee.email = None;
    let refused = calendars.put(&account, &nobody, None).await.unwrap_err();
    assert_eq!(refused, CalendarError::Protocol, "somebody must come");
    nobody.attendee.phone = Some("+4722000000".to_owned());
    calendars.put(&account, &nobody, None).await.unwrap();
}

#[tokio::test]
async fn cal_coms_slots_are_what_is_free_there() {
    let sim = sim(&[]);
    let (calendars, account) = (calendars(&sim), cal_com("cal_live_1"));
    sim.occupy(Side::CalCom, "other", hour(10).from, hour(12).from);
    let day = forecourt_core::booking::Stretch { from: hour(0).from, until: hour(24).from };
    let busy = calendars.busy(&account, day).await.unwrap();
    let busy: Vec<_> = busy.iter().map(|busy| (busy.from, busy.until)).collect();
    let between = |from, until| (hour(from).from, hour(until).from);
    assert_eq!(busy, [between(0, 8), between(10, 12), between(18, 24)]);
}

#[tokio::test]
async fn a_webhook_of_cal_com_is_believed_under_its_signature_alone() {
    let sim = sim(&[]);
    let calendars = calendars(&sim);
    // A signature that the provider's own code makes.
    let secret = "cal-webhook-secret";
    let body = br#"{"triggerEvent":"BOOKING_CANCELLED","payload":{"metadata":{"forecourt":"bkg_00000000000000000000000000000007"}}}"#;
    let signed = signature(secret, body);
    let is_signed = |secret: &str, signature: &str, body: &[u8]| {
        calendars.is_signed(Provider::CalCom, secret, signature, body)
    };
    assert!(is_signed(secret, &signed, body));
    assert!(is_signed(secret, &signed.to_uppercase(), body));
    assert!(!is_signed(secret, &signed, b"{}"));
    assert!(!is_signed("other", &signed, body));
    for wrong in ["", "no-secret-provided", "00", &signed[..62]] {
        assert!(!is_signed(secret, wrong, body), "{wrong}");
    }
    assert!(!is_signed("", &signature("", body), body), "an empty secret signs nothing");
    let booking = calendars.cancelled(Provider::CalCom, body).unwrap();
    assert_eq!(booking.as_uuid().as_u128(), 7);
    assert_eq!(calendars.cancelled(Provider::CalCom, b"null"), None);
    assert_eq!(calendars.cancelled(Provider::CalDav, body), None);
}

fn signature(secret: &str, body: &[u8]) -> String {
    use hmac::Mac as _;
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

#[test]
fn nothing_that_opens_a_calendar_is_printed() {
    let account = caldav("https://dav.example.com/?key=s3cret", "s3cret");
    let tokens = Credentials::Tokens {
        refresh: "s3cret".to_owned(),
        access: "s3cret".to_owned(),
        ends_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let printed = format!("{account:?} {:?} {tokens:?}", cal_com("s3cret"));
    assert!(!printed.contains("s3cret"), "{printed}");
}
