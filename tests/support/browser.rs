//! A real browser: Debian's Chromium, driven over WebDriver.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use reqwest::{Method, Url};
use serde_json::json;
use tempfile::TempDir;

pub struct Browser {
    pub page: Client,
    driver: Child,
    /// The browser's profile; removed with it.
    _profile: TempDir,
}

impl Browser {
    /// Opens a window of this size; `phone` emulates touch and a narrow screen.
    pub async fn open(width: u32, height: u32) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (make browser)");
        let lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
        let port = tokio::task::spawn_blocking(move || {
            lines.map_while(Result::ok).find_map(|line| {
                let port = line.split("started successfully on port ").nth(1)?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
        });
        let port = port.await.unwrap().expect("chromedriver says its port");
        let profile = TempDir::with_prefix("forecourt-browser-").unwrap();
        let args = [
            "--headless=new".into(),
            "--no-sandbox".into(),
            "--disable-dev-shm-usage".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".into(), json!({ "args": args }));
        capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let page = ClientBuilder::new(connector)
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser window");
        Self { page, driver, _profile: profile }
    }

    /// Drives into a tunnel, where nothing gets through, or out of it.
    pub async fn tunnel(&self, inside: bool) {
        self.page.issue_cmd(Tunnel { inside }).await.expect("the network is emulated");
    }

    /// Closes the window and the driver.
    pub async fn close(mut self) {
        let _closed = self.page.clone().close().await;
        let _gone = self.driver.kill();
        let _reaped = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _gone = self.driver.kill();
        let _reaped = self.driver.wait();
    }
}

/// Chromium's own emulation of the network.
#[derive(Debug)]
struct Tunnel {
    inside: bool,
}

impl WebDriverCompatibleCommand for Tunnel {
    fn endpoint(
        &self,
        base: &Url,
        session: Option<&str>,
    ) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/chromium/network_conditions", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let conditions = json!({
            "offline": self.inside, "latency": 0, "download_throughput": -1, "upload_throughput": -1,
        });
        (Method::POST, Some(json!({ "network_conditions": conditions }).to_string()))
    }
}
