//! The little language of faults: `name[;key=value]...`, used by the command line, by headers and
//! by the run-time controls of both simulators.
//!
//! Lives here: parsing alone. What a name means is said where it is used.

use std::str::FromStr;

use thiserror::Error;

/// Longest spec that is read (A9).
const MAX_SPEC_BYTES: usize = 8 * 1024;

/// A parsed spec: its name and its settings in the order written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    name: String,
    settings: Vec<(String, String)>,
}

/// Why a spec is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpecError {
    #[error("the spec is empty")]
    Empty,
    #[error("the spec is longer than {MAX_SPEC_BYTES} bytes")]
    TooLong,
    #[error("`{0}` is not key=value")]
    NotASetting(String),
    #[error("nothing is called `{name}`")]
    UnknownName { name: String },
    #[error("`{name}` takes no setting `{key}`")]
    UnknownKey { name: String, key: String },
    #[error("`{key}` needs another kind of value than `{value}`")]
    BadValue { key: String, value: String },
    #[error("`{name}` needs the setting `{key}`")]
    MissingKey { name: String, key: &'static str },
}

impl Spec {
    /// Reads `name[;key=value]...`. The setting `text` takes all that follows, semicolons included.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        if text.len() > MAX_SPEC_BYTES {
            return Err(SpecError::TooLong);
        }
        let (name, mut rest) = match text.split_once(';') {
            Some((name, rest)) => (name, Some(rest)),
            None => (text, None),
        };
        let name = name.trim();
        if name.is_empty() {
            return Err(SpecError::Empty);
        }
        let mut settings = Vec::new();
        while let Some(remaining) = rest {
            if let Some(value) = remaining.strip_prefix("text=") {
                settings.push(("text".to_owned(), value.to_owned()));
                break;
            }
            let (item, next) = match remaining.split_once(';') {
                Some((item, next)) => (item, Some(next)),
                None => (remaining, None),
            };
            rest = next;
            if item.trim().is_empty() {
                continue;
            }
            let (key, value) =
                item.split_once('=').ok_or_else(|| SpecError::NotASetting(item.to_owned()))?;
            settings.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        Ok(Self { name: name.to_owned(), settings })
    }

    /// What comes before the first semicolon.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last value given for `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The value of `key` as a `T`, if it is given.
    pub fn value<T: FromStr>(&self, key: &str) -> Result<Option<T>, SpecError> {
        self.get(key)
            .map(|value| {
                value.parse().map_err(|_| SpecError::BadValue {
                    key: key.to_owned(),
                    value: value.to_owned(),
                })
            })
            .transpose()
    }

    /// Like [`Spec::value`], refusing a spec without `key`.
    pub fn required<T: FromStr>(&self, key: &'static str) -> Result<T, SpecError> {
        self.value(key)?.ok_or_else(|| SpecError::MissingKey { name: self.name.clone(), key })
    }

    /// Refuses a setting that nobody reads: a typing mistake must not pass as "no fault".
    pub fn only(&self, keys: &[&str]) -> Result<(), SpecError> {
        match self.settings.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            Some((key, _)) => {
                Err(SpecError::UnknownKey { name: self.name.clone(), key: key.clone() })
            }
            None => Ok(()),
        }
    }

    /// The error for a name that the reader does not know.
    pub fn unknown(&self) -> SpecError {
        SpecError::UnknownName { name: self.name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_has_a_name_and_settings_in_any_order() {
        let spec = Spec::parse("error; code=429 ;retry_after=7").unwrap();
        assert_eq!(spec.name(), "error");
        assert_eq!(spec.value::<u16>("code"), Ok(Some(429)));
        assert_eq!(spec.get("retry_after"), Some("7"));
        assert_eq!(spec.value::<u16>("absent"), Ok(None));
    }

    #[test]
    fn the_text_setting_takes_everything_after_it() {
        let spec = Spec::parse("reply;ms=5;text=Hei; pris = 5; ok").unwrap();
        assert_eq!(spec.get("text"), Some("Hei; pris = 5; ok"));
        assert_eq!(spec.get("ms"), Some("5"));
    }

    #[test]
    fn a_misspelt_setting_is_refused_and_not_ignored() {
        let spec = Spec::parse("stall;afer=2").unwrap();
        let refused = spec.only(&["after"]).unwrap_err();
        assert_eq!(refused.to_string(), "`stall` takes no setting `afer`");
    }

    #[test]
    fn nonsense_is_named_in_the_error() {
        assert_eq!(Spec::parse(" "), Err(SpecError::Empty));
        assert_eq!(Spec::parse("a;b"), Err(SpecError::NotASetting("b".into())));
        assert!(matches!(
            Spec::parse("a;n=x").unwrap().value::<u8>("n"),
            Err(SpecError::BadValue { .. })
        ));
        assert!(matches!(
            Spec::parse("a").unwrap().required::<u8>("n"),
            Err(SpecError::MissingKey { .. })
        ));
        assert_eq!(Spec::parse(&"x".repeat(9000)), Err(SpecError::TooLong));
    }
}
