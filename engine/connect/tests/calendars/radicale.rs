//! CalDAV against a real server: Radicale, when it is there (`make radicale`).

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use async_trait::async_trait;
use forecourt_core::booking::Stretch;
use forecourt_ports::{calendar::Calendar as _, contract, contract::calendars::Person};
use reqwest::Method;

use super::support::{caldav, calendars, day, hour, sim};

/// Where the interpreter is that has Radicale.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("FORECOURT_RADICALE_PYTHON").map(PathBuf::from);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ours = root.join("target/radicale/bin/python");
    named.into_iter().chain([ours]).find(|python| python.exists())
}

struct Server {
    child: Child,
    url: String,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    async fn start(python: &PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        std::fs::write(folder.path().join("users"), "nordlys:secret\n").unwrap();
        let config = format!(
            "[server]\nhosts=127.0.0.1:{port}\n[auth]\ntype=htpasswd\nhtpasswd_filename={0}/users\nhtpasswd_encryption=plain\ndelay=0\n[storage]\nfilesystem_folder={0}/store\n",
            folder.path().display()
        );
        std::fs::write(folder.path().join("config"), config).unwrap();
        let child = Command::new(python)
            .args(["-m", "radicale", "--config"])
            .arg(folder.path().join("config"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let server =
            Self { child, url: format!("http://127.0.0.1:{port}/"), http, _folder: folder };
        for _ in 0..600 {
            if server.http.get(&server.url).send().await.is_ok() {
                server
                    .call(Method::from_bytes(b"MKCALENDAR").unwrap(), "nordlys/verksted/", "")
                    .await;
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Radicale does not answer");
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> reqwest::Response {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = request.basic_auth("nordlys", Some("secret")).body(body.to_owned());
        let answer = request.header("content-type", "text/calendar; charset=utf-8").send().await;
        let answer = answer.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }

    async fn enter(&self, id: &str, lines: &str) {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nBEGIN:VEVENT\r\nUID:{id}\r\nDTSTAMP:20261101T000000Z\r\n{lines}\r\nSUMMARY:Dentist\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        self.call(Method::PUT, &format!("nordlys/verksted/{id}.ics"), &text).await;
    }
}

fn utc(at: jiff::Timestamp) -> String {
    forecourt_connect::ics::utc(at)
}

#[async_trait]
impl Person for Server {
    async fn occupy(&self, id: &str, at: Stretch) {
        let lines = format!("DTSTART:{}\r\nDTEND:{}", utc(at.from), utc(at.until));
        self.enter(id, &lines).await;
    }

    async fn vacate(&self, id: &str) {
        self.call(Method::DELETE, &format!("nordlys/verksted/{id}.ics"), "").await;
    }

    async fn entries(&self) -> Vec<Stretch> {
        let all = self.call(Method::GET, "nordlys/verksted/", "").await.text().await.unwrap();
        let window = Stretch { from: hour(-24).from, until: hour(240).from };
        let found = forecourt_connect::ics::busy(&all, &jiff::tz::TimeZone::UTC, window);
        found.iter().map(|busy| Stretch { from: busy.from, until: busy.until }).collect()
    }
}

#[tokio::test]
async fn a_real_server_keeps_the_contract_and_expands_what_repeats() {
    let sim = sim(&[]);
    let Some(python) = python() else {
        eprintln!(
            "not run: there is no Radicale here; `make radicale` installs it, or name an interpreter that has it in FORECOURT_RADICALE_PYTHON. The simulator has told the same."
        );
        return;
    };
    let server = Server::start(&python).await;
    let calendars = calendars(&sim);
    let (good, wrong) = (caldav(&server.url, "secret"), caldav(&server.url, "wrong"));
    contract::calendars::calendar(&calendars, &good, &wrong, &server, day()).await;

    // Daily at nine on a clock that is not ours, with one day left out and one moved.
    let zone = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    let first = zone.to_datetime(hour(9).from).date();
    let at = |days: i64| first.checked_add(jiff::Span::new().days(days)).unwrap();
    let local = |days: i64| format!("{}T090000", at(days).strftime("%Y%m%d"));
    server
        .enter(
            "standup",
            &format!(
                "DTSTART;TZID=Europe/Paris:{}\r\nDTEND;TZID=Europe/Paris:{}\r\nRRULE:FREQ=DAILY;COUNT=4\r\nEXDATE;TZID=Europe/Paris:{}",
                local(0),
                local(0).replace("T0900", "T0930"),
                local(1)
            ),
        )
        .await;
    server.enter("away", &format!("DTSTART;VALUE=DATE:{}", at(6).strftime("%Y%m%d"))).await;
    server
        .enter(
            "birthday",
            &format!(
                "DTSTART:{}\r\nDTEND:{}\r\nTRANSP:TRANSPARENT",
                utc(hour(20).from),
                utc(hour(20).until)
            ),
        )
        .await;
    let window = Stretch { from: hour(0).from, until: hour(24 * 9).from };
    let found = calendars.busy(&good, window).await.unwrap();
    let of = |uid: &str| found.iter().filter(|busy| busy.uid == uid).collect::<Vec<_>>();
    let starts: Vec<_> = of("standup").iter().map(|busy| zone.to_datetime(busy.from)).collect();
    let nine = |days| at(days).at(9, 0, 0, 0);
    assert_eq!(starts, [nine(0), nine(2), nine(3)]);
    assert_eq!(of("away").len(), 1);
    assert_eq!(of("away")[0].until.duration_since(of("away")[0].from).as_hours(), 24);
    assert!(of("birthday")[0].transparent);
}
