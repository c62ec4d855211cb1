//! Whether a webhook is signed as Standard Webhooks says: written from RFC 2104 and the specification, and
//! from nothing of the engine's, so that both can be wrong only together.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::received::Call;

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// The headers by which a call is signed, beside its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub timestamp: String,
    pub signature: String,
}

/// Whether one of a call's signatures is that of `secret` (`whsec_…`), and the call no older or newer than
/// `tolerance_s` at the Unix second `now`. A call whose body was not kept is not signed.
pub fn verifies(call: &Call, secret: &str, now: i64, tolerance_s: i64) -> bool {
    let parts = (call.key.as_deref(), call.body.as_deref(), call.signed.as_ref());
    let (Some(id), Some(body), Some(signed)) = parts else { return false };
    let Ok(timestamp) = signed.timestamp.parse::<i64>() else { return false };
    if (now - timestamp).abs() > tolerance_s {
        return false;
    }
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    let Some(key) = key.filter(|key| (24..=64).contains(&key.len())) else { return false };
    let text = format!("{id}.{}.{body}", signed.timestamp);
    let wanted = STANDARD.encode(hmac(&key, text.as_bytes()));
    signed.signature.split(' ').any(|one| one.strip_prefix("v1,") == Some(wanted.as_str()))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_sim::Outcome;

    /// The specification's own example.
    fn call() -> Call {
        Call {
            number: 1,
            at: String::new(),
            path: "/".into(),
            key: Some("msg_p5jXN8AQM9LWM0D4loKWxJek".into()),
            bytes: 20,
            hash: String::new(),
            outcome: Outcome::Accepted,
            body: Some("{\"test\": 2432232314}".into()),
            signed: Some(Signed {
                timestamp: "1614265330".into(),
                signature: "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".into(),
            }),
        }
    }

    #[test]
    fn a_call_is_signed_by_its_secret_over_id_time_and_body_and_only_for_a_while() {
        let (secret, now) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1_614_265_330);
        assert!(verifies(&call(), secret, now + 299, 300));
        assert!(!verifies(&call(), secret, now + 301, 300));
        assert!(!verifies(&call(), secret, now - 301, 300));
        assert!(!verifies(&call(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", now, 300));
        assert!(!verifies(&call(), "nonsense", now, 300));
        let mut other = call();
        other.body = Some("{\"test\": 2432232315}".into());
        assert!(!verifies(&other, secret, now, 300));
        let mut other = call();
        other.key = Some("msg_other".into());
        assert!(!verifies(&other, secret, now, 300));
        let mut unsigned = call();
        unsigned.signed = None;
        assert!(!verifies(&unsigned, secret, now, 300));
    }
}
