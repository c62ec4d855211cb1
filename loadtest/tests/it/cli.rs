//! The binary: ready line, run-time orders, a clean stop on SIGTERM.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A simulator of the binary; it is killed if a test forgets it.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(args: &[&str]) -> (Process, std::net::SocketAddr, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_forecourt-loadtest"))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let process = Process(child);
    let mut line = String::new();
    output.read_line(&mut line).expect("a ready line comes");
    let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line:?}"));
    let addr = ready["listening"].as_str().and_then(|addr| addr.parse().ok()).expect("an address");
    (process, addr, output)
}

fn stop(mut process: Process, mut output: BufReader<std::process::ChildStdout>) {
    let pid = Pid::from_raw(i32::try_from(process.0.id()).unwrap());
    kill(pid, Signal::SIGTERM).expect("the process lives");
    let status = process.0.wait().expect("the process ends");
    assert!(status.success(), "{status}");
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "one line and no more");
}

#[test]
fn every_simulator_tells_its_address_and_stops_cleanly() {
    for args in [
        &["model-sim", "--scenario", "stall;after=3"][..],
        &["smtp-sim", "--port", "0"],
        &["http-sim", "--dial", "slow;ms=1"],
        &["proxy", "--to", "127.0.0.1:9", "--dial", "latency;ms=1"],
    ] {
        let (process, addr, output) = start(args);
        assert!(addr.ip().is_loopback());
        std::net::TcpStream::connect(addr).expect("it listens when it says so");
        stop(process, output);
    }
}

#[test]
fn a_mistake_on_the_command_line_is_told_and_is_no_success() {
    for (args, words) in [
        (&["model-sim", "--scenario", "stal"][..], "nothing is called `stal`"),
        (&["smtp-sim", "--fault", "rcpt;code=250"], "`code` needs another kind of value"),
        (&["model-sim", "--script", "nowhere.json"], "cannot read nowhere.json"),
        (&["http-sim", "--dial", "statsu"], "nothing is called `statsu`"),
        (&["proxy", "--to", "192.0.2.1:80"], "is not this machine"),
        (&["run", "nowhere.toml"], "nowhere.toml cannot be read"),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_forecourt-loadtest")).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(words), "{told}");
    }
}
