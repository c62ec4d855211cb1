//! Consent, refresh, and tokens that are over.

use forecourt_core::external::Provider;
use forecourt_loadtest::calendar_sim::Side;
use forecourt_ports::calendar::{Account, Calendar as _, CalendarError, Consent, Credentials};
use jiff::SignedDuration;

use super::support::{calendars, consented, day, hour, sim};

const BOTH: [(Provider, Side); 2] =
    [(Provider::Google, Side::Google), (Provider::Microsoft, Side::Microsoft)];

fn with(account: &Account, credentials: Credentials) -> Account {
    Account { credentials, ..account.clone() }
}

#[tokio::test]
async fn a_person_consents_and_the_code_is_good_once_it_is_proven() {
    let verifier = "v".repeat(43);
    for (provider, _) in BOTH {
        let sim = sim(&[]);
        let calendars = calendars(&sim);
        let consent = Consent { state: "st&te", challenge: "ch", redirect: "https://us/back" };
        let page = calendars.consent_url(provider, &consent).unwrap();
        for part in
            ["state=st%26te", "code_challenge=ch", "code_challenge_method=S256", "us%2Fback"]
        {
            assert!(page.contains(part), "{page}");
        }
        assert!(!page.contains("s3cret"));
        let redeem = async |code: &str, verifier: &str| {
            calendars.redeem(provider, code, verifier, "https://us/back", day()).await
        };
        assert_eq!(redeem("stolen", &verifier).await, Err(CalendarError::Auth));
        assert_eq!(redeem("good-code", "guess").await, Err(CalendarError::Auth));
        let credentials = redeem("good-code", &verifier).await.unwrap();
        let account = with(&consented(provider, ""), credentials);
        assert!(!calendars.check(&account).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn tokens_are_renewed_before_they_end_and_a_rotated_one_replaces_the_old() {
    for (provider, side) in BOTH {
        let sim = sim(&[]);
        let (calendars, account) = (calendars(&sim), consented(provider, "access-0"));
        let early = day() - SignedDuration::from_mins(30);
        assert_eq!(calendars.renew(&account, early).await, Ok(None), "they are still good");
        sim.expire(side, false);
        assert_eq!(calendars.check(&account).await.unwrap_err(), CalendarError::Auth);
        let late = day() - SignedDuration::from_mins(1);
        let fresh = calendars.renew(&account, late).await.unwrap().unwrap();
        let renewed = with(&account, fresh);
        assert!(!calendars.check(&renewed).await.unwrap().is_empty());
        // Google keeps the refresh token; at Microsoft the old one is over.
        let again = calendars.renew(&account, late).await;
        assert_eq!(again.is_ok(), provider == Provider::Google, "{provider:?}");
        assert!(calendars.renew(&renewed, hour(24).from).await.is_ok());
        sim.expire(side, true);
        let over = calendars.renew(&renewed, hour(24).from).await.unwrap_err();
        assert_eq!(over, CalendarError::Auth, "only the person can mend it");
    }
}
