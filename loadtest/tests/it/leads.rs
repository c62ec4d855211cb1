//! The load generator against an engine in miniature that can be told to break its promises.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, Json, Path};
use actix_web::{App, HttpResponse, HttpServer, web};
use forecourt_loadtest::leads::report::Report;
use forecourt_loadtest::leads::{self, LeadsConfig, Progress};
use forecourt_loadtest::smtp_sim::{SmtpSim, SmtpSimConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::support::PATIENCE;

/// Every so manieth lead, counted from 1; 0 is never.
#[derive(Clone, Copy, Default)]
struct Vices {
    forgets: usize,
    repeats: usize,
    refuses: usize,
}

type Transport = AsyncSmtpTransport<Tokio1Executor>;

struct Engine {
    vices: Vices,
    mail: Transport,
    seen: Mutex<HashSet<String>>,
}

impl Engine {
    /// Answers a lead by mail, `times` times.
    async fn answer(&self, to: &str, times: usize) {
        for time in 0..times {
            let mail = Message::builder()
                .from("salg@nordlys.example".parse().unwrap())
                .to(to.parse().unwrap())
                .subject("Svar")
                .message_id(Some(format!("<{time}.{to}>")))
                .body("Hei!".to_owned())
                .unwrap();
            self.mail.send(mail).await.expect("the mail simulator takes it");
        }
    }
}

async fn form(tenant: Path<String>, lead: Json<Value>, engine: Data<Engine>) -> HttpResponse {
    assert_eq!(*tenant, "nordlys-bil");
    for field in ["name", "email", "message"] {
        assert!(lead[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    let address = lead["email"].as_str().unwrap().to_owned();
    let (new, number) = {
        let mut seen = engine.seen.lock().unwrap();
        (seen.insert(address.clone()), seen.len())
    };
    let hits = |every: usize| every > 0 && number.is_multiple_of(every);
    let Vices { forgets, repeats, refuses } = engine.vices;
    if hits(refuses) {
        return HttpResponse::TooManyRequests().finish();
    }
    if new && !hits(forgets) {
        let engine = engine.clone();
        let times = if hits(repeats) { 2 } else { 1 };
        tokio::spawn(async move { engine.answer(&address, times).await });
    }
    let status = if new { "created" } else { "repeated" };
    HttpResponse::Ok().json(json!({"lead_id": format!("lead_{number}"), "status": status}))
}

/// Hands mail to the provider at this address.
fn transport(smtp: SocketAddr) -> Transport {
    Transport::builder_dangerous("127.0.0.1").port(smtp.port()).build()
}

fn engine(smtp: &SmtpSim, listener: TcpListener, vices: Vices) -> ServerHandle {
    serve(transport(smtp.addr()), listener, vices)
}

fn serve(mail: Transport, listener: TcpListener, vices: Vices) -> ServerHandle {
    let engine = Data::new(Engine { vices, mail, seen: Mutex::default() });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(engine.clone())
            .route("/v1/webhooks/form/{tenant}", web::post().to(form))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    handle
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

fn config(addr: SocketAddr) -> LeadsConfig {
    LeadsConfig {
        target: format!("http://{addr}").parse().unwrap(),
        tenant: "nordlys-bil".into(),
        rate: 400.0,
        duration: Duration::from_millis(500),
        seed: 42,
        tag: "t".into(),
        max_in_flight: 1000,
        retry_for: Duration::from_secs(20),
        settle: Duration::from_secs(20),
        linger: Duration::from_millis(100),
    }
}

async fn run(config: &LeadsConfig, smtp: SmtpSim) -> Report {
    let (progress, _) = watch::channel(Progress::default());
    leads::run(config, Arc::new(smtp), progress, None).await.expect("a run")
}

#[tokio::test]
async fn an_engine_that_keeps_its_promise_is_found_good() {
    let smtp = SmtpSim::start(SmtpSimConfig::default()).unwrap();
    let (listener, addr) = listener();
    let handle = engine(&smtp, listener, Vices::default());
    let report = run(&config(addr), smtp).await;
    assert!(report.is_good(), "{report}");
    let counts = report.counts;
    assert_eq!((counts.sent, counts.captured, counts.answered), (200, 200, 200), "{report}");
    let (commit, acceptance) = (report.commit.unwrap(), report.acceptance.unwrap());
    assert!(commit.p50_ms <= acceptance.p99_ms);
    handle.stop(false).await;
}

#[tokio::test]
async fn a_lead_without_an_answer_is_lost_and_named() {
    let smtp = SmtpSim::start(SmtpSimConfig::default()).unwrap();
    let (listener, addr) = listener();
    let handle = engine(&smtp, listener, Vices { forgets: 5, ..Vices::default() });
    // Few leads and a long wait: the others must be answered however busy the machine is.
    let config = LeadsConfig { rate: 40.0, settle: Duration::from_secs(4), ..config(addr) };
    let report = run(&config, smtp).await;
    assert!(!report.is_good());
    assert_eq!((report.lost, report.counts.duplicated), (4, 0), "{report}");
    assert_eq!(report.lost_examples.len(), 4);
    handle.stop(false).await;
}

#[tokio::test]
async fn a_lead_with_two_answers_is_found() {
    let smtp = SmtpSim::start(SmtpSimConfig::default()).unwrap();
    let (listener, addr) = listener();
    let handle = engine(&smtp, listener, Vices { repeats: 10, ..Vices::default() });
    let config = LeadsConfig { rate: 40.0, linger: Duration::from_secs(2), ..config(addr) };
    let report = run(&config, smtp).await;
    assert!(!report.is_good());
    let counts = report.counts;
    assert_eq!((report.lost, counts.duplicated, counts.resent), (0, 2, 0), "{report}");
    handle.stop(false).await;
}

#[tokio::test]
async fn a_refused_lead_is_told_apart_and_is_not_lost() {
    let smtp = SmtpSim::start(SmtpSimConfig::default()).unwrap();
    let (listener, addr) = listener();
    let handle = engine(&smtp, listener, Vices { refuses: 20, ..Vices::default() });
    let report = run(&config(addr), smtp).await;
    assert!(report.is_good(), "{report}");
    let counts = report.counts;
    assert_eq!((counts.captured, counts.refused, counts.overloaded), (190, 10, 10), "{report}");
    handle.stop(false).await;
}

#[tokio::test]
async fn leads_that_meet_a_closed_door_are_sent_again_and_count_once() {
    let smtp = SmtpSim::start(SmtpSimConfig::default()).unwrap();
    // A bound port that nobody listens on refuses, and nobody else can take it.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let addr = socket.local_addr().unwrap();
    let config = config(addr);
    let smtp = Arc::new(smtp);
    let (progress, mut told) = watch::channel(Progress::default());
    let run = leads::run(&config, Arc::clone(&smtp), progress, None);
    let open = async {
        // Half of the leads have come to the closed door by then.
        told.wait_for(|progress| progress.counts.retries > 0).await.expect("the run goes on");
        let listener = socket.listen(1024).unwrap().into_std().unwrap();
        engine(&smtp, listener, Vices::default())
    };
    let (report, handle) = tokio::join!(run, open);
    let report = report.unwrap();
    assert!(report.is_good(), "{report}");
    assert!(report.counts.retries > 0);
    assert_eq!((report.counts.sent, report.counts.captured), (200, 200), "{report}");
    handle.stop(false).await;
}

#[tokio::test]
async fn a_lead_that_finds_no_place_in_flight_is_reported_and_not_delayed() {
    let smtp = SmtpSim::start(SmtpSimConfig::default()).unwrap();
    // It accepts connections and never answers: every place stays taken.
    let (listener, addr) = listener();
    let config = LeadsConfig { max_in_flight: 5, settle: Duration::ZERO, ..config(addr) };
    let (progress, mut told) = watch::channel(Progress::default());
    let run = leads::run(&config, Arc::new(smtp), progress, None);
    let counted = async {
        told.wait_for(|progress| progress.counts.skipped == 195).await.expect("all are due");
        drop(listener);
    };
    tokio::select! {
        report = run => panic!("it ended with requests in flight: {}", report.unwrap()),
        () = counted => {}
    }
}

/// A script that plays the engine: it tells a ready line, writes its environment down, and stops
/// when told.
fn script(folder: &std::path::Path, url: &str) -> std::path::PathBuf {
    let path = folder.join("engine.sh");
    let text = format!(
        "#!/bin/sh\nenv > {env}.part\nmv {env}.part {env}\ntrap 'exit 0' TERM\necho starting\n\
         echo '{{\"event\":\"ready\",\"url\":\"{url}\",\"pid\":1,\"took_ms\":5}}'\n\
         while :; do sleep 0.05; done\n",
        env = folder.join("env.txt").display(),
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Waits for the file that the script writes.
async fn environment_of_the_engine(folder: &std::path::Path) -> String {
    let written = async {
        loop {
            if let Ok(text) = std::fs::read_to_string(folder.join("env.txt")) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, written).await.expect("the script is started")
}

fn value<'a>(environment: &'a str, name: &str) -> &'a str {
    let line = environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("{name} is not set"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_starts_an_engine_judges_it_and_stops_it() {
    let folder = tempfile::tempdir().unwrap();
    // Bound and not yet listening: the engine in miniature learns where mail goes when it is started.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let engine = script(folder.path(), &format!("http://{}", socket.local_addr().unwrap()));
    let result = folder.path().join("result.json");
    let running = tokio::task::spawn_blocking({
        let result = result.clone();
        move || {
            Command::new(env!("CARGO_BIN_EXE_forecourt-loadtest"))
                .args(["leads", "--rate", "200", "--for", "500ms", "--seed", "7", "--tag", "x"])
                .args(["--linger", "100ms", "--settle", "20s", "--engine-env", "COLOUR=blue"])
                .args(["--model-first-ms", "5", "--max-in-flight", "1000", "--start-engine"])
                .arg(engine)
                .arg("--json")
                .arg(result)
                .env("DATABASE_URL", "postgres://somebody.else/real")
                .output()
                .unwrap()
        }
    });
    let environment = environment_of_the_engine(folder.path()).await;
    let smtp = value(&environment, "FORECOURT_SMTP_URL").strip_prefix("smtp://").unwrap();
    let listener = socket.listen(1024).unwrap().into_std().unwrap();
    let handle = serve(transport(smtp.parse().unwrap()), listener, Vices::default());
    let output = running.await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("seed 7, tag x"), "{told}");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("captured       100") && table.contains("MiB"), "{table}");
    let json: Value = serde_json::from_slice(&std::fs::read(result).unwrap()).unwrap();
    assert_eq!(
        (&json["lost"], &json["duplicated"], &json["answered"]),
        (&json!(0), &json!(0), &json!(100))
    );
    assert!(json["engine"]["cpu_seconds"].is_number());

    assert_eq!(value(&environment, "FORECOURT_LISTEN"), "127.0.0.1:0");
    assert_eq!(value(&environment, "COLOUR"), "blue");
    assert_eq!(value(&environment, "ANTHROPIC_API_KEY"), "simulated");
    assert!(!environment.contains("somebody.else"), "a real database is out of reach");
    let data = value(&environment, "FORECOURT_DATA_DIR");
    let parent = std::path::Path::new(data).parent().unwrap();
    assert!(!parent.exists(), "its folder is gone");
    handle.stop(false).await;
}

#[test]
fn an_engine_that_does_not_start_is_told_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.sh");
    std::fs::write(&path, "#!/bin/sh\necho 'the database is on fire' >&2\nexit 3\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_forecourt-loadtest"))
        .args(["leads", "--start-engine"])
        .arg(path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("the database is on fire"), "{told}");
}

#[test]
fn leads_go_to_this_machine_or_nowhere() {
    let output = Command::new(env!("CARGO_BIN_EXE_forecourt-loadtest"))
        .args(["leads", "--target", "http://192.0.2.1:8080"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("is not this machine"), "{told}");
}
