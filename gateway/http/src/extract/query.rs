//! Query parameters, one by one, each refused under its own name.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use forecourt_wire::FieldError;
use std::future::{Ready, ready};

use super::form::pairs;
use crate::problem::{Code, Problem};

/// The parameters of a request, and what was found wrong with them.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl FromRequest for Query {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = pairs(request.query_string().as_bytes())
            .map(|pairs| Self { pairs, errors: Vec::new() })
            .ok_or_else(|| Problem::new(Code::MalformedQuery));
        ready(query)
    }
}

impl Query {
    /// Reads a parameter; empty counts as missing, twice is an error, and so is what `parse` refuses.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let value = values.next().filter(|value| !value.is_empty())?;
        let read = if values.next().is_some() {
            Err(("repeated", "stands twice".to_owned()))
        } else {
            parse(value).map_err(|detail| ("value", detail))
        };
        match read {
            Ok(value) => Some(value),
            Err((code, detail)) => {
                let (pointer, code) = (name.to_owned(), code.to_owned());
                self.errors.push(FieldError { pointer, code, detail });
                None
            }
        }
    }

    /// A whole number between two bounds.
    pub(crate) fn number(&mut self, name: &str, low: u32, high: u32) -> Option<u32> {
        self.read(name, |text| {
            let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok());
            number
                .flatten()
                .filter(|number| (low..=high).contains(number))
                .ok_or_else(|| format!("must be a whole number from {low} to {high}"))
        })
    }

    /// Nothing more is to be read: says all that was wrong at once.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::new(Code::Invalid).errors(self.errors))
        }
    }
}
