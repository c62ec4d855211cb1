//! Text from people and models, cut into what a template can lay out: paragraphs, lines, links.
//!
//! # Invariants
//! - a link is `https`, `tel` or `mailto`, read by a URL parser before it is written; only [`web`],
//!   for links that are ours to give, takes `http` too.

use serde::Serialize;
use url::Url;

/// Some text, with or without a link on it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) href: Option<String>,
}

/// Several lines without control characters; line ends as `\n`, trimmed.
pub(super) fn flow(raw: &str) -> String {
    let unified = raw.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let visible: String =
        unified.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    visible.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Blocks between blank lines.
pub(super) fn paragraphs_of(text: &str) -> Vec<&str> {
    text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()).collect()
}

/// Whether `text` begins with one of `words` (in lower case) as a whole word.
pub(super) fn begins_with_one_of(text: &str, words: &[&str]) -> bool {
    let start: String = text.chars().take(40).collect::<String>().to_lowercase();
    words.iter().any(|word| {
        start.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

/// Cuts a line into text and `https` links.
pub(super) fn runs(line: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut plain = String::new();
    for token in line.split_inclusive(' ') {
        let start = token.find("https://").unwrap_or(token.len());
        let (before, link) = token.split_at(start);
        let trimmed = link.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '=');
        plain.push_str(before);
        let Some(href) = https(trimmed) else {
            plain.push_str(link);
            continue;
        };
        if !plain.is_empty() {
            runs.push(Run { text: std::mem::take(&mut plain), href: None });
        }
        runs.push(Run { text: trimmed.to_owned(), href: Some(href) });
        plain.push_str(&link[trimmed.len()..]);
    }
    if !plain.is_empty() {
        runs.push(Run { text: plain, href: None });
    }
    runs
}

/// The URL as a parser writes it, if it is `https` and names a host without a password.
pub(super) fn https(raw: &str) -> Option<String> {
    let url = Url::parse(raw).ok().filter(|url| url.scheme() == "https")?;
    (url.has_host() && url.username().is_empty() && url.password().is_none()).then(|| url.into())
}

/// The URL as a parser writes it, if it leads to a page.
pub(super) fn web(raw: &str) -> Option<String> {
    let url = Url::parse(raw).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    url.has_host().then(|| url.into())
}

pub(super) fn tel(raw: &str) -> Option<String> {
    let digits: String = raw.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    (digits.len() >= 5).then(|| format!("tel:{digits}"))
}

pub(super) fn mailto(raw: &str) -> Option<String> {
    super::address::address(raw).map(|address| super::unsubscribe::mailto(&address))
}

#[cfg(test)]
mod tests {
    use forecourt_core::lang::Lang;

    use super::{super::words, *};

    fn plain(text: &str) -> Run {
        Run { text: text.into(), href: None }
    }

    fn link(text: &str) -> Run {
        Run { text: text.into(), href: Some(text.into()) }
    }

    #[test]
    fn links_are_told_from_the_text_around_them() {
        assert_eq!(
            runs("Se (https://bil.example/a?b=c&d=e), takk."),
            [plain("Se ("), link("https://bil.example/a?b=c&d=e"), plain("), takk.")]
        );
        assert_eq!(runs("https://bil.example/"), [link("https://bil.example/")]);
        for text in ["no link", "http://bil.example/", "https://", "javascript:alert(1)", "a  b"] {
            assert_eq!(runs(text), [plain(text)]);
        }
        assert_eq!(runs("https://kari:secret@bil.example/").first().unwrap().href, None);
    }

    #[test]
    fn a_greeting_is_told_from_a_word_that_begins_like_one() {
        let greets = |text, lang| begins_with_one_of(text, words::greetings(lang));
        assert!(
            greets("Hei Kari!", Lang::Nb) && greets("HEI,", Lang::Nb) && greets("Hi", Lang::En)
        );
        assert!(!greets("Heisen virker", Lang::Nb) && !greets("High roof", Lang::En));
        assert!(greets("مرحبًا كاري،", Lang::Ar) && greets("Bonjour,", Lang::Fr));
    }

    #[test]
    fn text_flows_in_paragraphs_whatever_its_line_ends() {
        assert_eq!(flow(" a\r\n\r\nb\0c\rd \n"), "a\n\nb c\nd");
        assert_eq!(paragraphs_of("a\nb\n\n\n\nc"), ["a\nb", "c"]);
    }
}
