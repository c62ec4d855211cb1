//! Scenario files, and one tiny run of everything against the real engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use forecourt_loadtest::scenario::Scenario;
use serde_json::Value;
use tempfile::TempDir;

const LOADTEST: &str = env!("CARGO_BIN_EXE_forecourt-loadtest");

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_scenario_of_the_project_can_be_read_long_and_quick() {
    assert!(files().len() >= 11);
    for path in files() {
        for quick in [false, true] {
            let scenario = Scenario::read(&path, quick, &[])
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(
                Some(scenario.name.as_str()),
                path.file_stem().and_then(|stem| stem.to_str())
            );
            assert!(!scenario.thresholds.is_empty(), "{} judges nothing", scenario.name);
            assert!(!quick || scenario.length().as_secs() <= 40, "{} is not quick", scenario.name);
        }
    }
}

/// The engine beside the tests.
fn engine() -> PathBuf {
    let path = Path::new(LOADTEST).with_file_name("forecourt");
    assert!(
        path.exists(),
        "forecourt is not built: run `cargo build -p forecourt` first, or `make test`"
    );
    path
}

fn run(folder: &TempDir, text: &str, more: &[&str]) -> (Output, Option<Value>) {
    let file = folder.path().join("tiny.toml");
    std::fs::write(&file, text).unwrap();
    let out = folder.path().join("out");
    let mut command = Command::new(LOADTEST);
    command.arg("run").arg(&file).arg("--engine").arg(engine()).arg("--out").arg(&out).args(more);
    let output = command.output().unwrap();
    let report = std::fs::read_to_string(out.join("report.json")).ok();
    (output, report.map(|text| serde_json::from_str(&text).expect("the report is JSON")))
}

const TINY: &str = r#"
name = "tiny"
about = "a few of everything, and a kill"
seed = 4
settle = "60s"
linger = "500ms"
thresholds = [
  "sent = 16", "lost = 0", "doubled = 0", "unanswered = 0", "unproven = 0", "split = 0",
  "restarts = 1", "chat_unanswered = 0", "dashboard_missed = 0", "dashboard_repeated = 0",
]

[[phases]]
name = "all"
for = "4s"
leads = { rate = 4, times = [1, 2], within = "1s" }
chats = { rate = 0.5, messages = 1 }
dashboards = { reading = 1 }

[[faults]]
at = "2s"
what = "kill"
"#;

#[test]
fn a_tiny_run_with_a_kill_meets_its_thresholds_and_reports() {
    let folder = TempDir::new().unwrap();
    let (output, report) = run(&folder, TINY, &["--json"]);
    let told = String::from_utf8_lossy(&output.stderr);
    let report = report.unwrap_or_else(|| panic!("no report: {told}"));
    assert_eq!(output.status.code(), Some(0), "{told}\n{:#}", report["thresholds"]);
    assert_eq!(report["good"], true);
    assert_eq!(report["faults"][0]["what"], "kill -9");
    assert!(report["figures"]["rss_mib_max"].as_f64().unwrap() > 1.0);
    assert!(!report["plots"]["rates"].as_array().unwrap().is_empty());
    let lines = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["good"]), (&"result".into(), &true.into()));
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    for part in ["<svg", "kill -9", "lost = 0", "prefers-color-scheme:dark", "seed 4"] {
        assert!(page.contains(part), "{part} is missing in the page");
    }
    assert!(!page.contains("http://") && !page.contains("https://"), "the page needs nothing else");
    assert!(!page.contains("@leads.example"), "A13: no address of a customer in a report");
}

#[test]
fn a_missed_threshold_fails_the_run_and_a_mistake_is_no_run() {
    let folder = TempDir::new().unwrap();
    let settings = ["--set", "phases.all.for=1s", "--set", "faults=[]", "--set", "settle=5s"];
    let missed = [&settings[..], &["--set", "thresholds=[\"acked >= 1000\"]"]].concat();
    let (output, report) = run(&folder, TINY, &missed);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(report.expect("a report all the same")["good"], false);
    assert!(String::from_utf8_lossy(&output.stdout).contains("FAIL"), "the table says so");

    let (output, _) = run(&folder, &TINY.replace("rate = 4", "rat = 4"), &[]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("tiny.toml") && told.contains("line 1"), "{told}");
    assert!(told.contains("unknown field `rat`"), "{told}");
}

const SLOW: &str = r#"
name = "slow"
about = "a few who never read"
seed = 5
settle = "10s"
linger = "100ms"
thresholds = [
  "slow_never = 24", "slow_p99_ratio <= 20", "slow_readers_cut = 0", "slow_not_back = 0", "lost = 0",
]

[[phases]]
name = "steady"
for = "6s"
slow = { sessions = 2, reading = 2, never = 2, dashboards = 20, every = "20ms" }
"#;

#[test]
fn readers_are_told_as_soon_beside_those_who_never_read_and_who_was_slow_comes_back() {
    let folder = TempDir::new().unwrap();
    let (output, report) = run(&folder, SLOW, &[]);
    let told = String::from_utf8_lossy(&output.stderr);
    let report = report.unwrap_or_else(|| panic!("no report: {told}"));
    assert_eq!(output.status.code(), Some(0), "{told}\n{:#}", report["thresholds"]);
    assert!(report["figures"]["slow_alone_p99_ms"].as_f64().unwrap() > 0.0);

    // What nobody could measure is no success.
    let ratio = "thresholds=[\"slow_p99_ratio <= 20\"]";
    let (output, report) =
        run(&folder, SLOW, &["--set", "phases.0.slow.reading=0", "--set", ratio]);
    assert_eq!(output.status.code(), Some(1), "{:#}", report.unwrap()["thresholds"]);
}
