//! Reads a scenario file: parses it, applies `--set`, and checks what the types cannot.
//!
//! A setting is a path and a value: `phases.load.leads.rate=50`, `faults.0.at=3s`,
//! `smtp.faults=["refuse"]`. A part of the path names a key, or an element of a list by its number or
//! its `name`. A value is read as TOML, and as text if it is none.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use super::{Fault, Link, MAX_DASHBOARDS, MAX_FORMS, Phase, Scenario};
use crate::model_sim::scenario::Scenario as ModelScenario;
use crate::smtp_sim::Fault as SmtpFault;

/// Largest scenario file (A9).
const MAX_FILE: u64 = 256 * 1024;

/// Why a scenario cannot be used.
#[derive(Debug, Error)]
pub enum ScenarioError {
    #[error("{path} cannot be read")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} is longer than {} KiB", MAX_FILE / 1024)]
    TooLong { path: PathBuf },
    #[error("{file}: {text}")]
    Syntax { file: String, text: String },
    #[error("--set {setting}: {why}")]
    Setting { setting: String, why: String },
    #[error("{file}: {why}")]
    Senseless { file: String, why: String },
}

impl Scenario {
    /// Reads a file; `quick` applies its own short settings, then come `settings`.
    pub fn read(path: &Path, quick: bool, settings: &[String]) -> Result<Self, ScenarioError> {
        let failed = |source| ScenarioError::Io { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
            return Err(ScenarioError::TooLong { path: path.to_owned() });
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::parse(&text, &path.display().to_string(), quick, settings)
    }

    /// Reads the text of a file.
    pub fn parse(
        text: &str,
        file: &str,
        quick: bool,
        settings: &[String],
    ) -> Result<Self, ScenarioError> {
        let wrong = |error: &toml::de::Error| ScenarioError::Syntax {
            file: file.to_owned(),
            text: error.to_string().trim_end().to_owned(),
        };
        // Read as it stands first: errors then show the line.
        let plain: Self = toml::from_str(text).map_err(|error| wrong(&error))?;
        let quick = if quick { plain.quick.clone() } else { Vec::new() };
        let all: Vec<&String> = quick.iter().chain(settings).collect();
        let scenario = if all.is_empty() {
            plain
        } else {
            let mut table: Table = toml::from_str(text).map_err(|error| wrong(&error))?;
            for setting in &all {
                set(&mut table, setting)
                    .map_err(|why| ScenarioError::Setting { setting: (*setting).clone(), why })?;
            }
            let listed: Vec<&str> = all.iter().map(|setting| setting.as_str()).collect();
            table.try_into().map_err(|error: toml::de::Error| ScenarioError::Setting {
                setting: listed.join(" --set "),
                why: error.to_string().trim_end().to_owned(),
            })?
        };
        scenario.check().map_err(|why| ScenarioError::Senseless { file: file.to_owned(), why })?;
        Ok(scenario)
    }

    /// What the types allow and a run could not do.
    fn check(&self) -> Result<(), String> {
        let plain = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if !plain(&self.name) {
            return Err(format!("`{}` is no name: letters, digits, hyphens", self.name));
        }
        if self.phases.is_empty() {
            return Err("there is no phase".to_owned());
        }
        if self.tenants.is_empty() {
            return Err("there is no tenant".to_owned());
        }
        let mut names = HashSet::new();
        for phase in &self.phases {
            self.check_phase(phase).map_err(|why| format!("phase `{}`: {why}", phase.name))?;
            if !names.insert(&phase.name) {
                return Err(format!("two phases are called `{}`", phase.name));
            }
        }
        if self.forms() > MAX_FORMS {
            return Err(format!("these are more than {MAX_FORMS} forms"));
        }
        for spec in &self.smtp.faults {
            SmtpFault::parse(spec).map_err(|error| format!("smtp fault `{spec}`: {error}"))?;
        }
        if let Some(spec) = self.model.as_ref().and_then(|model| model.spec.as_ref()) {
            ModelScenario::parse(spec).map_err(|error| format!("model spec `{spec}`: {error}"))?;
        }
        for fault in &self.faults {
            self.check_fault(fault).map_err(|why| format!("fault `{}`: {why}", fault.what))?;
        }
        Ok(())
    }

    fn check_phase(&self, phase: &Phase) -> Result<(), String> {
        if phase.lasts.is_zero() {
            return Err("`for` must be above 0".to_owned());
        }
        let rates = [
            phase.leads.as_ref().map(|load| load.rate),
            phase.chats.as_ref().map(|load| load.rate),
            phase.members.as_ref().map(|load| load.rate),
        ];
        if rates.into_iter().flatten().any(|rate| !(rate.is_finite() && rate >= 0.0)) {
            return Err("a rate is a number from 0".to_owned());
        }
        if let Some(leads) = &phase.leads
            && (leads.times[0] == 0 || leads.times[0] > leads.times[1] || leads.times[1] > 100)
        {
            return Err("`times` are two numbers from 1 to 100, the smaller first".to_owned());
        }
        if let Some(load) = &phase.dashboards
            && load.reading.saturating_add(load.slow).saturating_add(load.never) > MAX_DASHBOARDS
        {
            return Err(format!("these are more than {MAX_DASHBOARDS} dashboards"));
        }
        if let Some(spec) = &phase.model {
            ModelScenario::parse(spec).map_err(|error| error.to_string())?;
            self.needs_a_model()?;
        }
        if let Some(spec) = &phase.smtp {
            SmtpFault::parse(spec).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn check_fault(&self, fault: &super::TimedFault) -> Result<(), String> {
        if fault.what.needs_an_end() && fault.lasts.is_none() {
            return Err("it needs `for`".to_owned());
        }
        if fault.what.is_a_blow() && fault.lasts.is_some() {
            return Err("it is over at once and takes no `for`".to_owned());
        }
        if fault.times == 0 || fault.times > 10_000 {
            return Err("`times` is 1 to 10000".to_owned());
        }
        match (fault.times, fault.every) {
            (1, _) => {}
            (_, None) => return Err("`times` needs `every`".to_owned()),
            (_, Some(every)) if every.is_zero() => {
                return Err("`every` must be above 0".to_owned());
            }
            (_, Some(every)) if fault.lasts.is_some_and(|lasts| lasts >= every) => {
                return Err("it comes again before it is over".to_owned());
            }
            _ => {}
        }
        let own_postgres = self.engine.through_proxy.contains(&Link::Postgres);
        match &fault.what {
            Fault::Model(_) => self.needs_a_model(),
            Fault::Proxy { link, .. } if !self.engine.through_proxy.contains(link) => {
                Err(format!("`{}` is not in engine.through_proxy", link.name()))
            }
            Fault::DiskFull if self.engine.small_disk_mib.is_none() => {
                Err("it needs engine.small_disk_mib".to_owned())
            }
            Fault::PostgresStop | Fault::PostgresKill if own_postgres => {
                Err("behind a proxy nobody starts Postgres again; pause it".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn needs_a_model(&self) -> Result<(), String> {
        if self.model.is_none() { Err("there is no [model]".to_owned()) } else { Ok(()) }
    }
}

/// Puts the value of `path=value` in its place.
fn set(table: &mut Table, setting: &str) -> Result<(), String> {
    let (path, value) = setting.split_once('=').ok_or("a setting is written path=value")?;
    let (parents, key) = match path.trim().rsplit_once('.') {
        Some((parents, key)) => (parents, key),
        None => ("", path.trim()),
    };
    let value = read_value(value.trim());
    let mut root = Value::Table(std::mem::take(table));
    let result = (|| {
        let mut place = &mut root;
        for part in parents.split('.').filter(|part| !part.is_empty()) {
            place = step(place, part)?;
        }
        match place {
            Value::Table(inner) => {
                inner.insert(key.to_owned(), value);
                Ok(())
            }
            Value::Array(_) => {
                *step(place, key)? = value;
                Ok(())
            }
            _ => Err(format!("`{parents}` has no parts")),
        }
    })();
    if let Value::Table(inner) = root {
        *table = inner;
    }
    result
}

fn step<'a>(place: &'a mut Value, part: &str) -> Result<&'a mut Value, String> {
    match place {
        Value::Table(table) => Ok(table.entry(part).or_insert_with(|| Value::Table(Table::new()))),
        Value::Array(list) => {
            let named = |value: &Value| value.get("name").and_then(Value::as_str) == Some(part);
            let index = part.parse().ok().or_else(|| list.iter().position(named));
            index
                .and_then(|index: usize| list.get_mut(index))
                .ok_or_else(|| format!("there is no `{part}`"))
        }
        _ => Err(format!("`{part}` is no part of a value")),
    }
}

fn read_value(text: &str) -> Value {
    let read = toml::from_str::<Table>(&format!("v = {text}"));
    read.ok().and_then(|mut table| table.remove("v")).unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "a"
about = "b"
thresholds = ["lost = 0"]
quick = ["phases.load.for=1s"]

[[phases]]
name = "load"
for = "10s"
leads = { rate = 5 }
"#;

    fn parse(text: &str) -> Result<Scenario, String> {
        Scenario::parse(text, "s.toml", false, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_has_a_sensible_value() {
        let scenario = parse(GOOD).unwrap();
        assert_eq!(scenario.tenants, ["nordlys-bil"]);
        assert_eq!(scenario.deadline, super::super::Span::seconds(90));
        assert_eq!(scenario.forms(), 50);
        assert_eq!(scenario.phases[0].leads.as_ref().unwrap().times, [1, 1]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (from, to, words) in [
            ("about = \"b\"", "abot = \"b\"", "line 3"),
            ("[\"lost = 0\"]", "[\"losst = 0\"]", "no figure is called `losst`"),
            ("for = \"10s\"", "for = \"soon\"", "line 9"),
            ("for = \"10s\"", "for = \"soon\"", "`soon` is no length of time"),
            ("leads = { rate = 5 }", "leads = { rat = 5 }", "unknown field `rat`"),
            ("leads = { rate = 5 }", "leads = { rate = -5 }", "phase `load`: a rate"),
            ("leads = { rate = 5 }", "leads = { rate = 5, times = [3, 1] }", "smaller first"),
            ("leads = { rate = 5 }", "leads = { rate = 1e9 }", "more than 1000000 forms"),
            ("leads = { rate = 5 }", "model = \"garbage\"", "there is no [model]"),
            ("leads = { rate = 5 }", "smtp = \"rcpt\"", "needs the setting `code`"),
            ("leads = { rate = 5 }", "dashboards = { never = 99999 }", "more than 20000"),
            ("for = \"10s\"", "for = \"0s\"", "must be above 0"),
            ("name = \"a\"", "name = \"a/b\"", "is no name"),
        ] {
            let text = GOOD.replace(from, to);
            let told = parse(&text).unwrap_err();
            assert!(told.contains(words), "{to}: {told}");
            assert!(told.starts_with("s.toml: "), "{told}");
        }
    }

    #[test]
    fn a_fault_must_be_possible() {
        for (fault, words) in [
            ("at = \"1s\"\nwhat = \"pause\"", "it needs `for`"),
            ("at = \"1s\"\nwhat = \"kill\"\nfor = \"1s\"", "takes no `for`"),
            ("at = \"1s\"\nwhat = \"kill\"\ntimes = 3", "`times` needs `every`"),
            ("at = \"1s\"\nwhat = \"model: garbage\"", "there is no [model]"),
            ("at = \"1s\"\nwhat = \"proxy smtp: reset\"", "not in engine.through_proxy"),
            ("at = \"1s\"\nwhat = \"disk_full\"\nfor = \"1s\"", "small_disk_mib"),
            (
                "at = \"1s\"\nwhat = \"pause\"\nfor = \"2s\"\nevery = \"1s\"\ntimes = 2",
                "again before it is over",
            ),
        ] {
            let told = parse(&format!("{GOOD}\n[[faults]]\n{fault}\n")).unwrap_err();
            assert!(told.contains(words), "{fault}: {told}");
        }
        let good = "at = \"1s\"\nwhat = \"kill;down=100ms\"\nevery = \"2s\"\ntimes = 3";
        assert_eq!(parse(&format!("{GOOD}\n[[faults]]\n{good}\n")).unwrap().faults[0].times, 3);
    }

    #[test]
    fn settings_reach_every_part() {
        let with = |quick, settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
            Scenario::parse(GOOD, "s.toml", quick, &settings)
        };
        let scenario = with(false, &["phases.load.leads.rate=7", "seed=9"]).unwrap();
        assert_eq!(scenario.phases[0].leads.as_ref().unwrap().rate.to_bits(), 7f64.to_bits());
        assert_eq!(scenario.seed, 9);
        let scenario = with(true, &[]).unwrap();
        assert_eq!(scenario.phases[0].lasts, super::super::Span::seconds(1));
        let scenario = with(true, &["phases.0.for=3s", "engine.env.A=b"]).unwrap();
        assert_eq!(scenario.phases[0].lasts, super::super::Span::seconds(3));
        assert_eq!(scenario.engine.env["A"], "b");
        for (setting, words) in [
            ("seed", "written path=value"),
            ("sed=3", "unknown field `sed`"),
            ("phases.lod.for=3s", "there is no `lod`"),
            ("name.x=3", "name"),
        ] {
            let told = with(false, &[setting]).unwrap_err().to_string();
            assert!(told.contains(words), "{setting}: {told}");
        }
    }
}
