//! What we seal and hand out: a visitor's token, and the links in mails.
//!
//! A token is `<kind>.<claims>.<mac>`: what it says is readable, and only we can have said it. Each kind has
//! a key of its own, derived from the signing key, so that one kind never passes for another.
//!
//! # Invariants
//! - macs are compared in constant time (S6), before anything they cover is read;
//! - a visitor's token opens one conversation of one tenant, from one origin, until it expires;
//! - **A14** keys print nowhere.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use forecourt_core::id::{BookingId, DeliveryId, SessionId, TenantId};
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::problem::{Code, Problem};

type HmacSha256 = Hmac<Sha256>;

/// The longest token that is looked at.
const MAX_TOKEN: usize = 4_096;

/// The secret behind every token: at least 32 random bytes, the same on all nodes.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// `None` when there are fewer than 32 bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        (bytes.len() >= 32).then_some(Self(bytes))
    }

    /// Another key, for what must not open with this one.
    pub(crate) fn apart(&self, purpose: &str) -> Self {
        Self(self.derive(purpose).to_vec())
    }

    /// A key of its own for a purpose outside of the gateway.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = keyed(&self.0);
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// What a visitor's token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Visitor {
    #[serde(rename = "t")]
    pub(crate) tenant: Uuid,
    #[serde(rename = "s")]
    pub(crate) session: Uuid,
    /// The page's origin, when a page asked for the token.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    /// Unix seconds.
    #[serde(rename = "x")]
    pub(crate) expires: i64,
    /// The page of the conversation, without query and fragment.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
}

impl Visitor {
    pub(crate) const fn tenant(&self) -> TenantId {
        TenantId::from_uuid(self.tenant)
    }

    pub(crate) const fn session(&self) -> SessionId {
        SessionId::from_uuid(self.session)
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::from_second(self.expires).unwrap_or(Timestamp::MIN)
    }
}

/// What opens one live socket, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) tenant: TenantId,
    /// Names the sign-in session that it hangs on.
    pub(crate) signed_in: [u8; 32],
    /// Makes it one of its own.
    pub(crate) nonce: [u8; 16],
    pub(crate) expires_at: Timestamp,
}

impl Ticket {
    fn claims(&self) -> [u8; 72] {
        let mut claims = [0; 72];
        claims[..16].copy_from_slice(self.tenant.as_uuid().as_bytes());
        claims[16..48].copy_from_slice(&self.signed_in);
        claims[48..64].copy_from_slice(&self.nonce);
        claims[64..].copy_from_slice(&self.expires_at.as_second().to_be_bytes());
        claims
    }

    /// What claims say, while they are not over.
    fn of(claims: &[u8], now: Timestamp) -> Option<Self> {
        let claims: &[u8; 72] = claims.try_into().ok()?;
        let seconds = i64::from_be_bytes(claims[64..].try_into().ok()?);
        let ticket = Self {
            tenant: TenantId::from_uuid(Uuid::from_slice(&claims[..16]).ok()?),
            signed_in: claims[16..48].try_into().ok()?,
            nonce: claims[48..64].try_into().ok()?,
            expires_at: Timestamp::from_second(seconds).ok()?,
        };
        (now < ticket.expires_at).then_some(ticket)
    }
}

/// Seals and opens tokens.
pub(crate) struct Sealer {
    visitor: HmacSha256,
    unsubscribe: HmacSha256,
    ticket: HmacSha256,
    booking: HmacSha256,
    code: HmacSha256,
    consent: HmacSha256,
}

impl Sealer {
    pub(crate) fn new(key: &SigningKey) -> Self {
        Self {
            visitor: derived(key, "forecourt visitor token 1"),
            unsubscribe: derived(key, "forecourt unsubscribe link 1"),
            ticket: derived(key, "forecourt live ticket 1"),
            booking: derived(key, "forecourt booking link 1"),
            code: derived(key, "forecourt booking code 1"),
            consent: derived(key, "forecourt calendar consent 1"),
        }
    }

    pub(crate) fn visitor(&self, visitor: &Visitor) -> String {
        // A struct of plain values cannot fail to serialise.
        seal(&self.visitor, "v1", &serde_json::to_vec(visitor).unwrap_or_default())
    }

    /// The claims of a token that is ours and still good.
    pub(crate) fn open_visitor(&self, token: &str, now: Timestamp) -> Result<Visitor, Problem> {
        let claims = open(&self.visitor, "v1", token);
        let visitor: Option<Visitor> = claims.and_then(|json| serde_json::from_slice(&json).ok());
        let visitor = visitor.ok_or_else(|| Problem::new(Code::Unauthorised))?;
        if now >= visitor.expires_at() {
            return Err(Problem::new(Code::TokenExpired));
        }
        Ok(visitor)
    }

    /// A link never expires: a mail may be read years later (RFC 8058).
    pub(crate) fn unsubscribe(&self, tenant: TenantId, session: SessionId) -> String {
        seal(&self.unsubscribe, "u1", &pair(tenant.as_uuid(), session.as_uuid()))
    }

    pub(crate) fn open_unsubscribe(&self, token: &str) -> Option<(TenantId, SessionId)> {
        let (tenant, session) = parted(&open(&self.unsubscribe, "u1", token)?)?;
        Some((TenantId::from_uuid(tenant), SessionId::from_uuid(session)))
    }
}

impl Sealer {
    /// Made of characters that may stand in the name of a subprotocol.
    pub(crate) fn ticket(&self, ticket: &Ticket) -> String {
        seal(&self.ticket, "l1", &ticket.claims())
    }

    /// A ticket that is ours and not over; whether it was used before the store knows.
    pub(crate) fn open_ticket(&self, token: &str, now: Timestamp) -> Option<Ticket> {
        Ticket::of(&open(&self.ticket, "l1", token)?, now)
    }

    /// What a consent page is given, to be sent back by the same sign-in.
    pub(crate) fn consent(&self, ticket: &Ticket) -> String {
        seal(&self.consent, "c1", &ticket.claims())
    }

    pub(crate) fn open_consent(&self, token: &str, now: Timestamp) -> Option<Ticket> {
        Ticket::of(&open(&self.consent, "c1", token)?, now)
    }

    /// Opens one booking to its holder, for as long as the booking may be changed at all.
    pub(crate) fn booking(&self, tenant: TenantId, booking: BookingId) -> String {
        seal(&self.booking, "b1", &pair(tenant.as_uuid(), booking.as_uuid()))
    }

    /// The one-time code of a letter about a booking: six digits that nobody can work out without the
    /// key, and that nobody has to keep.
    pub(crate) fn code(&self, tenant: TenantId, booking: BookingId, letter: DeliveryId) -> String {
        let mut mac = self.code.clone();
        for id in [tenant.as_uuid(), booking.as_uuid(), letter.as_uuid()] {
            mac.update(id.as_bytes());
        }
        let mac: [u8; 32] = mac.finalize().into_bytes().into();
        // Of 2^128 numbers, so that no code is likelier than another by more than a trillionth.
        let number = mac[..16].iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        format!("{:06}", number % 1_000_000)
    }

    /// The same, for a while: for who has brought a code.
    pub(crate) fn booking_until(
        &self,
        tenant: TenantId,
        booking: BookingId,
        until: Timestamp,
    ) -> String {
        let mut claims = [0; 40];
        claims[..32].copy_from_slice(&pair(tenant.as_uuid(), booking.as_uuid()));
        claims[32..].copy_from_slice(&until.as_second().to_be_bytes());
        seal(&self.booking, "b2", &claims)
    }

    /// The booking that a link opens at `now`.
    pub(crate) fn open_booking(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Option<(TenantId, BookingId)> {
        let claims = if token.starts_with("b2.") {
            let claims: [u8; 40] = open(&self.booking, "b2", token)?.try_into().ok()?;
            let (pair, until) = claims.split_at(32);
            if now.as_second() >= i64::from_be_bytes(until.try_into().ok()?) {
                return None;
            }
            pair.to_vec()
        } else {
            open(&self.booking, "b1", token)?
        };
        let (tenant, booking) = parted(&claims)?;
        Some((TenantId::from_uuid(tenant), BookingId::from_uuid(booking)))
    }
}

fn pair(one: &Uuid, two: &Uuid) -> [u8; 32] {
    let mut claims = [0; 32];
    claims[..16].copy_from_slice(one.as_bytes());
    claims[16..].copy_from_slice(two.as_bytes());
    claims
}

fn parted(claims: &[u8]) -> Option<(Uuid, Uuid)> {
    let (one, two) = claims.split_at_checked(16)?;
    Some((Uuid::from_slice(one).ok()?, Uuid::from_slice(two).ok()?))
}

/// Hides who is counted: the same on every node, and nobody without the signing key can tell whom it is.
pub(crate) struct Blinder(HmacSha256);

impl Blinder {
    pub(crate) fn new(key: &SigningKey) -> Self {
        Self(derived(key, "forecourt limits 1"))
    }

    /// Differs from one purpose to the next.
    pub(crate) fn hide(&self, purpose: &str, whom: &[u8]) -> [u8; 16] {
        let mut mac = self.0.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(whom);
        let mut hidden = [0; 16];
        hidden.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        hidden
    }
}

/// A key of its own for each purpose.
fn derived(key: &SigningKey, purpose: &str) -> HmacSha256 {
    let mut mac = keyed(&key.0);
    mac.update(purpose.as_bytes());
    keyed(&mac.finalize().into_bytes())
}

fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn seal(key: &HmacSha256, kind: &str, claims: &[u8]) -> String {
    let signed = format!("{kind}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mut mac = key.clone();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn open(key: &HmacSha256, kind: &str, token: &str) -> Option<Vec<u8>> {
    let (signed, mac) = token.rsplit_once('.').filter(|_| token.len() <= MAX_TOKEN)?;
    let given = URL_SAFE_NO_PAD.decode(mac).ok()?;
    let mut expected = key.clone();
    expected.update(signed.as_bytes());
    expected.verify_slice(&given).ok()?; // in constant time
    let claims = signed.strip_prefix(kind)?.strip_prefix('.')?;
    URL_SAFE_NO_PAD.decode(claims).ok()
}

/// A fresh secret for a cookie, and the hash under which it is kept. Secrets do not come from a port: no
/// replay may ever give the same one again.
pub(crate) fn fresh_secret() -> (String, [u8; 32]) {
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let hash = hash(&secret);
    (secret, hash)
}

/// Fresh bytes that make a token one of its own.
pub(crate) fn fresh_nonce() -> [u8; 16] {
    rand::random()
}

pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(seed: u8) -> Sealer {
        Sealer::new(&SigningKey::new(vec![seed; 32]).unwrap())
    }

    fn claims() -> Visitor {
        Visitor {
            tenant: Uuid::from_u128(1),
            session: Uuid::from_u128(2),
            origin: Some("https://bil.example.no".into()),
            expires: 1_000,
            page: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_opens_until_it_expires_and_says_what_was_sealed() {
        let token = sealer(1).visitor(&claims());
        assert_eq!(sealer(1).open_visitor(&token, at(999)).unwrap(), claims());
        let expired = sealer(1).open_visitor(&token, at(1_000)).unwrap_err();
        assert_eq!(expired.code(), Code::TokenExpired);
    }

    #[test]
    fn a_token_that_we_did_not_seal_is_refused_however_it_was_made() {
        let token = sealer(1).visitor(&claims());
        let (signed, mac) = token.rsplit_once('.').unwrap();
        let forged = URL_SAFE_NO_PAD.encode(br#"{"t":"00000000-0000-0000-0000-000000000009","s":"00000000-0000-0000-0000-000000000002","x":99999}"#);
        for token in [
            String::new(),
            ".".into(),
            "v1..".into(),
            token[..token.len() - 1].to_owned(),
            format!("{token}A"),
            format!("{signed}."),
            format!("v1.{forged}.{mac}"),
            format!("{}.{mac}", signed.replace("v1", "u1")),
            sealer(2).visitor(&claims()),
            sealer(1)
                .unsubscribe(TenantId::from_uuid(Uuid::nil()), SessionId::from_uuid(Uuid::nil())),
            "v1.".repeat(2_000),
        ] {
            let refused = sealer(1).open_visitor(&token, at(0)).unwrap_err();
            assert_eq!(refused.code(), Code::Unauthorised, "{token}");
        }
    }

    #[test]
    fn an_unsubscribe_link_names_its_conversation_and_a_visitor_token_is_none() {
        let (tenant, session) =
            (TenantId::from_uuid(Uuid::from_u128(1)), SessionId::from_uuid(Uuid::from_u128(2)));
        let token = sealer(1).unsubscribe(tenant, session);
        assert_eq!(sealer(1).open_unsubscribe(&token), Some((tenant, session)));
        assert_eq!(sealer(2).open_unsubscribe(&token), None);
        assert_eq!(sealer(1).open_unsubscribe(&sealer(1).visitor(&claims())), None);
    }

    #[test]
    fn a_ticket_is_good_until_it_is_over_and_only_from_us() {
        let ticket = Ticket {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            signed_in: [2; 32],
            nonce: [3; 16],
            expires_at: at(1_030),
        };
        let token = sealer(1).ticket(&ticket);
        assert_eq!(sealer(1).open_ticket(&token, at(1_029)), Some(ticket));
        assert_eq!(sealer(1).open_ticket(&token, at(1_030)), None);
        assert_eq!(sealer(2).open_ticket(&token, at(1_000)), None);
        assert_eq!(sealer(1).open_ticket(&sealer(1).visitor(&claims()), at(0)), None);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
    }

    #[test]
    fn a_code_follows_from_the_letter_and_the_key_alone() {
        let (tenant, booking) =
            (TenantId::from_uuid(Uuid::from_u128(1)), BookingId::from_uuid(Uuid::from_u128(2)));
        let letter = |n| DeliveryId::from_uuid(Uuid::from_u128(n));
        let code = sealer(1).code(tenant, booking, letter(3));
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        assert_eq!(sealer(1).code(tenant, booking, letter(3)), code, "the same on every node");
        let others: std::collections::BTreeSet<String> = (4..204)
            .map(|n| sealer(1).code(tenant, booking, letter(n)))
            .chain([sealer(2).code(tenant, booking, letter(3))])
            .collect();
        assert!(others.len() > 195 && !others.contains(&code), "{} different", others.len());
    }

    #[test]
    fn a_booking_link_opens_its_booking_and_nothing_else_does() {
        let (tenant, booking) =
            (TenantId::from_uuid(Uuid::from_u128(1)), BookingId::from_uuid(Uuid::from_u128(2)));
        let session = SessionId::from_uuid(Uuid::from_u128(2));
        let at = |second| Timestamp::from_second(second).unwrap();
        let open = |n, token: &str, now| sealer(n).open_booking(token, at(now));
        let token = sealer(1).booking(tenant, booking);
        assert_eq!(open(1, &token, i64::from(u32::MAX)), Some((tenant, booking)));
        assert_eq!(open(2, &token, 0), None);
        assert_eq!(open(1, &sealer(1).unsubscribe(tenant, session), 0), None);
        assert_eq!(open(1, &booking.to_string(), 0), None, "an id is no right");
        let short = sealer(1).booking_until(tenant, booking, at(1_000));
        assert_eq!(open(1, &short, 999), Some((tenant, booking)));
        assert_eq!(open(1, &short, 1_000), None, "its time has passed");
        assert_eq!(open(2, &short, 999), None);
        let forged = format!("b1{}", &short[2..]);
        assert_eq!(open(1, &forged, 0), None, "one kind never passes for another");
    }

    #[test]
    fn a_short_key_is_refused_and_a_key_prints_nothing() {
        assert!(SigningKey::new(vec![7; 31]).is_none());
        assert_eq!(format!("{:?}", SigningKey::new(vec![7; 32]).unwrap()), "SigningKey(..)");
    }
}
