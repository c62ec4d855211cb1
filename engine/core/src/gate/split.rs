//! Cuts a stream of text into sentences as they become complete.
//!
//! A sentence ends at a line break, or at `.`, `!`, `?`, `…`, `؟` and white space after it; a full
//! stop after an abbreviation, an ordinal (`24. november`) or an initial does not end one. Whatever
//! the stream is cut into, the sentences are the same. Memory is bounded: of a sentence longer than
//! [`MAX_CHARS`] only its length is remembered.

use super::outside;
use crate::reading::fold;

/// The longest sentence that is read; a longer one is withheld.
pub(super) const MAX_CHARS: usize = 1_000;
/// No ordinal and no abbreviation is longer, whatever is hidden in it.
const WORD_CHARS: usize = 64;

/// A sentence, and what parts it from the one before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Of one that was too long, its beginning.
    pub text: String,
    /// Longer than [`MAX_CHARS`]: nobody has read it all.
    pub too_long: bool,
    /// How many line breaks stand before it: 0 for a space, 2 for a new paragraph.
    pub breaks: u8,
}

#[derive(Debug, Default)]
pub(super) struct Splitter {
    text: String,
    chars: usize,
    /// Line breaks before the sentence that is being read.
    breaks: u8,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Inside,
    /// After `!`, `?` or `…`: white space ends the sentence.
    Ended,
    /// After a full stop: white space, and what comes after it, ends the sentence.
    Stopped,
    /// After a full stop and white space: the next character tells.
    Waiting,
}

impl Splitter {
    pub(super) fn push(&mut self, c: char, out: &mut Vec<Sentence>) {
        if matches!(c, '\n' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' | '\u{85}') {
            self.complete(out);
            self.breaks = (self.breaks + 1).min(2);
            return;
        }
        if c.is_whitespace() || c == '\r' {
            match self.state {
                State::Ended => self.complete(out),
                State::Stopped => self.state = State::Waiting,
                State::Inside | State::Waiting => {}
            }
            if !self.text.is_empty() && !self.text.ends_with(' ') {
                self.add(' ');
            }
            return;
        }
        if self.state == State::Waiting {
            self.state = State::Inside;
            if self.stop_ends_before(c) {
                self.complete(out);
            }
        }
        self.state = match (c, self.state) {
            ('.', State::Ended) | ('!' | '?' | '…' | '؟', _) => State::Ended,
            ('.' | '。', _) => State::Stopped,
            // Closing quotes and brackets go along with the sentence.
            ('"' | '\'' | '»' | '”' | '’' | ')' | ']' | '*' | '_', state) => state,
            _ => State::Inside,
        };
        self.add(c);
    }

    /// Ends the sentence that is being read.
    pub(super) fn complete(&mut self, out: &mut Vec<Sentence>) {
        let text = std::mem::take(&mut self.text);
        let too_long = self.chars > MAX_CHARS;
        self.chars = 0;
        self.state = State::Inside;
        let trimmed = text.trim();
        if !trimmed.is_empty() {
            let breaks = std::mem::take(&mut self.breaks);
            out.push(Sentence { text: trimmed.to_owned(), too_long, breaks });
        }
    }

    fn add(&mut self, c: char) {
        self.chars += 1;
        if self.chars <= MAX_CHARS {
            self.text.push(c);
        }
    }

    /// Whether the full stop at the end of the text ends a sentence when `next` comes after it.
    fn stop_ends_before(&self, next: char) -> bool {
        // As it is seen: a hidden mark in "25.", or digits of another kind, end no sentence.
        let tail: Vec<char> = self.text.chars().rev().take(WORD_CHARS).collect();
        let tail: String = tail.into_iter().rev().collect();
        let seen = outside::seen(&tail);
        let body = seen.trim_end();
        let body = body.trim_end_matches(['"', '\'', '»', '”', '’', ')', ']', '*', '_']);
        let word = body.trim_end_matches('.').rsplit(char::is_whitespace).next().unwrap_or("");
        let word = word.trim_start_matches(['(', '"', '«', '“', '\'', '[']);
        if word.is_empty() {
            return true;
        }
        if word.chars().all(char::is_numeric) && word.chars().count() <= 2 {
            // An ordinal goes on in lower case or in digits: "24. november", "24. 11."
            return next.is_uppercase() || is_arabic(next) || matches!(next, '-' | '•' | '*' | '#');
        }
        if word.chars().count() == 1 && word.chars().all(char::is_uppercase) {
            return false;
        }
        !is_abbreviation(&fold(word))
    }
}

fn is_arabic(c: char) -> bool {
    ('\u{600}'..='\u{6ff}').contains(&c)
}

fn is_abbreviation(word: &str) -> bool {
    matches!(
        word,
        "kl" | "ca"
            | "f.eks"
            | "bl.a"
            | "nr"
            | "tlf"
            | "mob"
            | "st"
            | "mr"
            | "mrs"
            | "ms"
            | "dr"
            | "mme"
            | "mlle"
            | "no"
            | "approx"
            | "e.g"
            | "i.e"
            | "p.ex"
            | "ex"
            | "env"
            | "tel"
            | "av"
            | "gt"
            | "mnd"
            | "inkl"
            | "ekskl"
            | "evt"
            | "jf"
            | "dvs"
            | "resp"
            | "vs"
            | "min"
            | "maks"
            | "max"
            | "o.l"
            | "pga"
            | "hhv"
            | "t.o.m"
            | "f.o.m"
            | "pst"
            | "jan"
            | "feb"
            | "apr"
            | "aug"
            | "sept"
            | "okt"
            | "nov"
            | "des"
            | "dec"
            | "oct"
            | "janv"
            | "fevr"
            | "juil"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<String> {
        let (mut splitter, mut out) = (Splitter::default(), Vec::new());
        text.chars().for_each(|c| splitter.push(c, &mut out));
        splitter.complete(&mut out);
        out.into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        #[rustfmt::skip]
        let table: &[(&str, &[&str])] = &[
            ("Hei Kari! Takk. Vi har den.", &["Hei Kari!", "Takk.", "Vi har den."]),
            ("Vi åpner kl. 10.30 den 24. november. Velkommen!", &["Vi åpner kl. 10.30 den 24. november.", "Velkommen!"]),
            ("Den kom 3. Ring oss.", &["Den kom 3.", "Ring oss."]),
            ("Se bil.example.no for mer, f.eks. priser.", &["Se bil.example.no for mer, f.eks. priser."]),
            ("Really?! Yes... Fine", &["Really?!", "Yes...", "Fine"]),
            ("«Hei.» Ja.", &["«Hei.»", "Ja."]),
            ("هل السيارة متوفرة؟ نعم. متوفرة", &["هل السيارة متوفرة؟", "نعم.", "متوفرة"]),
            ("a\r\n\r\n- b\n- c", &["a", "- b", "- c"]),
            ("  \n\n ", &[]),
            ("M. Dupont vous attend. Merci", &["M. Dupont vous attend.", "Merci"]),
        ];
        for (text, expected) in table {
            assert_eq!(sentences(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_sentence_without_end_takes_no_memory() {
        let (mut splitter, mut out) = (Splitter::default(), Vec::new());
        for _ in 0..1_000_000 {
            splitter.push('a', &mut out);
        }
        assert!(splitter.text.capacity() < 4 * MAX_CHARS);
        splitter.push('\n', &mut out);
        assert_eq!(out, [Sentence { text: "a".repeat(MAX_CHARS), too_long: true, breaks: 0 }]);
    }
}
