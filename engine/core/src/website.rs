//! What may be read of a website, and how its text is cut into passages.
//!
//! Lives here: robots.txt (RFC 9309), sitemaps, which addresses belong to a site, and the cutting. The
//! fetching is an adapter's. All of it is written by strangers: text is only ever data (A6).
//!
//! # Invariants
//! - **A9** everything that is read here is read in one pass and has an end.

use url::Url;

use crate::search::MAX_PASSAGE;

/// Pages that are read of a site.
pub const MAX_PAGES: usize = 200;
/// Bytes that are read of a page, after it was unpacked.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Seconds that a site may take in all.
pub const MAX_SECONDS: u64 = 120;
/// Passages that are kept of a page, and of a site.
pub const MAX_PASSAGES_OF_PAGE: usize = 200;
pub const MAX_PASSAGES: usize = 4_000;
/// Addresses that are remembered while a site is read.
pub const MAX_ADDRESSES: usize = 2_000;
/// What a site calls us in its robots.txt.
pub const AGENT: &str = "forecourt";

/// What a site lets us read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    /// Whether it is allowed, and the pattern; the longest pattern that fits decides.
    rules: Vec<(bool, String)>,
    pub sitemaps: Vec<String>,
    /// Seconds between two pages, ten at most.
    pub delay: Option<u8>,
}

impl Robots {
    /// Reads a robots.txt; the group for [`AGENT`] counts, else the one for everybody.
    pub fn parse(text: &str) -> Self {
        let (mut ours, mut all) = (None::<Self>, Self::default());
        let mut sitemaps = Vec::new();
        let (mut for_us, mut for_all, mut in_rules) = (false, false, true);
        for line in text.lines().take(5_000) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if std::mem::take(&mut in_rules) {
                    (for_us, for_all) = (false, false);
                }
                let name = value.to_ascii_lowercase();
                for_all |= name == "*";
                for_us |= name == AGENT;
                if for_us {
                    ours.get_or_insert_default();
                }
                continue;
            }
            if key == "sitemap" {
                if sitemaps.len() < 20 {
                    sitemaps.push(value.to_owned());
                }
                continue;
            }
            in_rules = true;
            let groups = [ours.as_mut().filter(|_| for_us), Some(&mut all).filter(|_| for_all)];
            for group in groups.into_iter().flatten() {
                match key.as_str() {
                    "allow" | "disallow" if !value.is_empty() && group.rules.len() < 1_000 => {
                        let pattern = value.chars().take(500).collect();
                        group.rules.push((key == "allow", pattern));
                    }
                    "crawl-delay" => {
                        let seconds = value.parse::<f32>().ok().filter(|s| *s > 0.0);
                        group.delay = seconds.map(|seconds| seconds.min(10.0).ceil() as u8);
                    }
                    _ => {}
                }
            }
        }
        Self { sitemaps, ..ours.unwrap_or(all) }
    }

    /// Whether a path with its query may be read. Of patterns of the same length the allowing one wins.
    pub fn allows(&self, path: &str) -> bool {
        let fitting = self.rules.iter().filter(|(_, pattern)| fits(pattern, path));
        fitting.max_by_key(|(allow, pattern)| (pattern.len(), *allow)).is_none_or(|rule| rule.0)
    }
}

/// Whether a pattern with `*` and a `$` at its end fits the beginning of a path.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        let found = if whole && index + 1 == parts.len() {
            rest.ends_with(part).then(|| rest.len() - part.len())
        } else {
            rest.find(part)
        };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
    }
    !whole || rest.is_empty()
}

/// The addresses in a sitemap, or in an index of sitemaps, as far as they fit into [`MAX_ADDRESSES`].
pub fn sitemap(xml: &str) -> Vec<String> {
    let places = xml.split("<loc>").skip(1).take(MAX_ADDRESSES);
    let place = |part: &str| {
        let text = part.split("</loc>").next()?.trim();
        let text =
            text.strip_prefix("<![CDATA[").and_then(|t| t.strip_suffix("]]>")).unwrap_or(text);
        let plain = text.replace("&amp;", "&");
        (!plain.is_empty() && plain.len() <= 2_000).then_some(plain)
    };
    places.filter_map(place).collect()
}

/// An address of the same site that may hold a page: without its fragment. `None` for other hosts, schemes
/// and files.
pub fn page_of(site: &Url, base: &Url, link: &str) -> Option<Url> {
    const FILES: [&str; 26] = [
        "pdf", "jpg", "jpeg", "png", "gif", "webp", "svg", "ico", "css", "js", "json", "xml",
        "zip", "gz", "mp4", "mp3", "webm", "woff", "woff2", "ttf", "doc", "docx", "xls", "xlsx",
        "ics", "avif",
    ];
    if link.len() > 2_000 {
        return None;
    }
    let mut url = base.join(link.trim()).ok()?;
    url.set_fragment(None);
    let same = url.scheme() == site.scheme()
        && bare_host(&url) == bare_host(site)
        && url.port_or_known_default() == site.port_or_known_default()
        && url.username().is_empty()
        && url.password().is_none();
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let is_file = last
        .rsplit_once('.')
        .is_some_and(|(_, end)| FILES.contains(&end.to_ascii_lowercase().as_str()));
    let plain = url.query().is_none_or(|query| query.len() <= 100) && url.as_str().len() <= 2_000;
    (same && !is_file && plain).then_some(url)
}

/// `www.` or not: one site.
fn bare_host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

/// Text of a page under its headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// From the page's first heading to the nearest one.
    pub headings: Vec<String>,
    pub text: String,
}

/// A piece of a page: its headings, parted by `›`, and at most [`MAX_PASSAGE`] characters of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub heading: String,
    pub text: String,
}

/// Cuts a page into pieces: what stands under one heading stays together as far as it fits, and a long text
/// is cut after a sentence, else after a word.
pub fn cut(title: &str, blocks: &[Block]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for block in blocks {
        let heading =
            if block.headings.is_empty() { title.to_owned() } else { block.headings.join(" › ") };
        let heading: String = heading.chars().take(300).collect();
        for text in sentences(&block.text) {
            let room = |last: &&mut Piece| {
                last.heading == heading
                    && last.text.chars().count() + text.chars().count() < MAX_PASSAGE
            };
            if let Some(last) = pieces.last_mut().filter(room) {
                last.text.push(' ');
                last.text.push_str(&text);
            } else if pieces.len() < MAX_PASSAGES_OF_PAGE {
                pieces.push(Piece { heading: heading.clone(), text });
            }
        }
    }
    pieces
}

/// A text in parts that each fit into a passage.
fn sentences(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        // A word of no human language is cut where the room ends.
        let word: String = word.chars().take(MAX_PASSAGE - 1).collect();
        let letters = word.chars().count();
        let ends = part.ends_with(['.', '!', '?', '؟', '…']) && length > MAX_PASSAGE / 2;
        if length + 1 + letters > MAX_PASSAGE || ends {
            parts.push(std::mem::take(&mut part));
            length = 0;
        }
        if length > 0 {
            part.push(' ');
            length += 1;
        }
        part.push_str(&word);
        length += letters;
    }
    if length > 0 {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pattern_that_fits_decides_what_may_be_read() {
        let robots = Robots::parse(
            "User-agent: *\nDisallow: /admin\nAllow: /admin/open$\nDisallow: /*.php$\nDisallow:\n\
             Crawl-delay: 1.5\nSitemap: https://a.example/map.xml\n",
        );
        for (path, allowed) in [
            ("/", true),
            ("/admin", false),
            ("/administrator", false),
            ("/admin/open", true),
            ("/admin/open/x", false),
            ("/a/b.php", false),
            ("/a/b.php?x=1", true),
        ] {
            assert_eq!(robots.allows(path), allowed, "{path}");
        }
        assert_eq!(robots.delay, Some(2));
        assert_eq!(robots.sitemaps, ["https://a.example/map.xml"]);
        assert!(Robots::parse("").allows("/x"));
    }

    #[test]
    fn a_group_of_our_own_counts_instead_of_everybodys() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-Agent: Forecourt # us\nDisallow: /private\n";
        let robots = Robots::parse(text);
        assert!(robots.allows("/") && !robots.allows("/private/x"));
        let shut = Robots::parse("User-agent: *\nDisallow: /");
        assert!(!shut.allows("/"));
        let hostile = Robots::parse(&format!("User-agent: *\nDisallow: /{}", "*a".repeat(300)));
        assert!(hostile.allows(&"/a".repeat(100)));
    }

    #[test]
    fn only_pages_of_the_same_site_are_followed() {
        let site = Url::parse("https://www.nordlys.example/om").unwrap();
        let page = |link: &str| page_of(&site, &site, link).map(|url| url.to_string());
        assert_eq!(
            page("/verksted#priser").as_deref(),
            Some("https://www.nordlys.example/verksted")
        );
        assert_eq!(
            page("https://nordlys.example/a?b=1").as_deref(),
            Some("https://nordlys.example/a?b=1")
        );
        for other in [
            "https://evil.example/",
            "http://www.nordlys.example/",
            "https://www.nordlys.example:8443/",
            "https://a:b@www.nordlys.example/",
            "mailto:post@nordlys.example",
            "javascript:alert(1)",
            "/brosjyre.PDF",
            "//169.254.169.254/latest",
            "https://www.nordlys.example.evil.example/",
        ] {
            assert_eq!(page(other), None, "{other}");
        }
    }

    #[test]
    fn a_sitemap_is_read_without_trusting_it() {
        let xml = "<urlset><url><loc> https://a.example/?a=1&amp;b=2 </loc></url>\
                   <url><loc><![CDATA[https://a.example/b]]></loc></url><loc></loc><loc>";
        assert_eq!(sitemap(xml), ["https://a.example/?a=1&b=2", "https://a.example/b"]);
        assert!(sitemap(&"<loc>x</loc>".repeat(9_000)).len() <= MAX_ADDRESSES);
    }

    #[test]
    fn what_stands_under_one_heading_stays_together_and_long_text_is_cut_after_a_sentence() {
        let block = |heading: &str, text: &str| Block {
            headings: vec!["Verksted".into(), heading.into()],
            text: text.into(),
        };
        let long = "Vi bytter dekk hver dag. ".repeat(60);
        let blocks =
            [block("Dekk", "Vi skifter dekk."), block("Dekk", "Fra 900 kr."), block("Olje", &long)];
        let pieces = cut("Nordlys", &blocks);
        assert_eq!(pieces[0].heading, "Verksted › Dekk");
        assert_eq!(pieces[0].text, "Vi skifter dekk. Fra 900 kr.");
        assert!(pieces.len() > 2);
        for piece in &pieces {
            assert!(piece.text.chars().count() <= MAX_PASSAGE);
            assert!(piece.text.ends_with('.'), "{}", piece.text);
        }
        let wall = Block { headings: vec![], text: "x".repeat(100_000) };
        assert_eq!(cut("Side", &[wall]).len(), 1);
        let many = Block { headings: vec![], text: "ord ".repeat(500_000) };
        assert_eq!(cut("Side", &[many]).len(), MAX_PASSAGES_OF_PAGE);
        assert_eq!(cut("Side", &[]), []);
    }
}
