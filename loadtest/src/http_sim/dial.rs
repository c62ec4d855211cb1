//! What the HTTP provider does wrong, and when.
//!
//! | dial | effect |
//! |---|---|
//! | `status;code=503[;retry_after=7]` | this status; nothing is accepted |
//! | `slow;ms=500` | the answer is late |
//! | `hang` | silence with the connection open; nothing is accepted |
//! | `lost_answer` | the call is accepted, the connection drops before the answer |
//! | `half_body` | the call is accepted, the answer's body ends in the middle |
//! | `reset` | the connection is reset after the call was read; nothing is accepted |
//! | `garbage` | bytes that are no HTTP; nothing is accepted |
//!
//! Every dial takes `skip=N` (the first N calls pass), `times=N` (N calls and then no more), `path=TEXT` and
//! `key=TEXT` (only calls whose path or idempotency key contains it).

use std::time::Duration;

use crate::spec::{Spec, SpecError};

/// What happens instead of the right answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Status { code: u16, retry_after: Option<u64> },
    Slow(Duration),
    Hang,
    LostAnswer,
    HalfBody,
    Reset,
    Garbage,
}

/// One dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    pub act: Act,
    skip: u64,
    times: Option<u64>,
    path: Option<String>,
    key: Option<String>,
}

impl Dial {
    /// Reads a dial.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let spec = Spec::parse(text)?;
        let (act, keys): (_, &[&str]) = match spec.name() {
            "status" => {
                let code: u16 = spec.required("code")?;
                if !(300..600).contains(&code) {
                    let (key, value) = ("code".to_owned(), code.to_string());
                    return Err(SpecError::BadValue { key, value });
                }
                let retry_after = spec.value("retry_after")?;
                (Act::Status { code, retry_after }, &["code", "retry_after"])
            }
            "slow" => (Act::Slow(Duration::from_millis(spec.required("ms")?)), &["ms"]),
            "hang" => (Act::Hang, &[]),
            "lost_answer" => (Act::LostAnswer, &[]),
            "half_body" => (Act::HalfBody, &[]),
            "reset" => (Act::Reset, &[]),
            "garbage" => (Act::Garbage, &[]),
            _ => return Err(spec.unknown()),
        };
        spec.only(&[keys, &["skip", "times", "path", "key"]].concat())?;
        Ok(Self {
            act,
            skip: spec.value("skip")?.unwrap_or(0),
            times: spec.value("times")?,
            path: spec.get("path").map(str::to_owned),
            key: spec.get("key").map(str::to_owned),
        })
    }

    fn concerns(&self, path: &str, key: Option<&str>) -> bool {
        let holds = |wanted: &Option<String>, given: Option<&str>| match wanted {
            Some(wanted) => given.is_some_and(|given| given.contains(wanted.as_str())),
            None => true,
        };
        holds(&self.path, Some(path)) && holds(&self.key, key)
    }
}

/// The dials that stand, and how often each was met.
#[derive(Debug, Default)]
pub struct Plan {
    standing: Vec<(Dial, u64)>,
}

impl Plan {
    /// Replaces all dials; the counts begin anew.
    pub fn set(&mut self, dials: Vec<Dial>) {
        self.standing = dials.into_iter().map(|dial| (dial, 0)).collect();
    }

    /// How long this call waits, and what happens to it then.
    pub fn strike(&mut self, path: &str, key: Option<&str>) -> (Duration, Option<Act>) {
        let (mut wait, mut act) = (Duration::ZERO, None);
        for (dial, met) in &mut self.standing {
            let late = matches!(dial.act, Act::Slow(_));
            if !dial.concerns(path, key) || (act.is_some() && !late) {
                continue;
            }
            let turn = *met;
            *met += 1;
            let over = dial.times.is_some_and(|times| turn >= dial.skip.saturating_add(times));
            if turn < dial.skip || over {
                continue;
            }
            match dial.act {
                Act::Slow(pause) => wait += pause,
                other => act = Some(other),
            }
        }
        (wait, act)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dial_strikes_where_and_as_often_as_it_says() {
        let mut plan = Plan::default();
        plan.set(vec![
            Dial::parse("status;code=429;retry_after=2;skip=1;times=1;path=/send").unwrap(),
            Dial::parse("slow;ms=5;key=k1").unwrap(),
        ]);
        let limited = Act::Status { code: 429, retry_after: Some(2) };
        assert_eq!(plan.strike("/other", None), (Duration::ZERO, None));
        assert_eq!(plan.strike("/send", Some("k1")), (Duration::from_millis(5), None));
        assert_eq!(plan.strike("/send", Some("k1")), (Duration::from_millis(5), Some(limited)));
        assert_eq!(plan.strike("/send", None), (Duration::ZERO, None));
    }

    #[test]
    fn mistakes_are_refused() {
        for text in ["status", "status;code=200", "slow", "hang;ms=3", "x", "reset;times=x"] {
            assert!(Dial::parse(text).is_err(), "{text}");
        }
    }
}
