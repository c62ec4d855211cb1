//! Text let go sentence by sentence, so that an answer cut at its token limit ends with a whole one.
//!
//! What is held back is the sentence under way. Nothing is lost by it: text leaves the engine by
//! sentences anyway, through the claim gate.

/// The text of an answer on its way out.
#[derive(Debug, Default)]
pub(crate) struct Sentences {
    held: String,
    chars: usize,
    let_go: bool,
}

impl Sentences {
    /// Takes text in; gives back what is whole by now. White space before the answer is dropped.
    pub(super) fn push(&mut self, text: &str) -> Option<String> {
        let text = if self.held.is_empty() && !self.let_go { text.trim_start() } else { text };
        self.chars += text.chars().count();
        self.held.push_str(text);
        let end = last_end(&self.held)?;
        let rest = self.held.split_off(end);
        self.let_go = true;
        Some(std::mem::replace(&mut self.held, rest))
    }

    /// The characters taken in so far.
    pub(super) const fn chars(&self) -> usize {
        self.chars
    }

    /// Whether anything was let go.
    pub(super) const fn let_go(&self) -> bool {
        self.let_go
    }

    /// Ends the text as it stands.
    pub(super) fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.held);
        let rest = rest.trim_end();
        self.let_go |= !rest.is_empty();
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    /// Ends the text at its last whole sentence: it was cut.
    pub(super) fn finish_cut(&mut self) -> Option<String> {
        if is_whole(self.held.trim_end()) {
            return self.finish();
        }
        self.held.clear();
        None
    }
}

/// Where the last sentence ends that another one follows: behind its mark, before the white space.
fn last_end(text: &str) -> Option<usize> {
    let mut end = None;
    let mut after_mark = false;
    let mut candidate = None;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if after_mark && candidate.is_none() {
                candidate = Some(at);
            }
            // A line break after a mark needs no look at what follows.
            if c == '\n' {
                end = candidate.or(end);
            }
            continue;
        }
        // `kl. 10`, `24. november` and `ca. ti` go on: a sentence starts neither small nor with a digit.
        if candidate.is_some() && !c.is_lowercase() && !c.is_numeric() && !is_mark(c) {
            end = candidate;
        }
        candidate = None;
        after_mark = is_mark(c) || (after_mark && is_closing(c));
    }
    end
}

/// Whether a text that nothing follows ends with a whole sentence; `den 24.` does not.
fn is_whole(text: &str) -> bool {
    let body = text.trim_end_matches(is_closing);
    let Some(mark) = body.chars().next_back().filter(|c| is_mark(*c)) else { return false };
    mark != '.' || body.chars().nth_back(1).is_some_and(|c| !c.is_numeric())
}

fn is_mark(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '؟' | '۔')
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces let go of a text that comes character by character.
    fn pieces(text: &str, cut: bool) -> Vec<String> {
        let mut sentences = Sentences::default();
        let mut pieces: Vec<_> =
            text.chars().filter_map(|c| sentences.push(c.encode_utf8(&mut [0; 4]))).collect();
        pieces.extend(if cut { sentences.finish_cut() } else { sentences.finish() });
        pieces
    }

    #[test]
    fn a_whole_answer_comes_out_unchanged_but_for_its_ends() {
        let text = "\n Hei! Bilen koster 399 000 kr. Vi har ledig tirsdag 24. november kl. 10:00.\n\nPasser det? ";
        assert_eq!(pieces(text, false).concat(), text.trim());
        assert_eq!(pieces(text, false).len(), 4);
    }

    #[test]
    fn a_cut_answer_ends_with_its_last_whole_sentence() {
        for (text, kept) in [
            ("Hei! Vi har ledig tirsdag 24. nov", "Hei!"),
            ("Hei! Vi har ledig tirsdag 24.", "Hei!"),
            ("Hei! Vi har ledig.", "Hei! Vi har ledig."),
            ("Merci ! Voici (enfin !)", "Merci ! Voici (enfin !)"),
            ("شكرًا لك. هل يناسبك الغد؟ نحن", "شكرًا لك. هل يناسبك الغد؟"),
            ("Takk for meldingen\n\n- Oljeskift", ""),
            ("", ""),
        ] {
            assert_eq!(pieces(text, true).concat(), kept, "{text}");
        }
    }
}
