//! The queue id in a server's last reply: what an operator asks the mail server about.
//!
//! # Invariants
//! - **A13** only what looks like an id is kept: one word, with a digit, without an `@`.

const MIN: usize = 4;
const MAX: usize = 100;

/// Finds the id the way the common servers write it; `None` when there is none.
///
/// Postfix and sinks say `queued as X`, Exim `id=X`, Exchange `InternalId=X`, Sendmail
/// `X Message accepted`, Amazon `Ok X`, Google `OK number X - gsmtp`.
pub(super) fn queue_id<'a>(lines: impl Iterator<Item = &'a str>) -> Option<String> {
    let text: Vec<&str> = lines.collect();
    let text = text.join(" ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let at = |index: usize| words.get(index).copied().and_then(id);

    for (index, word) in lower.iter().enumerate() {
        let next = lower.get(index + 1).map(String::as_str);
        let found = match word.as_str() {
            "queued" if next == Some("as") => at(index + 2),
            "message" if next == Some("accepted") && index > 0 => at(index - 1),
            "gsmtp" if index > 1 && lower[index - 1] == "-" => at(index - 2),
            _ => words[index]
                .trim_start_matches('[')
                .split_once('=')
                .filter(|(key, _)| {
                    ["id", "internalid"].contains(&key.to_ascii_lowercase().as_str())
                })
                .and_then(|(_, value)| id(value)),
        };
        if found.is_some() {
            return found;
        }
    }
    match lower.iter().rposition(|word| word == "ok") {
        Some(index) if index + 2 == words.len() => at(index + 1),
        _ => None,
    }
}

/// `word` if it looks like an id, without the punctuation around it.
fn id(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let fits = (MIN..=MAX).contains(&word.len())
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/".contains(&byte));
    fits.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_the_way_each_server_writes_it() {
        for (reply, found) in [
            ("2.0.0 Ok: queued as 4XyZ12abc", Some("4XyZ12abc")),
            ("2.0.0 Ok: queued as sink-12", Some("sink-12")),
            ("OK id=1rABCD-000123-XY", Some("1rABCD-000123-XY")),
            ("2.0.0 0A1B2C3D Message accepted for delivery", Some("0A1B2C3D")),
            ("Ok 0102018c9e5f-1f2e-000000", Some("0102018c9e5f-1f2e-000000")),
            ("2.0.0 OK  1700000000 x12-20020a05.123 - gsmtp", Some("x12-20020a05.123")),
            (
                "2.6.0 <a@b> [InternalId=123456789, Hostname=x] Queued mail for delivery",
                Some("123456789"),
            ),
            ("2.0.0 Ok: queued as <4XyZ12abc>.", Some("4XyZ12abc")),
            ("Ok", None),
            ("Ok thanks", None),
            ("2.0.0 Ok: queued as kari@example.no", None),
            ("delivered to Kari Nordmann 2 times", None),
            ("Ok: queued as abc", None),
            ("", None),
        ] {
            assert_eq!(queue_id([reply].into_iter()).as_deref(), found, "{reply}");
        }
        let long = format!("queued as {}", "1".repeat(101));
        assert_eq!(queue_id([long.as_str()].into_iter()), None);
        assert_eq!(
            queue_id(["2.0.0 Ok: queued", "as 12345"].into_iter()).as_deref(),
            Some("12345")
        );
    }
}
