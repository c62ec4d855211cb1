//! What is done to the engine and to what it stands on, in the words of a scenario file.
//!
//! | fault | effect |
//! |---|---|
//! | `kill[;down=1s]` | SIGKILL to the engine, a start after `down` |
//! | `term[;down=1s]` | SIGTERM, wait for its end, a start after `down` |
//! | `pause` | SIGSTOP to the engine until the fault is over |
//! | `postgres_kill` · `postgres_stop` | SIGKILL · a fast shutdown of its Postgres |
//! | `backend_kill` | SIGKILL to one server process of Postgres |
//! | `postgres_pause` | SIGSTOP to all of Postgres until the fault is over |
//! | `disk_full` | the small disk has no byte left until the fault is over |
//! | `clock;by=3600` | a restart with the clock shifted by so many seconds (debug builds) |
//! | `model: SPEC` | the model's default scenario until the fault is over |
//! | `smtp: SPEC` | a fault of the mail provider until the fault is over |
//! | `proxy LINK: DIAL` | a dial of the proxy before `smtp`, `model` or `postgres` |

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::span::Span;
use crate::model_sim::scenario::Scenario as ModelScenario;
use crate::proxy::Dial;
use crate::smtp_sim::Fault as SmtpFault;
use crate::spec::{Spec, SpecError};

/// A way that the engine takes to somebody else, and that can be led through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    Smtp,
    Model,
    Postgres,
}

impl Link {
    /// As scenario files write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Model => "model",
            Self::Postgres => "postgres",
        }
    }
}

impl FromStr for Link {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::Smtp, Self::Model, Self::Postgres]
            .into_iter()
            .find(|link| link.name() == name)
            .ok_or_else(|| format!("`{name}` is none of smtp, model, postgres"))
    }
}

/// One kind of fault.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Fault {
    Kill { down: Duration },
    Term { down: Duration },
    Pause,
    PostgresKill,
    PostgresStop,
    BackendKill,
    PostgresPause,
    DiskFull,
    Clock { by: i64 },
    Model(String),
    Smtp(String),
    Proxy { link: Link, dial: Dial, text: String },
}

impl Fault {
    /// Whether it makes no sense without an end.
    pub fn needs_an_end(&self) -> bool {
        matches!(self, Self::Pause | Self::PostgresPause | Self::DiskFull)
    }

    /// Whether it is over as soon as it is done.
    pub fn is_a_blow(&self) -> bool {
        matches!(
            self,
            Self::Kill { .. }
                | Self::Term { .. }
                | Self::PostgresKill
                | Self::PostgresStop
                | Self::BackendKill
                | Self::Clock { .. }
        )
    }
}

impl TryFrom<String> for Fault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((whose, spec)) = text.split_once(": ") {
            return of_somebody(whose, spec.trim());
        }
        let spec = Spec::parse(text).map_err(|error| error.to_string())?;
        own(&spec).map_err(|error| error.to_string())?.ok_or_else(|| {
            format!(
                "no fault is called `{}`; there are kill, term, pause, postgres_kill, \
                 postgres_stop, postgres_pause, backend_kill, disk_full, clock, `model: …`, \
                 `smtp: …` and `proxy LINK: …`",
                spec.name()
            )
        })
    }
}

fn of_somebody(whose: &str, spec: &str) -> Result<Fault, String> {
    let told = |error: SpecError| error.to_string();
    match whose.split_once(' ') {
        None if whose == "model" => {
            ModelScenario::parse(spec).map_err(told)?;
            Ok(Fault::Model(spec.to_owned()))
        }
        None if whose == "smtp" => {
            SmtpFault::parse(spec).map_err(told)?;
            Ok(Fault::Smtp(spec.to_owned()))
        }
        Some(("proxy", link)) => {
            let dial = Dial::parse(spec).map_err(told)?;
            Ok(Fault::Proxy { link: link.trim().parse()?, dial, text: spec.to_owned() })
        }
        _ => Err(format!("nobody is called `{whose}`: write model, smtp or `proxy LINK`")),
    }
}

fn own(spec: &Spec) -> Result<Option<Fault>, SpecError> {
    let (fault, keys): (_, &[&str]) = match spec.name() {
        "kill" => (Fault::Kill { down: down(spec)? }, &["down"]),
        "term" => (Fault::Term { down: down(spec)? }, &["down"]),
        "pause" => (Fault::Pause, &[]),
        "postgres_kill" => (Fault::PostgresKill, &[]),
        "postgres_stop" => (Fault::PostgresStop, &[]),
        "backend_kill" => (Fault::BackendKill, &[]),
        "postgres_pause" => (Fault::PostgresPause, &[]),
        "disk_full" => (Fault::DiskFull, &[]),
        "clock" => (Fault::Clock { by: spec.required("by")? }, &["by"]),
        _ => return Ok(None),
    };
    spec.only(keys)?;
    Ok(Some(fault))
}

fn down(spec: &Spec) -> Result<Duration, SpecError> {
    Ok(spec.value::<Span>("down")?.unwrap_or_default().0)
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill { .. } => formatter.write_str("kill -9"),
            Self::Term { .. } => formatter.write_str("SIGTERM and restart"),
            Self::Pause => formatter.write_str("engine paused"),
            Self::PostgresKill => formatter.write_str("Postgres killed"),
            Self::PostgresStop => formatter.write_str("Postgres stopped"),
            Self::BackendKill => formatter.write_str("a Postgres backend killed"),
            Self::PostgresPause => formatter.write_str("Postgres paused"),
            Self::DiskFull => formatter.write_str("disk full"),
            Self::Clock { by } => write!(formatter, "clock shifted by {by} s"),
            Self::Model(spec) => write!(formatter, "model: {spec}"),
            Self::Smtp(spec) => write!(formatter, "smtp: {spec}"),
            Self::Proxy { link, text, .. } => write!(formatter, "{}: {text}", link.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_table_is_known() {
        for text in [
            "kill",
            "kill;down=500ms",
            "term;down=1s",
            "pause",
            "postgres_kill",
            "postgres_stop",
            "postgres_pause",
            "backend_kill",
            "disk_full",
            "clock;by=-3600",
            "model: error;code=529",
            "smtp: accept;code=451;times=3",
            "proxy postgres: blackhole",
            "proxy smtp: latency;ms=200",
        ] {
            assert!(text.parse::<Fault>().is_ok(), "{text}: {:?}", text.parse::<Fault>());
        }
    }

    #[test]
    fn a_mistake_is_told_in_words() {
        for (text, words) in [
            ("explode", "no fault is called `explode`"),
            ("kill;dwn=1s", "`kill` takes no setting `dwn`"),
            ("kill;down=soon", "`down` needs another kind of value"),
            ("clock", "`clock` needs the setting `by`"),
            ("model: eror;code=1", "nothing is called `eror`"),
            ("smtp: rcpt", "needs the setting `code`"),
            ("proxy redis: blackhole", "`redis` is none of"),
            ("proxy smtp: blackhoel", "nothing is called `blackhoel`"),
            ("fax: busy", "nobody is called `fax`"),
        ] {
            let refused = text.parse::<Fault>().unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
