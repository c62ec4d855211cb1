//! A prompt as the cache sees it: pieces in the order tools, system, turns, byte for byte.
//!
//! Lives here: cutting a request body into pieces, and the estimate of tokens. Pieces keep the bytes
//! that were sent: a client that writes the keys of a schema in another order every time loses its
//! cache at the provider, so it must lose it here too.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Characters of one token, roughly. Good enough to compare requests, not to bill them.
const CHARS_PER_TOKEN: usize = 4;
/// Tokens that a turn costs beside its text.
const TURN_OVERHEAD: u64 = 3;

/// How long a cache entry lives after its last use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    FiveMinutes,
    OneHour,
}

/// A cacheable piece of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Hash of everything up to and including this piece.
    pub prefix: [u8; 32],
    pub tokens: u64,
    /// Set where a `cache_control` stands.
    pub mark: Option<Ttl>,
}

/// All pieces of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    pub pieces: Vec<Piece>,
}

/// Tokens of `text`; at least one, unless it is empty.
pub fn tokens(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARS_PER_TOKEN) as u64
}

#[derive(Deserialize)]
struct RawRequest<'a> {
    #[serde(borrow)]
    tools: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    system: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Vec<RawTurn<'a>>,
    #[serde(borrow)]
    cache_control: Option<RawMark<'a>>,
}

#[derive(Deserialize)]
struct RawTurn<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: &'a RawValue,
}

#[derive(Deserialize)]
struct RawMark<'a> {
    #[serde(borrow)]
    ttl: Option<Cow<'a, str>>,
}

impl RawMark<'_> {
    fn ttl(&self) -> Ttl {
        if self.ttl.as_deref() == Some("1h") { Ttl::OneHour } else { Ttl::FiveMinutes }
    }
}

/// The members of an object in the order written.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    members.push((key, map.next_value::<&'de RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Prompt {
    /// Cuts a validated body into pieces. `model` is part of every hash: caches are per model.
    pub fn cut(body: &str, model: &str) -> Result<Self, serde_json::Error> {
        let request: RawRequest<'_> = serde_json::from_str(body)?;
        let mut cutter = Cutter { hash: Sha256::new(), pieces: Vec::new() };
        cutter.hash.update(model.as_bytes());
        for tool in request.tools.into_iter().flatten() {
            cutter.block("tool", tool, 0)?;
        }
        if let Some(system) = request.system {
            cutter.text_or_blocks("system", system, 0)?;
        }
        for turn in &request.messages {
            cutter.text_or_blocks(&turn.role, turn.content, TURN_OVERHEAD)?;
        }
        // A mark on the request itself is a mark on its last piece.
        if let (Some(mark), Some(last)) = (&request.cache_control, cutter.pieces.last_mut()) {
            last.mark.get_or_insert(mark.ttl());
        }
        Ok(Self { pieces: cutter.pieces })
    }

    /// A prompt whose parts are not told apart: nothing of it is marked for a cache.
    pub fn whole(text: &str) -> Self {
        Self { pieces: vec![Piece { prefix: [0; 32], tokens: tokens(text), mark: None }] }
    }

    /// All tokens, cached or not.
    pub fn tokens(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.tokens).sum()
    }

    /// How many pieces carry a mark.
    pub fn marks(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.mark.is_some()).count()
    }
}

struct Cutter {
    hash: Sha256,
    pieces: Vec<Piece>,
}

impl Cutter {
    fn text_or_blocks(
        &mut self,
        owner: &str,
        content: &RawValue,
        overhead: u64,
    ) -> Result<(), serde_json::Error> {
        if content.get().starts_with('"') {
            self.add(owner, &[("type", "\"text\""), ("text", content.get())], None, overhead)
        } else {
            let blocks: Vec<&RawValue> = serde_json::from_str(content.get())?;
            for (at, block) in blocks.into_iter().enumerate() {
                self.block(owner, block, if at == 0 { overhead } else { 0 })?;
            }
            Ok(())
        }
    }

    fn block(
        &mut self,
        owner: &str,
        block: &RawValue,
        overhead: u64,
    ) -> Result<(), serde_json::Error> {
        let Members(members) = serde_json::from_str(block.get())?;
        let mut mark = None;
        let mut kept = Vec::with_capacity(members.len());
        for (key, value) in &members {
            if key == "cache_control" {
                let given: Option<RawMark<'_>> = serde_json::from_str(value.get())?;
                mark = given.map(|given| given.ttl());
            } else {
                kept.push((key.as_ref(), value.get()));
            }
        }
        self.add(owner, &kept, mark, overhead)
    }

    /// Hashes a piece, counts its tokens: strings by their characters, all else by its JSON.
    fn add(
        &mut self,
        owner: &str,
        members: &[(&str, &str)],
        mark: Option<Ttl>,
        overhead: u64,
    ) -> Result<(), serde_json::Error> {
        self.hash.update([0]);
        self.hash.update(owner.as_bytes());
        let mut count = overhead;
        for (key, value) in members {
            self.hash.update([1]);
            self.hash.update(key.as_bytes());
            self.hash.update([2]);
            self.hash.update(value.as_bytes());
            if *key == "type" {
                continue;
            }
            count += if value.starts_with('"') {
                let text: Cow<'_, str> = serde_json::from_str(value)?;
                tokens(&text)
            } else {
                tokens(value)
            };
        }
        let prefix = self.hash.clone().finalize().into();
        self.pieces.push(Piece { prefix, tokens: count, mark });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_prefix(body: &str) -> [u8; 32] {
        Prompt::cut(body, "m").unwrap().pieces.last().unwrap().prefix
    }

    #[test]
    fn a_text_is_short_for_one_text_block() {
        let short = r#"{"messages":[{"role":"user","content":"hei"}]}"#;
        let long = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hei"}]}]}"#;
        assert_eq!(last_prefix(short), last_prefix(long));
    }

    #[test]
    fn the_mark_is_no_part_of_what_it_marks() {
        let bare = r#"{"system":[{"type":"text","text":"a"}],"messages":[]}"#;
        let marked = r#"{"system":[{"type":"text","text":"a",
            "cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[]}"#;
        assert_eq!(last_prefix(bare), last_prefix(marked));
        let prompt = Prompt::cut(marked, "m").unwrap();
        assert_eq!(prompt.pieces[0].mark, Some(Ttl::OneHour));
        assert_eq!(prompt.marks(), 1);
    }

    #[test]
    fn keys_in_another_order_are_another_prefix() {
        let tool = |schema: &str| {
            format!(r#"{{"tools":[{{"name":"t","input_schema":{schema}}}],"messages":[]}}"#)
        };
        assert_ne!(last_prefix(&tool(r#"{"a":1,"b":2}"#)), last_prefix(&tool(r#"{"b":2,"a":1}"#)));
    }

    #[test]
    fn tokens_are_counted_in_characters_and_not_in_bytes_or_escapes() {
        let plain = r#"{"messages":[{"role":"user","content":"åååå"}]}"#;
        let escaped =
            "{\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e5\\u00e5\\u00e5\\u00e5\"}]}";
        assert_eq!(Prompt::cut(plain, "m").unwrap().tokens(), TURN_OVERHEAD + 1);
        assert_eq!(Prompt::cut(escaped, "m").unwrap().tokens(), TURN_OVERHEAD + 1);
    }

    #[test]
    fn a_mark_on_the_request_is_a_mark_on_its_last_piece() {
        let body = r#"{"cache_control":{"type":"ephemeral"},
            "messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
                        {"role":"user","content":"c"}]}"#;
        let marks: Vec<_> =
            Prompt::cut(body, "m").unwrap().pieces.iter().map(|piece| piece.mark).collect();
        assert_eq!(marks, [None, None, Some(Ttl::FiveMinutes)]);
    }
}
