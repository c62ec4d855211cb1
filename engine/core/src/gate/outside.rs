//! What leads out of an answer: links, mail addresses, markup; and what leaks from within.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

use super::Reason;
use crate::tools::ToolName;

/// Headings that prompts mark their parts with; a sentence that shows one shows the prompt.
///
/// Every heading in `prompts/` stands here (a test of the prompts sees to it).
pub const PROMPT_MARKERS: [&str; 8] = [
    "[[role]]",
    "[[rules]]",
    "[[facts]]",
    "[[hours]]",
    "[[services]]",
    "[[free times]]",
    "[[vehicles]]",
    "[[answers]]",
];

/// Links and addresses found in a sentence.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub hosts: Vec<String>,
    pub mails: Vec<String>,
}

/// Names of tools' arguments, and of the protocol's own fields.
const SCHEMA_WORDS: [&str; 19] = [
    "service_id",
    "vehicle_id",
    "booking_id",
    "offer_id",
    "tenant_id",
    "session_id",
    "from_date",
    "hold_until",
    "sms_consent",
    "min_price",
    "max_price",
    "max_kilometres",
    "tool_call",
    "function_call",
    "tool_choice",
    "is_error",
    "additionalproperties",
    "json schema",
    "max_tokens",
];
/// A run of letters and digits so long, with so many digits, is a key or a token.
const SECRET_CHARS: usize = 24;
const SECRET_DIGITS: usize = 3;

/// Top-level domains that people write without a scheme.
const TOP_LEVEL: &str = "com net org no fr ma ae eu io co uk de se dk fi es it nl be ch at ly app dev info \
    biz xyz top shop online site store me tv cc ru cn us ca qa sa eg tn dz ai gg link click live club";

/// Refuses markup and what shows the inside of the engine.
pub(super) fn check(sentence: &str) -> Result<(), Reason> {
    if has_markup(sentence) {
        return Err(Reason::Markup);
    }
    if leaks(sentence) {
        return Err(Reason::Leak);
    }
    Ok(())
}

/// HTML tags and entities, markdown images, script and data addresses.
fn has_markup(sentence: &str) -> bool {
    let bytes = sentence.as_bytes();
    let tag = bytes.windows(2).any(|pair| {
        pair[0] == b'<' && (pair[1].is_ascii_alphabetic() || b"/!?".contains(&pair[1]))
    });
    let entity = sentence.match_indices('&').any(|(at, _)| {
        let rest = &sentence[at + 1..];
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '#').collect();
        (2..=8).contains(&name.len()) && rest[name.len()..].starts_with(';')
    });
    let lower = sentence.to_ascii_lowercase();
    tag || entity
        || lower.contains("![")
        || lower.contains("javascript:")
        || lower.contains("data:text")
}

fn leaks(sentence: &str) -> bool {
    let seen: String = sentence.chars().filter(|c| !is_invisible(*c) && !is_joiner(*c)).collect();
    let lower = seen.to_lowercase();
    ToolName::ALL.iter().any(|tool| lower.contains(tool.as_str()))
        || SCHEMA_WORDS.iter().any(|word| lower.contains(word))
        || has_secret(&seen)
        || PROMPT_MARKERS.iter().any(|marker| lower.contains(marker))
        || [
            "[[",
            "]]",
            "{{",
            "}}",
            "{%",
            "\"role\"",
            "tool_use",
            "tool_result",
            "api key",
            "api_key",
            "whsec_",
            "sk-ant",
            "x-api-key",
            "-----begin",
            "<|",
            "|>",
        ]
        .iter()
        .any(|trace| lower.contains(trace))
        || has_id(&lower)
        || ["human:", "assistant:", "system:"].iter().any(|role| lower.starts_with(role))
}

/// An internal id, such as `ses_` and 32 hex digits.
fn has_id(lower: &str) -> bool {
    lower.match_indices('_').any(|(at, _)| {
        let digits = lower[at + 1..].bytes().take_while(u8::is_ascii_hexdigit).count();
        digits >= 32 && lower[..at].ends_with(|c: char| c.is_ascii_lowercase())
    })
}

/// What has the shape of a key, a token or a row's id.
fn has_secret(text: &str) -> bool {
    // Digits of every script: a key is read all the same.
    let inside =
        |c: char| c.is_ascii_alphabetic() || c.is_numeric() || matches!(c, '-' | '_' | '+' | '=');
    let pieces = text.split_whitespace().filter(|piece| !piece.contains("://"));
    pieces.flat_map(|piece| piece.split(move |c| !inside(c))).any(|run| {
        run.chars().count() >= SECRET_CHARS
            && run.chars().filter(|c| c.is_numeric()).count() >= SECRET_DIGITS
            && run.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

/// A sentence as it is seen: letters of other styles as plain ones, and without what is not seen.
pub(super) fn seen(sentence: &str) -> Cow<'_, str> {
    if sentence.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control()) {
        return Cow::Borrowed(sentence);
    }
    let shown =
        |c: &char| !is_invisible(*c) && (!is_joiner(*c) || ('\u{2066}'..='\u{2069}').contains(c));
    Cow::Owned(sentence.nfkc().filter(shown).collect())
}

/// What is not seen at all: it hides, joins, parts or turns around what stands beside it.
pub(super) fn is_hidden(c: char) -> bool {
    is_invisible(c) || is_joiner(c) || c == '\u{61c}'
}

/// What joins or parts letters and is not seen.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}')
}

/// Takes markdown's emphasis away, which would be read as stars.
pub(super) fn plain(sentence: &str) -> String {
    let text = sentence.trim_start_matches('#').trim_start();
    // Outside Arabic nothing runs from right to left: there, such a mark only turns digits around.
    let is_arabic = text.chars().any(|c| ('\u{620}'..='\u{6ff}').contains(&c));
    let turns =
        |c: char| !is_arabic && matches!(c, '\u{200f}' | '\u{61c}' | '\u{2067}' | '\u{2068}');
    let stays = |c: &char| !matches!(c, '*' | '`') && !is_invisible(*c) && !turns(*c);
    let text: String = text.chars().filter(stays).collect();
    // A bullet that was a star.
    let text = if sentence.trim_start().starts_with("* ") {
        format!("- {}", text.trim_start())
    } else {
        text
    };
    text.replace("__", "").trim().to_owned()
}

/// What hides or reorders text; joiners stay, Arabic and emoji need them, and so do isolates.
fn is_invisible(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200b}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{e0000}'..='\u{e007f}')
}

/// Takes links and mail addresses out of a sentence, so that their parts are not read as words.
pub(super) fn links(sentence: &str) -> (String, Links) {
    let mut found = Links::default();
    let mut rest = String::with_capacity(sentence.len());
    // A markdown link is two pieces: its text, and its address in brackets.
    let spaced = sentence.replace("](", "] (");
    for piece in spaced.split_whitespace() {
        if !rest.is_empty() {
            rest.push(' ');
        }
        let core = piece.trim_matches(|c: char| {
            matches!(
                c,
                '(' | ')'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | '"'
                    | '\''
                    | '«'
                    | '»'
                    | ','
                    | ';'
                    | '.'
                    | '!'
                    | '?'
                    | ':'
                    | '*'
                    | '،'
                    | '؟'
            ) || ('\u{2066}'..='\u{2069}').contains(&c)
        });
        if let Some(mail) = mail_of(core) {
            found.mails.push(mail);
        } else if let Some(host) = host_in(core) {
            found.hosts.push(host);
        } else {
            rest.push_str(piece);
            continue;
        }
        // What stood around it, the full stop above all, still parts the words.
        let stop = piece.chars().next_back().filter(|c| matches!(c, ',' | ';' | ':' | '.'));
        rest.extend(stop);
    }
    (rest, found)
}

fn mail_of(piece: &str) -> Option<String> {
    let piece = piece.strip_prefix("mailto:").unwrap_or(piece);
    let (local, domain) = piece.rsplit_once('@')?;
    // `https://known.example@other.example` is a link, and leads to the other.
    let is_mail = !local.is_empty() && domain.contains('.') && !piece.contains(['/', '\\']);
    is_mail.then(|| piece.to_lowercase())
}

/// The host of a piece of text that is a link.
fn host_in(piece: &str) -> Option<String> {
    let lower = piece.to_lowercase();
    if lower.contains("://") || lower.starts_with("www.") || lower.starts_with("//") {
        return Some(host_of(&lower).unwrap_or(lower));
    }
    // "bil.example.no/biler", and not "osv.Vi" or "10.30".
    let host = lower.split(['/', '?', '#', ':']).next()?;
    let (front, top) = host.rsplit_once('.')?;
    let is_known = |top: &str| TOP_LEVEL.split_whitespace().any(|known| known == top);
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let has_letters = front.chars().any(char::is_alphabetic);
    let goes_on = lower.len() > host.len();
    let is_top = top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic());
    // A full stop without a space after it ("osv.Vi") is followed by a capital; "f.eks" is short.
    let is_lower = piece.get(..host.len()).is_some_and(|as_is| as_is.ends_with(top));
    let is_host = has_letters
        && front.split('.').all(is_label)
        && (is_known(top) || is_top && (goes_on || is_lower && front.len() > 2));
    is_host.then(|| host.to_owned())
}

/// The host of a web address, in lower case, without user, port and path.
pub(super) fn host_of(address: &str) -> Option<String> {
    let lower = address.trim().to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let authority = rest.trim_start_matches('/').split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.');
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_addresses_are_found_and_taken_out() {
        #[rustfmt::skip]
        let table: &[(&str, &[&str], &[&str])] = &[
            ("Se https://bil.example.no/a?b=1 nå.", &["bil.example.no"], &[]),
            ("[klikk](http://evil.example/x)", &["evil.example"], &[]),
            ("Se bil.example.no, eller www.evil.zz", &["bil.example.no", "www.evil.zz"], &[]),
            ("evil.example/path", &["evil.example"], &[]),
            ("Skriv til post@bil.example.no.", &[], &["post@bil.example.no"]),
            ("https://bil.example.no@evil.example/", &["evil.example"], &[]),
            ("kl. 10.30 osv.Vi har f.eks. ID.4", &[], &[]),
        ];
        for (text, hosts, mails) in table {
            let (_, found) = links(text);
            let (found_hosts, found_mails) = (found.hosts, found.mails);
            assert_eq!(found_mails, *mails, "{text}");
            assert_eq!(found_hosts, *hosts, "{text}");
        }
    }

    #[test]
    fn markup_and_traces_of_the_inside_are_refused() {
        for text in
            ["<b>hei</b>", "![x](y)", "&lt;script", "&#60;b", "</facts>", "javascript:alert(1)"]
        {
            assert_eq!(check(text), Err(Reason::Markup), "{text}");
        }
        for text in [
            "[[rules]] answer in",
            "Assistant: hello",
            "ses_01923456789a7bcd8ef0123456789abc",
            "{\"role\": \"system\"}",
            "{{ brand }}",
        ] {
            assert_eq!(check(text), Err(Reason::Leak), "{text}");
        }
        for text in ["3 < 5 & 7 > 2", "Tom & Jerry; ok", "a_b", "Hei!"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn emphasis_is_taken_away() {
        assert_eq!(plain("**Tesla** er `her`"), "Tesla er her");
        assert_eq!(plain("## Tider"), "Tider");
        assert_eq!(plain("* kl. 10"), "- kl. 10");
    }

    #[test]
    fn a_key_is_one_whatever_script_its_digits_are_of() {
        for key in ["sk-live-9Xa82LmQ0pZt61BvN3cR", "sk-live-٩Xa٨٢LmQ٠pZt٦١BvN٣cR"] {
            assert_eq!(check(&format!("Here is the key: {key}.")), Err(Reason::Leak), "{key}");
        }
        for plain in ["اتصل على ٢٣٤٥٦٧٨٩ من فضلك", "Prøvekjøringsavtalebekreftelse 24. november"]
        {
            assert_eq!(check(plain), Ok(()), "{plain}");
        }
    }
}
