//! A customer's name, mail address and phone number, normalised to what they mean.
//!
//! Mail and phone are separate keys (decision 2); either may be missing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::{self, TextError};

/// A mail address, trimmed, its domain in lower case. Two spellings of one mailbox compare equal by [`Email::key`].
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// An E.164 phone number, such as `+4791234567`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

/// Why a contact detail cannot be used; the words are for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    #[error("is not a mail address; write it like kari@example.no")]
    Email,
    #[error("is not a phone number; write it like +47 912 34 567")]
    Phone,
    #[error(transparent)]
    Text(#[from] TextError),
}

impl Email {
    /// RFC 5321's limit for a path.
    pub const MAX_CHARS: usize = 254;

    /// Reads an address as people type it; the rules are those of HTML's `type=email`, plus non-ASCII letters (RFC 6531).
    pub fn parse(raw: &str) -> Result<Self, ContactError> {
        let trimmed = text::line(raw, Self::MAX_CHARS).map_err(ContactError::Text)?;
        let (local, domain) = trimmed.rsplit_once('@').ok_or(ContactError::Email)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c));
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let domain_ok = domain.len() <= 253
            && domain.contains('.')
            && domain.split('.').all(label_ok)
            && domain
                .rsplit('.')
                .next()
                .is_some_and(|top| !top.chars().all(|c| c.is_ascii_digit()));
        if local_ok && domain_ok {
            Ok(Self(format!("{local}@{}", domain.to_lowercase())))
        } else {
            Err(ContactError::Email)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one mailbox share: everything in lower case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl Phone {
    /// Reads a number as people of `country` (ISO 3166-1 alpha-2) write it.
    pub fn parse(raw: &str, country: &str) -> Result<Self, ContactError> {
        let trimmed = text::line(raw, 40).map_err(ContactError::Text)?;
        let country = country.parse().ok();
        let number = phonenumber::parse(country, &trimmed).map_err(|_| ContactError::Phone)?;
        if !phonenumber::is_valid(&number) {
            return Err(ContactError::Phone);
        }
        Ok(Self(number.format().mode(phonenumber::Mode::E164).to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Personal data prints nowhere by accident (A13).
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_people_have_are_read() {
        for (raw, read) in [
            (" Kari.Nordmann@Example.NO ", "Kari.Nordmann@example.no"),
            ("kari+bil@post.example.com", "kari+bil@post.example.com"),
            ("o'brien@example.ie", "o'brien@example.ie"),
            ("åse@blåbær.example.no", "åse@blåbær.example.no"),
        ] {
            assert_eq!(Email::parse(raw).unwrap().as_str(), read);
        }
        assert_eq!(Email::parse("A@B.no").unwrap().key(), Email::parse("a@b.NO").unwrap().key());
    }

    #[test]
    fn addresses_that_nobody_has_are_refused() {
        for raw in [
            "",
            "kari",
            "kari@",
            "@example.no",
            "kari@example",
            "kari@@example.no",
            "a b@example.no",
            "kari@example..no",
            ".kari@example.no",
            "kari@-example.no",
            "kari@10.0.0.1",
            "kari@example.no\r\nBcc: x@y.no",
            "kari@exa\u{0}mple.no",
            "<kari@example.no>",
        ] {
            assert!(Email::parse(raw).is_err(), "{raw:?}");
        }
        assert!(Email::parse(&format!("{}@example.no", "k".repeat(65))).is_err());
    }

    #[test]
    fn a_phone_number_is_read_as_of_the_tenants_country() {
        for (raw, country, read) in [
            ("912 34 567", "NO", "+4791234567"),
            ("+47 912 34 567", "FR", "+4791234567"),
            ("0047 91234567", "NO", "+4791234567"),
            ("06 12 34 56 78", "FR", "+33612345678"),
        ] {
            assert_eq!(Phone::parse(raw, country).unwrap().as_str(), read, "{raw}");
        }
        for raw in ["", "12", "call me", "+47 1", "9123456789012345"] {
            assert!(Phone::parse(raw, "NO").is_err(), "{raw}");
        }
    }
}
