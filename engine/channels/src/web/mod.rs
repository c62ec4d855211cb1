//! Reads a website: its robots.txt, its sitemap, its pages, within the bounds of
//! [`forecourt_core::website`].
//!
//! # Invariants
//! - a connection goes to an address that was checked, and to no other: the resolver is the one of
//!   [`crate::webhook`], each redirect is checked as the first address was, and stays on the site;
//! - **A9** pages, bytes (after unpacking), redirects and seconds are bounded, two pages are on their way at
//!   most;
//! - **A13** no address and no text of a page gets into a log line or an error.

mod extract;

use std::{
    collections::{HashSet, VecDeque},
    error::Error,
    time::Duration,
};

use async_trait::async_trait;
use forecourt_core::{
    webhook::target::{Loopback, Target},
    website::{self, MAX_ADDRESSES, MAX_BYTES, MAX_PAGES, MAX_SECONDS, Robots},
};
use forecourt_ports::web::{Progress, ReadPage, ReadSite, Unreadable, Web};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use reqwest::{Client, StatusCode, header};
use tokio::{runtime::Handle, time::Instant};
use url::Url;

use crate::{
    outward,
    webhook::{CallerError, guard::Unreachable},
};

/// How long one page may take, slow drips included.
const PAGE: Duration = Duration::from_secs(15);
/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Redirects that are followed to one page.
const REDIRECTS: usize = 5;
/// Pages on their way at once.
const AT_ONCE: usize = 2;
/// Sitemaps that are read, an index counted.
const SITEMAPS: usize = 10;

/// Reads websites over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct HttpWeb {
    client: Client,
    loopback: Loopback,
    whole: Duration,
    page: Duration,
    io: Handle,
}

/// What came of one address.
struct Got {
    /// Where it was found after redirects.
    url: Url,
    status: StatusCode,
    is_html: bool,
    text: String,
}

impl HttpWeb {
    /// A reader whose connections live on `io`.
    pub fn new(loopback: Loopback, io: Handle) -> Result<Self, CallerError> {
        Self::with_limits(loopback, Duration::from_secs(MAX_SECONDS), PAGE, io)
    }

    /// The same with other time limits for a site and for a page, for tests.
    pub fn with_limits(
        loopback: Loopback,
        whole: Duration,
        page: Duration,
        io: Handle,
    ) -> Result<Self, CallerError> {
        let client = outward::client(loopback, |client| {
            client
                .connect_timeout(CONNECT.min(page))
                .pool_idle_timeout(Duration::from_secs(10))
                .pool_max_idle_per_host(AT_ONCE)
        })?;
        Ok(Self { client, loopback, whole, page, io })
    }

    /// Reads one address of a site; `None` when it leads away or to nothing that can be read.
    async fn get(&self, site: &Url, url: &Url) -> Result<Option<Got>, &'static str> {
        let whole = tokio::time::timeout(self.page, self.follow(site, url));
        whole.await.unwrap_or(Err("timeout"))
    }

    async fn follow(&self, site: &Url, url: &Url) -> Result<Option<Got>, &'static str> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            // The address as digits is checked here, a name by the resolver.
            Target::parse(url.as_str(), self.loopback).map_err(|_| "refused_address")?;
            let request =
                self.client.get(url.clone()).header(header::ACCEPT, "text/html,text/*;q=0.5");
            let mut answer = request.send().await.map_err(|error| code(&error))?;
            let status = answer.status();
            if status.is_redirection() {
                let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
                let Some(next) = to.and_then(|to| website::page_of(site, &url, to)) else {
                    return Ok(None);
                };
                url = next;
                continue;
            }
            let content = answer.headers().get(header::CONTENT_TYPE);
            let content = content.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let content = content.to_ascii_lowercase();
            let is_html = content.contains("html");
            let is_text = is_html || content.starts_with("text/") || content.contains("xml");
            let latin = content.contains("8859-1") || content.contains("1252");
            let mut bytes = Vec::new();
            while is_text && bytes.len() < MAX_BYTES {
                let Some(chunk) = answer.chunk().await.map_err(|error| code(&error))? else {
                    break;
                };
                let room = MAX_BYTES - bytes.len();
                bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            let text = if latin {
                bytes.iter().map(|byte| char::from(*byte)).collect()
            } else {
                String::from_utf8_lossy(&bytes).into_owned()
            };
            return Ok(Some(Got { url, status, is_html, text }));
        }
        Ok(None)
    }

    async fn robots(&self, site: &Url) -> Result<Robots, Unreadable> {
        let place = site.join("/robots.txt").map_err(|_| Unreadable("unreachable"))?;
        match self.get(site, &place).await {
            Ok(Some(got)) if got.status.is_success() => Ok(Robots::parse(&got.text)),
            // What cannot be asked forbids nothing (RFC 9309, 2.3.1.3); what fails does, for now (2.3.1.4).
            Ok(Some(got)) if got.status.is_server_error() => Err(Unreadable("robots")),
            Ok(_) => Ok(Robots::default()),
            Err(code) => Err(Unreadable(code)),
        }
    }

    /// The addresses of a site's sitemaps.
    async fn sitemaps(&self, site: &Url, robots: &Robots, until: Instant) -> Vec<Url> {
        let own = site.join("/sitemap.xml").ok();
        let named = robots.sitemaps.iter().filter_map(|map| site.join(map).ok());
        let on_site = |url: &Url| url.host_str() == site.host_str() && url.port() == site.port();
        let mut maps: VecDeque<Url> = named.chain(own).filter(on_site).collect();
        let (mut pages, mut read) = (Vec::new(), HashSet::new());
        while let Some(map) = maps.pop_front() {
            if read.len() >= SITEMAPS || pages.len() >= MAX_ADDRESSES || Instant::now() >= until {
                break;
            }
            if !read.insert(map.clone()) {
                continue;
            }
            let Ok(Some(got)) = self.get(site, &map).await else { continue };
            if !got.status.is_success() {
                continue;
            }
            for place in website::sitemap(&got.text) {
                let is_map = Url::parse(&place).is_ok_and(|url| {
                    let end = url.path().rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
                    end.as_deref() == Some("xml")
                });
                match Url::parse(&place) {
                    Ok(map) if is_map && on_site(&map) => maps.push_back(map),
                    Ok(page) if !is_map => {
                        pages.extend(website::page_of(site, site, page.as_str()));
                    }
                    _ => {}
                }
            }
        }
        pages.truncate(MAX_ADDRESSES);
        pages
    }

    async fn run(self, start: String, progress: Progress) -> Result<ReadSite, Unreadable> {
        let until = Instant::now() + self.whole;
        let target =
            Target::parse(&start, self.loopback).map_err(|_| Unreadable("refused_address"))?;
        let start = Url::parse(target.as_str()).map_err(|_| Unreadable("refused_address"))?;
        // The site is where its first page is found: `www.` or not.
        let robots = self.robots(&start).await?;
        if !robots.allows(&path(&start)) {
            return Err(Unreadable("robots"));
        }
        let first = self.get(&start, &start).await.map_err(Unreadable)?;
        let first = first.ok_or(Unreadable("unreachable"))?;
        if !first.status.is_success() {
            return Err(Unreadable("status"));
        }
        let site = first.url.clone();
        let mut crawl = Crawl::new(robots);
        crawl.found(&start);
        crawl.queue.clear();
        crawl.found(&site);
        crawl.queue.clear();
        crawl.took(&site, &first);
        for page in self.sitemaps(&site, &crawl.robots, until).await {
            crawl.found(&page);
        }
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < AT_ONCE
                && crawl.site.pages.len() + running.len() < MAX_PAGES
                && Instant::now() < until
                && let Some(url) = crawl.queue.pop_front()
            {
                let (web, site) = (&self, &site);
                let pause = crawl.pause();
                running.push(async move {
                    tokio::time::sleep(pause).await;
                    web.get(site, &url).await
                });
            }
            let Ok(next) = tokio::time::timeout_at(until, running.next()).await else { break };
            let Some(got) = next else { break };
            if let Ok(Some(got)) = got {
                crawl.took(&site, &got);
            }
            progress(crawl.site.seen, crawl.site.pages.len() as u32);
        }
        crawl.site.cut = if Instant::now() >= until {
            Some("time")
        } else {
            (crawl.site.pages.len() >= MAX_PAGES && !crawl.queue.is_empty()).then_some("pages")
        };
        if crawl.site.pages.is_empty() { Err(Unreadable("no_text")) } else { Ok(crawl.site) }
    }
}

/// How far a site is read.
struct Crawl {
    robots: Robots,
    known: HashSet<String>,
    read: HashSet<String>,
    queue: VecDeque<Url>,
    site: ReadSite,
}

impl Crawl {
    fn new(robots: Robots) -> Self {
        let (known, read, queue) = (HashSet::new(), HashSet::new(), VecDeque::new());
        Self { robots, known, read, queue, site: ReadSite::default() }
    }

    /// What the site asks for between two pages; of two at once each waits for both.
    fn pause(&self) -> Duration {
        Duration::from_secs(u64::from(self.robots.delay.unwrap_or_default()) * AT_ONCE as u64)
    }

    fn found(&mut self, url: &Url) {
        let new = self.known.len() < MAX_ADDRESSES
            && self.robots.allows(&path(url))
            && self.known.insert(url.as_str().to_owned());
        if new {
            self.site.seen += 1;
            self.queue.push_back(url.clone());
        }
    }

    fn took(&mut self, site: &Url, got: &Got) {
        if !got.status.is_success() || !got.is_html || !self.read.insert(got.url.to_string()) {
            return;
        }
        self.known.insert(got.url.to_string());
        let page = extract::extract(&got.text);
        if !page.no_follow {
            for link in &page.links {
                if let Some(url) = website::page_of(site, &got.url, link) {
                    self.found(&url);
                }
            }
        }
        if !page.no_index && !page.blocks.is_empty() && self.site.pages.len() < MAX_PAGES {
            let url = got.url.to_string();
            self.site.pages.push(ReadPage { url, title: page.title, blocks: page.blocks });
        }
    }
}

fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// A short word for what went wrong, without an address (A13).
fn code(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(one) = cause {
        if let Some(unreachable) = one.downcast_ref::<Unreachable>() {
            return unreachable.code();
        }
        cause = one.source();
    }
    if error.is_timeout() { "timeout" } else { "unreachable" }
}

#[async_trait]
impl Web for HttpWeb {
    async fn read(&self, url: &str, progress: Progress) -> Result<ReadSite, Unreadable> {
        // Connections are driven by the runtime that opened them.
        let read = self.io.spawn(self.clone().run(url.to_owned(), progress)).await;
        read.unwrap_or(Err(Unreadable("internal")))
    }
}
