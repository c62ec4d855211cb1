//! What the mail provider does wrong, and when.
//!
//! Lives here: faults in the words of the command line, and the plan that counts their use.
//!
//! | spec | effect |
//! |---|---|
//! | `refuse` | nobody listens, open connections drop |
//! | `connect;code=421`, `ehlo;…`, `auth;…`, `mail;…`, `rcpt;code=450`, `data;…`, `accept;code=451` | this reply at this point (`accept` is after the final dot) |
//! | `lost_ack` | the mail is accepted, the connection drops before 250 |
//! | `cut;at=accept` | the connection drops at this point, nothing is accepted |
//! | `hang;at=rcpt` | silence at this point, with the connection open |
//! | `garbage;at=data` | bytes that are no reply at this point, then the connection drops |
//! | `slow;ms=500[;at=rcpt]` | every reply, or this one, is late |
//!
//! Every fault takes `skip=N` (the first N pass), `times=N` (N times and then no more) and
//! `to=TEXT` (only mails to a recipient that contains it; from `rcpt` on).

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::spec::{Spec, SpecError};

/// A point in the dialogue where a fault can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Connect,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    Accept,
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "connect" => Self::Connect,
            "ehlo" => Self::Ehlo,
            "auth" => Self::Auth,
            "mail" => Self::Mail,
            "rcpt" => Self::Rcpt,
            "data" => Self::Data,
            "accept" => Self::Accept,
            _ => return Err(()),
        })
    }
}

/// What happens instead of the right reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// This code, with these words.
    Reply { code: u16, text: String },
    /// The connection drops.
    Cut,
    /// The mail is accepted and then the connection drops.
    LostAck,
    /// Silence.
    Hang,
    /// Bytes that are no reply, then the connection drops.
    Garbage,
    /// Late.
    Wait(Duration),
    /// Nobody listens.
    Refuse,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Everywhere, if not said.
    at: Option<Stage>,
    act: Act,
    skip: u64,
    times: Option<u64>,
    to: Option<String>,
}

impl Fault {
    /// Reads a fault.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let spec = Spec::parse(text)?;
        let at: Option<Stage> = spec.value("at")?;
        let needs_at =
            || at.ok_or_else(|| SpecError::MissingKey { name: spec.name().to_owned(), key: "at" });
        let (at, act, keys): (_, _, &[&str]) = match spec.name() {
            "refuse" => (None, Act::Refuse, &[]),
            "lost_ack" => (Some(Stage::Accept), Act::LostAck, &[]),
            "cut" => (Some(needs_at()?), Act::Cut, &["at"]),
            "hang" => (Some(needs_at()?), Act::Hang, &["at"]),
            "garbage" => (Some(needs_at()?), Act::Garbage, &["at"]),
            "slow" => (at, Act::Wait(Duration::from_millis(spec.required("ms")?)), &["at", "ms"]),
            name => {
                let stage = name.parse().map_err(|()| spec.unknown())?;
                let code: u16 = spec.required("code")?;
                if !(400..600).contains(&code) {
                    let (key, value) = ("code".to_owned(), code.to_string());
                    return Err(SpecError::BadValue { key, value });
                }
                let text = spec.get("text").map_or_else(|| words_of(code), str::to_owned);
                (Some(stage), Act::Reply { code, text }, &["code"])
            }
        };
        spec.only(&[keys, &["skip", "times", "to", "text"]].concat())?;
        Ok(Self {
            at,
            act,
            skip: spec.value("skip")?.unwrap_or(0),
            times: spec.value("times")?,
            to: spec.get("to").map(str::to_lowercase),
        })
    }

    /// Whether nobody listens while this fault stands.
    pub fn refuses(&self) -> bool {
        self.act == Act::Refuse
    }

    fn strikes(&self, stage: Stage, recipients: &[String]) -> bool {
        let here = self.at.is_none_or(|at| at == stage) && self.act != Act::Refuse;
        let them = self.to.as_ref().is_none_or(|wanted| {
            recipients.iter().any(|recipient| recipient.to_lowercase().contains(wanted))
        });
        here && them
    }
}

/// The stock words of a code, with the enhanced status that belongs to it.
fn words_of(code: u16) -> String {
    match code {
        421 => "4.3.2 Service not available, closing transmission channel",
        450 => "4.2.0 Mailbox unavailable, try again later",
        451 => "4.3.0 Requested action aborted: local error in processing",
        452 => "4.3.1 Insufficient system storage",
        454 => "4.7.0 Temporary authentication failure",
        535 => "5.7.8 Authentication credentials invalid",
        550 => "5.1.1 Mailbox unavailable",
        552 => "5.2.2 Mailbox full",
        553 => "5.1.3 Mailbox name not allowed",
        554 => "5.7.1 Transaction failed",
        400..500 => "4.0.0 Try again later",
        _ => "5.0.0 Not accepted",
    }
    .to_owned()
}

struct Standing {
    fault: Fault,
    /// How often it could have struck.
    met: u64,
}

/// The faults that stand, and how often each was met.
#[derive(Default)]
pub struct FaultPlan {
    standing: Mutex<Vec<Standing>>,
}

impl FaultPlan {
    /// Replaces all faults; the counts begin anew.
    pub fn set(&self, faults: Vec<Fault>) {
        let fresh = faults.into_iter().map(|fault| Standing { fault, met: 0 }).collect();
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// What happens at `stage`: delays add up, and the first other act that strikes wins.
    pub fn strike(&self, stage: Stage, recipients: &[String]) -> (Duration, Option<Act>) {
        let mut wait = Duration::ZERO;
        let mut act = None;
        for standing in &mut *self.standing.lock().unwrap_or_else(PoisonError::into_inner) {
            let fault = &standing.fault;
            let late = matches!(fault.act, Act::Wait(_));
            if !fault.strikes(stage, recipients) || (act.is_some() && !late) {
                continue;
            }
            let turn = standing.met;
            standing.met += 1;
            let over = fault.times.is_some_and(|times| turn >= fault.skip.saturating_add(times));
            if turn < fault.skip || over {
                continue;
            }
            match &fault.act {
                Act::Wait(pause) => wait += *pause,
                other => act = Some(other.clone()),
            }
        }
        (wait, act)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(specs: &[&str]) -> FaultPlan {
        let plan = FaultPlan::default();
        plan.set(specs.iter().map(|spec| Fault::parse(spec).unwrap()).collect());
        plan
    }

    fn reply(code: u16) -> Act {
        Act::Reply { code, text: words_of(code) }
    }

    #[test]
    fn a_fault_strikes_where_when_and_as_often_as_it_says() {
        let plan = plan(&["rcpt;code=450;skip=1;times=2"]);
        let codes: Vec<_> = (0..5).map(|_| plan.strike(Stage::Rcpt, &[]).1).collect();
        assert_eq!(codes, [None, Some(reply(450)), Some(reply(450)), None, None]);
        assert_eq!(plan.strike(Stage::Accept, &[]).1, None);
    }

    #[test]
    fn a_fault_can_be_for_one_recipient_alone() {
        let plan = plan(&["accept;code=550;to=KARI@"]);
        assert_eq!(plan.strike(Stage::Accept, &["ola@x.no".into()]).1, None);
        assert_eq!(plan.strike(Stage::Accept, &["kari@x.no".into()]).1, Some(reply(550)));
    }

    #[test]
    fn delays_add_up_and_leave_other_faults_alone() {
        let plan = plan(&["slow;ms=5", "slow;ms=7;at=data", "data;code=451"]);
        assert_eq!(plan.strike(Stage::Data, &[]), (Duration::from_millis(12), Some(reply(451))));
        assert_eq!(plan.strike(Stage::Mail, &[]), (Duration::from_millis(5), None));
    }

    #[test]
    fn mistakes_are_refused() {
        for spec in
            ["rcpt", "rcpt;code=250", "cut", "slow", "refuse;at=data", "hang;at=nowhere", "x"]
        {
            assert!(Fault::parse(spec).is_err(), "{spec}");
        }
    }
}
