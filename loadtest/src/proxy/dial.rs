//! What the proxy does to the bytes, in words.
//!
//! | dial | effect |
//! |---|---|
//! | `latency;ms=200[;jitter=50]` | every piece is late |
//! | `bandwidth;bytes=10000` | so many bytes a second |
//! | `slice;bytes=1` | pieces of this size, each written on its own |
//! | `blackhole` | bytes are held back until the dial is lifted, as in a partition |
//! | `reset` | open connections are reset, new ones too |
//! | `cut;after=100` | a connection is reset after so many bytes |
//! | `half_close;after=100` | one direction ends after so many bytes, the other goes on |
//! | `refuse` | new connections are reset, open ones go on |
//!
//! Every dial but `refuse` takes `towards=client` or `towards=server`; without it, both ways.

use std::str::FromStr;
use std::time::Duration;

use crate::spec::{Spec, SpecError};

/// A direction of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    Client,
    Server,
}

impl FromStr for Towards {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "client" => Ok(Self::Client),
            "server" => Ok(Self::Server),
            _ => Err(()),
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Latency { wait: Duration, jitter: Duration },
    Bandwidth { bytes: u64 },
    Slice { bytes: usize },
    Blackhole,
    Reset,
    Cut { after: u64 },
    HalfClose { after: u64 },
    Refuse,
}

/// One dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dial {
    pub act: Act,
    /// Both ways, if not said.
    pub towards: Option<Towards>,
}

impl Dial {
    /// Reads a dial.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let spec = Spec::parse(text)?;
        let millis = |key: &'static str| spec.value(key).map(|ms| ms.map(Duration::from_millis));
        let (act, keys): (_, &[&str]) = match spec.name() {
            "latency" => (
                Act::Latency {
                    wait: Duration::from_millis(spec.required("ms")?),
                    jitter: millis("jitter")?.unwrap_or_default(),
                },
                &["ms", "jitter"],
            ),
            "bandwidth" => (Act::Bandwidth { bytes: positive(&spec, "bytes")? }, &["bytes"]),
            "slice" => {
                let bytes = positive(&spec, "bytes")?;
                (Act::Slice { bytes: usize::try_from(bytes).unwrap_or(usize::MAX) }, &["bytes"])
            }
            "blackhole" => (Act::Blackhole, &[]),
            "reset" => (Act::Reset, &[]),
            "cut" => (Act::Cut { after: spec.required("after")? }, &["after"]),
            "half_close" => (Act::HalfClose { after: spec.required("after")? }, &["after"]),
            "refuse" => (Act::Refuse, &[]),
            _ => return Err(spec.unknown()),
        };
        let both: &[&str] = if act == Act::Refuse { &[] } else { &["towards"] };
        spec.only(&[keys, both].concat())?;
        Ok(Self { act, towards: spec.value("towards")? })
    }

    /// Whether it concerns bytes that go this way.
    pub fn concerns(&self, way: Towards) -> bool {
        self.towards.is_none_or(|towards| towards == way)
    }
}

fn positive(spec: &Spec, key: &'static str) -> Result<u64, SpecError> {
    let value: u64 = spec.required(key)?;
    if value == 0 {
        return Err(SpecError::BadValue { key: key.to_owned(), value: "0".to_owned() });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dials_are_read_as_they_are_documented() {
        for text in [
            "latency;ms=200;jitter=50",
            "bandwidth;bytes=10000;towards=client",
            "slice;bytes=1",
            "blackhole;towards=server",
            "reset",
            "cut;after=100",
            "half_close;after=0;towards=client",
            "refuse",
        ] {
            assert!(Dial::parse(text).is_ok(), "{text}: {:?}", Dial::parse(text));
        }
        let dial = Dial::parse("blackhole;towards=server").unwrap();
        assert!(dial.concerns(Towards::Server) && !dial.concerns(Towards::Client));
    }

    #[test]
    fn mistakes_are_refused() {
        for text in [
            "latency",
            "slice;bytes=0",
            "bandwidth;bytes=-1",
            "blackhole;towards=nobody",
            "refuse;towards=client",
            "cut",
            "x",
            "reset;ms=3",
        ] {
            assert!(Dial::parse(text).is_err(), "{text}");
        }
    }
}
