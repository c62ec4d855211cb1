//! The text of a page under its headings, and its links, in one pass over its tokens.
//!
//! No tree is built: a page of two megabytes of nested elements costs what two megabytes of text cost. What
//! is furniture (navigation, headers, footers, forms) is passed over; where a page says what its main part
//! is, only that counts.
//!
//! # Invariants
//! - **A9** blocks, links and their lengths are bounded; nothing here depends on how deep elements stand;
//! - **A6** nothing of a page is acted upon: scripts, styles and hidden parts are dropped, the rest is text.

use std::cell::RefCell;

use forecourt_core::website::{Block, MAX_ADDRESSES};
use html5ever::{
    buffer_queue::BufferQueue,
    tendril::StrTendril,
    tokenizer::{
        Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
    },
};

/// The longest block, in bytes; a longer one is cut into several.
const LONGEST_BLOCK: usize = 20_000;
/// All text that is kept of a page, in bytes.
const LONGEST_TEXT: usize = 400_000;
/// The longest heading and title, in characters.
const LONGEST_HEADING: usize = 120;
/// What a page's own main part must have, in bytes, to be taken for all of it.
const LEAST_MAIN: usize = 200;

/// Elements within each other that are remembered as skipped.
const MOST_SKIPPED: usize = 1_000;

/// What was read of a page.
#[derive(Debug, Default)]
pub(super) struct Extract {
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
    pub(super) links: Vec<String>,
    /// The page asks not to be kept, or not to be followed.
    pub(super) no_index: bool,
    pub(super) no_follow: bool,
}

/// Reads a page.
pub(super) fn extract(html: &str) -> Extract {
    let reader = Reader(RefCell::default());
    let tokenizer = Tokenizer::new(reader, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    // Where a script would run, the tokenizer stops to let it: nothing runs here.
    while let html5ever::TokenizerResult::Script(()) = tokenizer.feed(&input) {}
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

/// Elements whose content is no text of the page.
const SKIPPED: [&str; 13] = [
    "nav", "header", "footer", "aside", "form", "template", "svg", "noscript", "button", "select",
    "iframe", "object", "dialog",
];
/// Elements that go on in the line.
const INLINE: [&str; 27] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "dfn", "em", "font", "i", "img", "ins",
    "kbd", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
];

#[derive(Default)]
struct State {
    extract: Extract,
    /// Of each block, whether it stands in the main part.
    main: Vec<bool>,
    headings: Vec<(u8, String)>,
    text: String,
    kept: usize,
    /// Skipped elements that are open, by name.
    skipped: Vec<String>,
    /// Open `main` and `article` elements.
    in_main: usize,
    /// The heading that is open.
    heading: Option<u8>,
    in_title: bool,
}

struct Reader(RefCell<State>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.add(&text),
            Token::TagToken(tag) => return state.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|one| &*one.name.local == name).map(|one| &*one.value)
}

impl State {
    fn add(&mut self, text: &str) {
        if self.in_title {
            self.extract.title.extend(text.chars().take(LONGEST_HEADING));
        } else if self.skipped.is_empty() && self.kept < LONGEST_TEXT {
            let room = (LONGEST_TEXT - self.kept).min(text.len());
            let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            self.text.push_str(&text[..end]);
            self.kept = LONGEST_TEXT.min(self.kept + text.len());
            if self.text.len() > LONGEST_BLOCK && self.heading.is_none() {
                self.flush();
            }
        }
    }

    /// Ends the block that is open.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        if text.is_empty() {
            return;
        }
        let headings = self.headings.iter().map(|(_, heading)| heading.clone()).collect();
        self.extract.blocks.push(Block { headings, text });
        self.main.push(self.in_main > 0);
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        let begins = tag.kind == TagKind::StartTag;
        if begins {
            match name {
                "script" => return self.raw(name, RawKind::ScriptData),
                "style" | "xmp" | "noembed" | "noframes" => {
                    return self.raw(name, RawKind::Rawtext);
                }
                "title" if self.extract.title.is_empty() && self.skipped.is_empty() => {
                    self.in_title = true;
                    return TokenSinkResult::RawData(RawKind::Rcdata);
                }
                "textarea" | "title" => return self.raw(name, RawKind::Rcdata),
                "meta" => self.meta(tag),
                "a" => self.link(tag),
                _ => {}
            }
        } else if name == "title" {
            self.in_title = false;
        }
        if INLINE.contains(&name) {
            return TokenSinkResult::Continue;
        }
        let hidden = begins && !tag.self_closing && SKIPPED.contains(&name);
        if hidden {
            self.end_line();
            if self.skipped.len() < MOST_SKIPPED {
                self.skipped.push(name.to_owned());
            }
        } else if !begins && let Some(at) = self.skipped.iter().rposition(|open| open == name) {
            self.skipped.truncate(at);
        } else if self.skipped.is_empty() {
            self.block(name, begins);
        }
        TokenSinkResult::Continue
    }

    /// What follows up to the end of this element is no markup, and no text of the page.
    fn raw(&mut self, name: &str, kind: RawKind) -> TokenSinkResult<()> {
        if self.skipped.len() < MOST_SKIPPED {
            self.skipped.push(name.to_owned());
        }
        TokenSinkResult::RawData(kind)
    }

    fn block(&mut self, name: &str, begins: bool) {
        let level = match name {
            "h1" => Some(1),
            "h2" => Some(2),
            "h3" => Some(3),
            "h4" | "h5" | "h6" => Some(4),
            _ => None,
        };
        match (level, begins) {
            (Some(level), true) => {
                self.end_line();
                self.heading = Some(level);
            }
            (Some(_), false) => self.end_line(),
            (None, _) if name == "br" => self.text.push(' '),
            // Cells of a row belong together.
            (None, _) if matches!(name, "td" | "th" | "dt" | "dd") => self.text.push(' '),
            (None, _) => {
                self.end_line();
                if matches!(name, "main" | "article") {
                    let depth = self.in_main;
                    self.in_main = if begins { depth + 1 } else { depth.saturating_sub(1) };
                }
            }
        }
    }

    /// Ends the heading or the block that is open.
    fn end_line(&mut self) {
        let Some(level) = self.heading.take() else { return self.flush() };
        let text = std::mem::take(&mut self.text);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let heading: String =
            words.chars().filter(|c| !c.is_control()).take(LONGEST_HEADING).collect();
        self.headings.retain(|(above, _)| *above < level);
        if !heading.is_empty() {
            self.headings.push((level, heading));
        }
    }

    fn meta(&mut self, tag: &Tag) {
        if attribute(tag, "name").is_some_and(|name| name.eq_ignore_ascii_case("robots")) {
            let content = attribute(tag, "content").unwrap_or_default().to_ascii_lowercase();
            self.extract.no_index |= content.contains("noindex") || content.contains("none");
            self.extract.no_follow |= content.contains("nofollow") || content.contains("none");
        }
    }

    fn link(&mut self, tag: &Tag) {
        let followed = attribute(tag, "rel").is_none_or(|rel| !rel.contains("nofollow"));
        if let Some(href) = attribute(tag, "href").filter(|href| href.len() <= 2_000)
            && followed
            && self.extract.links.len() < MAX_ADDRESSES
        {
            self.extract.links.push(href.to_owned());
        }
    }

    fn finish(mut self) -> Extract {
        self.end_line();
        let blocks = self.extract.blocks.iter().zip(&self.main);
        let of_main: usize = blocks.filter(|(_, main)| **main).map(|(b, _)| b.text.len()).sum();
        if of_main >= LEAST_MAIN {
            let mut main = self.main.iter();
            self.extract.blocks.retain(|_| main.next().copied().unwrap_or_default());
        }
        let title = self.extract.title.split_whitespace().collect::<Vec<_>>().join(" ");
        self.extract.title = title.chars().filter(|c| !c.is_control()).collect();
        self.extract
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_under_its_headings_and_furniture_is_passed_over() {
        let page = extract(
            "<!doctype html><html lang=nb><head><title> Nordlys  Bil </title><style>p{}</style></head>
             <body><nav><a href='/om'>Om oss</a> Meny</nav><h1>Verksted</h1><p>Vi <b>skifter</b> dekk.</p>
             <h2>Priser</h2><table><tr><td>Hjulskift</td><td>900 kr</td></tr></table>
             <script>alert('</p>')</script><h2>Åpent</h2>Ni til fem.<br>Ikke søndag.
             <footer>Org.nr 1</footer></body></html>",
        );
        assert_eq!(page.title, "Nordlys Bil");
        let blocks: Vec<(String, &str)> =
            page.blocks.iter().map(|b| (b.headings.join("/"), b.text.as_str())).collect();
        assert_eq!(
            blocks,
            [
                ("Verksted".to_owned(), "Vi skifter dekk."),
                ("Verksted/Priser".to_owned(), "Hjulskift 900 kr"),
                ("Verksted/Åpent".to_owned(), "Ni til fem. Ikke søndag."),
            ]
        );
        assert_eq!(page.links, ["/om"]);
    }

    #[test]
    fn the_main_part_counts_where_there_is_one() {
        let main = "Vi lagrer dekkene dine gjennom vinteren. ".repeat(10);
        let page = extract(&format!("<p>Godta kaker</p><main><p>{main}</p></main><p>Følg oss</p>"));
        assert_eq!(page.blocks.len(), 1);
        let short = extract("<p>Vi er et bilfirma.</p><main></main>");
        assert_eq!(short.blocks[0].text, "Vi er et bilfirma.");
    }

    #[test]
    fn a_page_may_ask_not_to_be_kept() {
        let page = extract("<meta name=Robots content='NOINDEX, nofollow'><p>x</p>");
        assert!(page.no_index && page.no_follow);
    }

    #[test]
    fn hostile_pages_cost_what_their_length_costs() {
        let deep = "<div><section>".repeat(70_000);
        assert_eq!(extract(&format!("{deep}Hei")).blocks[0].text, "Hei");
        let headings = "<h1>x</h1><h2>y</h2>".repeat(20_000);
        assert!(extract(&headings).blocks.is_empty());
        let long = extract(&"ord ".repeat(400_000));
        let kept: usize = long.blocks.iter().map(|block| block.text.len()).sum();
        assert!(kept <= LONGEST_TEXT);
        let links = extract(&"<a href='/a'>".repeat(50_000));
        assert!(links.links.len() <= MAX_ADDRESSES);
        for odd in
            ["", "<", "<p", "<script>", "<title>", "</p></nav>", "\0", "<textarea>x</textarea>y"]
        {
            extract(odd);
        }
        assert_eq!(extract("<textarea>x</textarea>y").blocks[0].text, "y");
    }
}
