//! Cuts a stream of text into sentences as they become complete.
//!
//! A sentence ends at a line break, or at `.`, `!`, `?`, `…`, `؟` and white space after it; a full
//! stop after an abbreviation, an ordinal (`24. november`, `24. NOVEMBER`) or an initial does not end
//! one. What is not seen changes nothing. Whatever the stream is cut into, the sentences are the same.
//! Memory is bounded: of a sentence longer than [`MAX_CHARS`] only its length is remembered.

use super::outside;
use crate::reading::{fold, names_month};

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
    /// What came after a full stop and white space, until it tells; [`WORD_CHARS`] at most.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Inside,
    /// After `!`, `?` or `…`: white space ends the sentence.
    Ended,
    /// After a full stop: white space, and what comes after it, ends the sentence.
    Stopped,
    /// After a full stop and white space: the next character that is seen tells.
    Waiting,
    /// After an ordinal, white space and a capital: the word tells, which is a month or is none.
    Month,
}

impl Splitter {
    pub(super) fn push(&mut self, c: char, out: &mut Vec<Sentence>) {
        if matches!(c, '\n' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' | '\u{85}') {
            self.complete(out);
            self.breaks = (self.breaks + 1).min(2);
            return;
        }
        if self.state == State::Month {
            if outside::is_hidden(c) || (c.is_alphanumeric() || is_emphasis(c)) && self.has_room() {
                self.hold(c);
                return;
            }
            self.told(out);
        }
        if c.is_whitespace() || c == '\r' {
            match self.state {
                State::Ended => self.complete(out),
                State::Stopped => self.state = State::Waiting,
                State::Inside | State::Waiting | State::Month => {}
            }
            if !self.text.is_empty() && !self.text.ends_with(' ') {
                self.add(' ');
            }
            return;
        }
        if outside::is_hidden(c) {
            // It belongs to what follows; elsewhere it is a part of where it stands.
            if self.state == State::Waiting {
                self.hold(c);
            } else {
                self.add(c);
            }
            return;
        }
        if self.state == State::Waiting {
            match self.stop_ends_before(c) {
                Stop::Ends => self.end_before_held(out),
                Stop::GoesOn => self.go_on(),
                Stop::ByMonth => {
                    self.state = State::Month;
                    self.hold(c);
                    return;
                }
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
        if self.state == State::Month {
            self.told(out);
        }
        self.go_on();
        let text = std::mem::take(&mut self.text);
        let too_long = self.chars > MAX_CHARS;
        self.chars = 0;
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

    /// Keeps what may belong to this sentence or to the next one; what is hidden needs no more room than this.
    fn hold(&mut self, c: char) {
        if self.has_room() {
            self.held.push(c);
        }
    }

    fn has_room(&self) -> bool {
        self.held.len() < WORD_CHARS
    }

    /// The word after an ordinal is whole.
    fn told(&mut self, out: &mut Vec<Sentence>) {
        let seen = outside::seen(&self.held);
        let word = seen.trim_matches(is_emphasis);
        if names_month(&fold(word)) || links_in_capitals(word) {
            self.go_on();
        } else {
            self.end_before_held(out);
        }
    }

    /// What is held belongs to the sentence.
    fn go_on(&mut self) {
        self.state = State::Inside;
        for c in std::mem::take(&mut self.held).chars() {
            self.add(c);
        }
    }

    /// What is held begins the next sentence.
    fn end_before_held(&mut self, out: &mut Vec<Sentence>) {
        let held = std::mem::take(&mut self.held);
        self.state = State::Inside;
        self.complete(out);
        self.held = held;
        self.go_on();
    }

    /// Whether the full stop at the end of the text ends a sentence when `next` comes after it.
    fn stop_ends_before(&self, next: char) -> Stop {
        match last_stop(&self.text) {
            LastStop::End => Stop::Ends,
            // An ordinal goes on in lower case or in digits: "24. november", "24. 11."; in capitals, with a month.
            LastStop::Ordinal if next.is_uppercase() || is_arabic(next) || is_emphasis(next) => {
                Stop::ByMonth
            }
            LastStop::Ordinal if matches!(next, '-' | '•' | '#') => Stop::Ends,
            LastStop::Abbreviation | LastStop::Ordinal => Stop::GoesOn,
        }
    }
}

/// What a full stop and white space come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Ends,
    GoesOn,
    /// The next word tells.
    ByMonth,
}

/// What the full stop at the end of a text stands after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastStop {
    End,
    /// A number that may be that of a day.
    Ordinal,
    /// An abbreviation or an initial: more follows.
    Abbreviation,
}

/// Whether a text that ends with a full stop goes on all the same: `onsdag 25.`, `kl.`
pub(super) fn is_cut_short(text: &str) -> bool {
    text.trim_end().ends_with('.') && last_stop(text) != LastStop::End
}

fn last_stop(text: &str) -> LastStop {
    // As it is seen: a hidden mark in "25.", or digits of another kind, end no sentence.
    let tail: Vec<char> = text.chars().rev().take(WORD_CHARS).collect();
    let tail: String = tail.into_iter().rev().collect();
    let seen = outside::seen(&tail);
    let body = seen.trim_end();
    let body = body.trim_end_matches(['"', '\'', '»', '”', '’', ')', ']', '*', '_']);
    let word = body.trim_end_matches('.').rsplit(char::is_whitespace).next().unwrap_or("");
    let word = word.trim_start_matches(['(', '"', '«', '“', '\'', '[', '*', '_']);
    let is_short = word.chars().count() == 1;
    if word.is_empty() {
        LastStop::End
    } else if word.chars().all(char::is_numeric) && word.chars().count() <= 2 {
        LastStop::Ordinal
    } else if is_short && word.chars().all(char::is_uppercase) || is_abbreviation(&fold(word)) {
        LastStop::Abbreviation
    } else {
        LastStop::End
    }
}

/// `25. OG 26. NOVEMBER`, `25. KL. 9`: a sentence does not begin in capitals after one that had none.
fn links_in_capitals(word: &str) -> bool {
    matches!(
        word,
        "OG" | "TIL"
            | "ELLER"
            | "KL"
            | "KLOKKA"
            | "KLOKKEN"
            | "FRA"
            | "AND"
            | "TO"
            | "OR"
            | "AT"
            | "ET"
            | "AU"
            | "OU"
    )
}

/// Marks of emphasis, which are not seen either.
const fn is_emphasis(c: char) -> bool {
    matches!(c, '*' | '_')
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
            ("LEDIG ONSDAG 25. NOVEMBER KL. 09:00. RING OSS.", &["LEDIG ONSDAG 25. NOVEMBER KL. 09:00.", "RING OSS."]),
            ("Onsdag 25. **November** kl. 9. Ja.", &["Onsdag 25. **November** kl. 9.", "Ja."]),
            ("الأربعاء 25. نوفمبر. نعم", &["الأربعاء 25. نوفمبر.", "نعم"]),
            ("Den 25. Novembermørket kom. Ja", &["Den 25.", "Novembermørket kom.", "Ja"]),
            ("LEDIG 25. OG 26. NOVEMBER KL. 9", &["LEDIG 25. OG 26. NOVEMBER KL. 9"]),
            ("Det er 3. * To", &["Det er 3.", "* To"]),
            ("Vi ses den 3. NOVEMBER", &["Vi ses den 3. NOVEMBER"]),
            ("Den kom 3. Ring", &["Den kom 3.", "Ring"]),
            ("\u{202e}Den er solgt.\u{202c} Ja. \u{2066}Kia\u{2069} er her!\u{200b} Nei", &["\u{202e}Den er solgt.\u{202c}", "Ja.", "\u{2066}Kia\u{2069} er her!\u{200b}", "Nei"]),
            ("Den 25. \u{202e}NOVEMBER\u{202c} kl. 9", &["Den 25. \u{202e}NOVEMBER\u{202c} kl. 9"]),
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
