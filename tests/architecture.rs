//! Cargo draws the arrows: this compares them with the architecture's table, so that a new one is a decision.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

/// Who may name whom. `store`, `models`, `channels` and `bus` know no sibling; the gateway knows no SQL.
const ALLOWED: &[(&str, &[&str])] = &[
    ("forecourt-core", &[]),
    ("forecourt-ports", &["forecourt-core"]),
    ("forecourt-store", &["forecourt-core", "forecourt-ports"]),
    ("forecourt-models", &["forecourt-core", "forecourt-ports"]),
    // Stands in for the published parser under `reqwest-eventsource`.
    ("eventsource-stream", &[]),
    ("forecourt-channels", &["forecourt-core", "forecourt-ports"]),
    ("forecourt-bus", &["forecourt-core", "forecourt-ports"]),
    ("forecourt-connect", &["forecourt-core", "forecourt-ports"]),
    ("forecourt-actors", &["forecourt-core", "forecourt-ports"]),
    ("forecourt-wire", &["forecourt-core", "forecourt-ports"]),
    (
        "forecourt-http",
        &["forecourt-core", "forecourt-ports", "forecourt-actors", "forecourt-wire"],
    ),
    (
        "forecourt",
        &[
            "forecourt-actors",
            "forecourt-bus",
            "forecourt-channels",
            "forecourt-connect",
            "forecourt-core",
            "forecourt-http",
            "forecourt-models",
            "forecourt-ports",
            "forecourt-store",
            "forecourt-wire",
        ],
    ),
    ("forecourt-loadtest", &["forecourt-core", "forecourt-wire"]),
    (
        "forecourt-tests",
        &["forecourt-loadtest", "forecourt-core", "forecourt-wire", "forecourt-store"],
    ),
];

/// Libraries that only one module's crate may name.
const KEPT_TO: &[(&str, &[&str])] = &[
    ("diesel", &["forecourt-store"]),
    ("diesel-async", &["forecourt-store"]),
    ("tokio-postgres", &["forecourt-store", "forecourt-tests"]),
    ("actix", &["forecourt-actors", "forecourt-http", "forecourt"]),
    ("actix-web-actors", &["forecourt-http"]),
    ("lettre", &["forecourt-channels"]),
    ("reqwest-eventsource", &["forecourt-models"]),
    ("roxmltree", &["forecourt-connect"]),
    ("redis", &["forecourt-bus"]),
];

const TOP_LEVEL: &[&str] =
    &["engine", "gateway", "actors", "migrations", "prompts", "loadtest", "docker", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project").to_owned()
}

/// Every workspace package with the packages it names, development dependencies apart.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let named = package["dependencies"].as_array().expect("dependencies");
            let named = named.iter().filter(|d| d["kind"].is_null()).map(|d| text(&d["name"]));
            (text(&package["name"]), named.collect())
        })
        .collect()
}

#[test]
fn crates_name_only_whom_the_architecture_allows() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ALLOWED.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    for (package, named) in edges() {
        let Some(allowed) = allowed.get(package.as_str()) else {
            panic!("{package} is not in the architecture's table");
        };
        let ours = named.iter().filter(|name| name.starts_with("forecourt"));
        let wrong: Vec<_> = ours.filter(|name| !allowed.contains(name.as_str())).collect();
        assert!(wrong.is_empty(), "{package} must not depend on {wrong:?}");
    }
}

#[test]
fn libraries_with_one_home_are_named_nowhere_else() {
    for (package, named) in edges() {
        for (library, homes) in KEPT_TO {
            assert!(
                !named.contains(*library) || homes.contains(&package.as_str()),
                "{package} must not depend on {library}: it belongs to {homes:?}"
            );
        }
    }
}

#[test]
fn the_core_knows_no_runtime_and_no_clock() {
    let named = edges().remove("forecourt-core").expect("the core");
    for banned in ["tokio", "actix", "diesel", "reqwest", "rand", "chrono", "async-trait"] {
        assert!(!named.contains(banned), "the core must not depend on {banned}");
    }
}

#[test]
fn the_http2_that_can_be_flooded_stays_out() {
    // RUSTSEC-2026-0258: h2 0.3 has no mended version; actix-web's feature `http2` would bring it in.
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let versions: Vec<_> = lock
        .split("[[package]]")
        .filter(|package| package.contains("\nname = \"h2\"\n"))
        .filter_map(|package| package.split("version = \"").nth(1)?.split('"').next())
        .collect();
    assert!(versions.iter().all(|version| !version.starts_with("0.3.")), "h2 {versions:?}");
}

#[test]
fn the_top_level_has_the_folders_of_the_architecture_and_no_other() {
    let listed = Command::new("git")
        .args(["ls-tree", "-d", "--name-only", "HEAD"])
        .current_dir(root())
        .output()
        .expect("git runs");
    for folder in String::from_utf8_lossy(&listed.stdout).lines() {
        assert!(
            folder.starts_with('.') || TOP_LEVEL.contains(&folder),
            "{folder}/ is not a top-level folder of the architecture"
        );
    }
}
