//! `docker/` names only what the engine knows: its variables, its proxy's places, its readiness.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use forecourt_tests::{Forecourt, process::binary};

fn docker(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker").join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(docker(file)).unwrap()
}

/// The names of shape `[A-Z][A-Z0-9_]+` that follow a mark.
fn names_after(text: &str, mark: &str) -> BTreeSet<String> {
    let name = |rest: &str| -> String {
        rest.chars()
            .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
            .collect()
    };
    text.split(mark).skip(1).map(name).filter(|name| name.len() > 2).collect()
}

/// The keys of a service's `environment:`, by its place in the file.
fn environment(compose: &str, of: &str) -> BTreeSet<String> {
    let service = compose.split(&format!("\n{of}:")).nth(1).expect("the service");
    let inside = service.split("environment:").nth(1).expect("its environment");
    let indented = |line: &&str| line.trim().is_empty() || line.starts_with(&of_depth(of));
    inside
        .lines()
        .skip(1)
        .take_while(indented)
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':').map(|(name, _)| name.to_owned()))
        .collect()
}

fn of_depth(of: &str) -> String {
    let depth = of.len() - of.trim_start().len();
    " ".repeat(depth + 4)
}

#[test]
fn every_variable_of_a_node_is_one_that_serve_knows_and_is_explained() {
    let help = Command::new(binary("forecourt")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    // Its lines are broken where they are long.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let known = names_after(&help, "[env: ");
    assert!(known.contains("DATABASE_URL") && known.contains("REDIS_URL"), "{known:?}");

    let compose = read("compose.yaml");
    let given = environment(&compose, "x-node");
    assert!(given.len() >= 8, "{given:?}");
    let dockerfile = read("Dockerfile");
    let image: BTreeSet<String> = dockerfile
        .lines()
        .filter_map(|line| line.trim_start_matches("ENV ").trim().split_once('='))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.starts_with("FORECOURT_"))
        .collect();
    assert_eq!(image.len(), 3, "{image:?}");
    for name in given.iter().chain(&image) {
        assert!(known.contains(name), "`{name}` is not a variable of `forecourt serve`");
    }

    // What has to be filled in, and what may be, stands in the example.
    let example = read("env.example");
    let needed = names_after(&compose, "${");
    assert!(needed.contains("FORECOURT_SECRET"));
    for name in &needed {
        assert!(example.contains(&format!("{name}=")), "`{name}` is not in env.example");
    }
}

#[test]
fn every_place_in_the_proxys_template_is_filled_in_by_both_users_of_it() {
    let places = names_after(&read("proxy.conf.template"), "${");
    let expected = ["NODE_A", "NODE_A_URL", "NODE_B", "NODE_B_URL", "PROXY_LISTEN"];
    assert_eq!(places, expected.map(str::to_owned).into());
    let (compose, script) = (read("compose.yaml"), read("cluster.sh"));
    let given = environment(&compose, "  proxy");
    for place in &places {
        assert!(given.contains(place), "compose.yaml does not fill in {place}: {given:?}");
        assert!(script.contains(&format!("'${{{place}}}'")), "cluster.sh does not fill in {place}");
    }
}

#[tokio::test]
async fn a_container_is_healthy_as_long_as_its_node_takes_work() {
    let mut engine = Forecourt::plain().await;
    let port = engine.url.rsplit(':').next().unwrap().to_owned();
    let healthy = || Command::new(docker("healthcheck.sh")).arg(&port).status().unwrap().success();
    assert!(healthy());
    engine.stop().await;
    assert!(!healthy());
}
