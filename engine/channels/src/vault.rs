//! Seals the secrets of endpoints before they are stored: AES-256-GCM under a key drawn from the engine's own secret.
//!
//! What is sealed opens for its owner alone: tenant and endpoint are part of what is authenticated, so a row
//! that is copied to another tenant opens nothing.

use forecourt_ports::webhook::{Owner, Secret, Vault, VaultError};
use hmac::{Hmac, Mac as _};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use sha2::Sha256;

/// What stands before the nonce; another number is another way to seal.
const FORM: u8 = 1;

/// See the [module](self).
pub struct SealedVault {
    key: LessSafeKey,
    random: SystemRandom,
}

impl SealedVault {
    /// A vault under the engine's secret, the same on all nodes.
    pub fn new(master: &[u8]) -> Result<Self, VaultError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(master).map_err(|_| VaultError)?;
        mac.update(b"forecourt webhook secrets 1");
        let key = UnboundKey::new(&AES_256_GCM, &mac.finalize().into_bytes());
        let key = LessSafeKey::new(key.map_err(|_| VaultError)?);
        Ok(Self { key, random: SystemRandom::new() })
    }
}

fn whose(owner: Owner) -> Aad<[u8; 32]> {
    let mut text = [0; 32];
    text[..16].copy_from_slice(owner.tenant.as_uuid().as_bytes());
    text[16..].copy_from_slice(owner.endpoint.as_uuid().as_bytes());
    Aad::from(text)
}

impl Vault for SealedVault {
    fn seal(&self, owner: Owner, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| VaultError)?;
        let mut text = secret.expose().to_vec();
        let sealed = self.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            whose(owner),
            &mut text,
        );
        sealed.map_err(|_| VaultError)?;
        Ok([&[FORM][..], &nonce, &text].concat())
    }

    fn open(&self, owner: Owner, sealed: &[u8]) -> Result<Secret, VaultError> {
        let rest = sealed.strip_prefix(&[FORM]).ok_or(VaultError)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(VaultError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError)?;
        let mut text = text.to_vec();
        let opened = self.key.open_in_place(nonce, whose(owner), &mut text);
        opened.map(|secret| Secret::new(secret.to_vec())).map_err(|_| VaultError)
    }
}

impl std::fmt::Debug for SealedVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedVault(..)")
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::id::{EndpointId, TenantId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_secret_opens_for_its_owner_under_its_key_and_for_nobody_else() {
        let owner = |n| Owner {
            tenant: TenantId::from_uuid(Uuid::from_u128(n)),
            endpoint: EndpointId::from_uuid(Uuid::from_u128(7)),
        };
        let vault = SealedVault::new(&[1; 32]).unwrap();
        let secret = Secret::new(vec![9; 32]);
        let sealed = vault.seal(owner(1), &secret).unwrap();
        assert_ne!(sealed, vault.seal(owner(1), &secret).unwrap(), "every seal is another one");
        assert!(!sealed.windows(8).any(|part| part == [9; 8]));
        assert_eq!(vault.open(owner(1), &sealed), Ok(secret));
        assert_eq!(vault.open(owner(2), &sealed), Err(VaultError));
        assert_eq!(SealedVault::new(&[2; 32]).unwrap().open(owner(1), &sealed), Err(VaultError));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        for wrong in [&changed[..], &[], &[1], &sealed[..20], &sealed[1..]] {
            assert_eq!(vault.open(owner(1), wrong), Err(VaultError));
        }
    }
}
