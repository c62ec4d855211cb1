//! The exact request that a call of a tenant's own tool becomes.
//!
//! # Invariants
//! - **A6** an argument fills its place in the path or the query, and can reach no other part of the address: it
//!   is escaped whole, and no path segment becomes `.` or `..`;
//! - the same call since the customer last wrote has the same key, whoever repeats it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{ToolBody, ToolError};
use crate::{tools::BadArguments, webhook::target::LONGEST};

/// How a tool is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether arguments without a place in the address are sent as a JSON object.
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// A request as it leaves, but for its headers.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    pub method: Method,
    pub url: Url,
    /// JSON.
    pub body: Option<String>,
}

// It may hold a customer's words (A13).
impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("method", &self.method).finish_non_exhaustive()
    }
}

impl ToolBody {
    /// Checks a call's arguments, and makes its request.
    pub fn prepare(&self, args: &Map<String, Value>) -> Result<Prepared, BadArguments> {
        let args = self.arguments.check(args)?;
        let bad = |what: &str| BadArguments(what.to_owned());
        let mut address = String::with_capacity(self.url.len() + 64);
        for piece in pieces(&self.url) {
            match piece {
                Piece::Text(text) => address.push_str(text),
                Piece::Place(name) => match args.get(name) {
                    Some(value) => address.push_str(&escaped(&plain(value))),
                    None => return Err(BadArguments(format!("missing field `{name}`"))),
                },
            }
        }
        let places: Vec<&str> = places(&self.url).collect();
        let rest: Map<String, Value> =
            args.into_iter().filter(|(name, _)| !places.contains(&name.as_str())).collect();
        let mut url = Url::parse(&address).map_err(|_| bad("the arguments make no address"))?;
        // Whatever the escapes let through: the host and the steps of the path stay those of the template.
        let like = sample(&self.url).ok_or_else(|| bad("the arguments make no address"))?;
        let steps = |url: &Url| url.path_segments().map_or(0, Iterator::count);
        if url.origin() != like.origin() || steps(&url) != steps(&like) {
            return Err(bad("the arguments leave the path"));
        }
        let body = if self.method.has_body() {
            Some(Value::Object(rest).to_string())
        } else {
            if !rest.is_empty() {
                let mut query = url.query_pairs_mut();
                for (name, value) in &rest {
                    query.append_pair(name, &plain(value));
                }
            }
            None
        };
        if url.as_str().len() > LONGEST {
            return Err(bad("the arguments are too long"));
        }
        Ok(Prepared { method: self.method, url, body })
    }
}

impl Prepared {
    /// The key that tells the other side of a repeat: of this request, since the customer last wrote.
    pub fn key(&self, since: &str) -> String {
        let mut hash = Sha256::new();
        for part in [
            since,
            self.method.as_str(),
            self.url.as_str(),
            self.body.as_deref().unwrap_or_default(),
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let digits =
            |byte: &u8| [byte >> 4, byte & 15].map(|four| char::from_digit(four.into(), 16));
        hash.finalize().iter().take(16).flat_map(digits).flatten().collect()
    }
}

pub(super) fn check_template(body: &ToolBody) -> Result<(), ToolError> {
    let fault = |why: String| Err(ToolError::new("url", why));
    let at = body.url.find("://").map_or(0, |at| at + 3);
    let host = body.url[at..].find(['/', '?']).map_or(body.url.len(), |end| at + end);
    if body.url[..host].contains(['{', '}']) {
        return fault("must not have an argument before its path".into());
    }
    let (opened, closed) = (body.url.matches('{').count(), body.url.matches('}').count());
    let mut found = 0;
    for name in places(&body.url) {
        found += 1;
        let Some(_) = body.arguments.properties.get(name) else {
            let name: String = name.chars().take(40).collect();
            return fault(format!("names `{name}`, which is no argument"));
        };
        if !body.arguments.required.contains(name) {
            return fault(format!("names `{name}`, which must be required"));
        }
    }
    if found != opened || found != closed {
        return fault("must close every `{` that it opens".into());
    }
    sample(&body.url)
        .map(drop)
        .ok_or_else(|| ToolError::new("url", "must be an absolute `https` address"))
}

/// The address with `0` in every place.
pub(super) fn sample(url: &str) -> Option<Url> {
    let filled: String = pieces(url)
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Place(_) => "0",
        })
        .collect();
    Url::parse(&filled).ok().filter(Url::has_host)
}

enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

fn pieces(url: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = url;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let place = rest.strip_prefix('{').and_then(|after| Some((after, after.find('}')?)));
        if let Some((after, end)) = place {
            rest = &after[end + 1..];
            return Some(Piece::Place(&after[..end]));
        }
        let skip = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[skip..].find('{').map_or(rest.len(), |end| end + skip);
        let text = &rest[..end];
        rest = &rest[end..];
        Some(Piece::Text(text))
    })
}

fn places(url: &str) -> impl Iterator<Item = &str> {
    pieces(url).filter_map(|piece| match piece {
        Piece::Place(name) => Some(name),
        Piece::Text(_) => None,
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`; dots too, which alone would climb a path.
fn escaped(text: &str) -> String {
    let only_dots = text.chars().all(|c| c == '.');
    text.bytes()
        .map(|byte| match byte {
            b'.' if only_dots => "%2E".to_owned(),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
