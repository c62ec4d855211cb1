//! Thoughts that a model writes into its answer, taken out again.
//!
//! Servers that do not know a model's marks let `<think>…</think>` through as text. Only a block that
//! begins the answer is one; the same marks later are words.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Where in the answer.
#[derive(Debug, Default)]
pub(super) enum Think {
    /// So far the text may still become the mark.
    #[default]
    Start,
    Beginning(String),
    /// Within; the last bytes, which may begin the closing mark.
    Within(String),
    Answer,
}

impl Think {
    /// Takes text in; gives back what is part of the answer.
    pub(super) fn push(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        loop {
            match std::mem::take(self) {
                Self::Start => *self = Self::Beginning(String::new()),
                Self::Beginning(held) => {
                    let all = held + &text;
                    let said = all.trim_start();
                    if let Some(rest) = said.strip_prefix(OPEN) {
                        text = String::from(rest);
                        *self = Self::Within(String::new());
                    } else if OPEN.starts_with(said) {
                        *self = Self::Beginning(said.to_owned());
                        return String::new();
                    } else {
                        *self = Self::Answer;
                        return all;
                    }
                }
                Self::Within(held) => {
                    let all = held + &text;
                    if let Some((_, rest)) = all.split_once(CLOSE) {
                        let rest = rest.to_owned();
                        *self = Self::Answer;
                        return rest;
                    }
                    let from = all.len().saturating_sub(CLOSE.len() - 1);
                    let from = (from..=all.len()).find(|at| all.is_char_boundary(*at));
                    *self = Self::Within(all[from.unwrap_or(all.len())..].to_owned());
                    return String::new();
                }
                Self::Answer => {
                    *self = Self::Answer;
                    return text;
                }
            }
        }
    }

    /// What is left when the answer ends: text that could have become the mark.
    pub(super) fn finish(&mut self) -> String {
        match std::mem::replace(self, Self::Answer) {
            Self::Beginning(held) => held,
            Self::Start | Self::Within(_) | Self::Answer => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer of a text that comes in pieces of `size` characters.
    fn answer(text: &str, size: usize) -> String {
        let mut think = Think::default();
        let letters: Vec<char> = text.chars().collect();
        let pieces = letters.chunks(size).map(|piece| piece.iter().collect::<String>());
        let mut said: String = pieces.map(|piece| think.push(&piece)).collect();
        said.push_str(&think.finish());
        said
    }

    #[test]
    fn only_a_block_that_begins_the_answer_is_a_thought_however_it_is_cut() {
        for (text, said) in [
            ("<think>hm, ålder</think>Hei!", "Hei!"),
            ("\n<think>\nhm</thin</think>\n\nHei!", "\n\nHei!"),
            ("Hei! <think>x</think>", "Hei! <think>x</think>"),
            ("<thin ice>", "<thin ice>"),
            ("<thi", "<thi"),
            ("<think>hm", ""),
            ("", ""),
        ] {
            for size in [1, 2, 3, 100] {
                assert_eq!(answer(text, size), said, "{text:?} by {size}");
            }
        }
    }
}
