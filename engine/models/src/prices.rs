//! What a token costs: the price list as data, in whole billionths of a US dollar.
//!
//! # Invariants
//! - no floating point touches money;
//! - an unknown model has no price, and nobody guesses one: its tokens count, its cost is not known.

use forecourt_ports::model::{NanoUsd, Usage};

/// Billionths of a US dollar a token; a dollar per million tokens is 1,000 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    pub input: u64,
    pub cached: u64,
    pub written: u64,
    pub written_long: u64,
    pub output: u64,
    /// The price of a prompt longer than this many tokens, for the whole call: input and output.
    pub above: Option<(u64, u64, u64)>,
}

impl Price {
    /// A provider that writes its cache at 1.25 and 2 times the price and reads it at a tenth.
    const fn marked(input: u64, output: u64) -> Self {
        Self {
            input,
            cached: input / 10,
            written: input + input / 4,
            written_long: 2 * input,
            output,
            above: None,
        }
    }

    /// A provider that caches by itself, writes for nothing and reads at a tenth.
    const fn automatic(input: u64, output: u64) -> Self {
        Self { written: input, written_long: input, ..Self::marked(input, output) }
    }

    /// What `usage` costs.
    pub fn cost(&self, usage: &Usage) -> NanoUsd {
        let (mut input, mut output, mut times) = (self.input, self.output, 1);
        if let Some((tokens, above_input, above_output)) = self.above
            && usage.prompt() > tokens
        {
            (times, input, output) = (above_input / self.input.max(1), above_input, above_output);
        }
        let parts = [
            (usage.input, input),
            (usage.cached, self.cached.saturating_mul(times)),
            (usage.written, self.written.saturating_mul(times)),
            (usage.written_long, self.written_long.saturating_mul(times)),
            (usage.output, output),
        ];
        let cost = |(tokens, price): (u64, u64)| NanoUsd(tokens.saturating_mul(price));
        parts.into_iter().map(cost).fold(NanoUsd(0), NanoUsd::plus)
    }
}

/// The list. A name stands for itself and for its dated forms, `name-20251001`; the first that fits
/// counts, so longer names stand before those they begin with.
const LIST: &[(&str, Price)] = &[
    ("claude-haiku-5-5", Price { above: Some((100_000, 500, 2_500)), ..Price::marked(100, 500) }),
    ("claude-haiku-4-5", Price::marked(1_000, 5_000)),
    ("claude-sonnet-5-5", Price::marked(2_000, 10_000)),
    ("claude-opus-5-5", Price::marked(4_000, 20_000)),
    ("claude-fable-5-1", Price::marked(10_000, 50_000)),
];

/// The price of a model of the list.
pub fn of(model: &str) -> Option<Price> {
    let dated = |name: &str| {
        let rest = model.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with("-20")).then_some(())
    };
    LIST.iter().find(|(name, _)| dated(name).is_some()).map(|(_, price)| *price)
}

/// Reads a price from a setting: dollars per million tokens, `0.25/2.00` for input and output.
pub fn parse(text: &str) -> Option<Price> {
    let (input, output) = text.split_once('/')?;
    Some(Price::automatic(nanos(input)?, nanos(output)?))
}

/// Reads a price of what has no output: dollars per million tokens, `0.02`.
pub fn parse_input(text: &str) -> Option<Price> {
    Some(Price::automatic(nanos(text)?, 0))
}

/// `0.25` dollars per million tokens is 250 billionths a token; finer than a thousandth is none.
fn nanos(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let part = format!("{part:0<3}").parse::<u64>().ok()?;
    Some(whole.parse::<u64>().ok()? * 1_000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_prompt_is_cheaper_and_every_token_is_paid_once() {
        let usage = Usage { input: 10, cached: 4_000, written: 100, written_long: 1, output: 30 };
        let haiku = of("claude-haiku-4-5-20251001").unwrap();
        assert_eq!(haiku.cost(&usage), NanoUsd(10_000 + 400_000 + 125_000 + 2_000 + 150_000));
    }

    #[test]
    fn a_long_prompt_costs_its_own_price_throughout() {
        let haiku = of("claude-haiku-5-5").unwrap();
        let short = Usage { input: 100_000, output: 1_000, ..Usage::default() };
        assert_eq!(haiku.cost(&short), NanoUsd(10_500_000));
        let long = Usage { input: 100_001, cached: 10, output: 1_000, ..Usage::default() };
        assert_eq!(haiku.cost(&long), NanoUsd(100_001 * 500 + 500 + 2_500_000));
    }

    #[test]
    fn an_unknown_model_has_no_price_and_a_set_one_is_read_exactly() {
        for model in ["", "gpt-5.4-mini", "claude-haiku-4-50", "claude-haiku-4-5-mini"] {
            assert_eq!(of(model), None, "{model}");
        }
        assert_eq!(parse_input("0.02").map(|price| (price.input, price.output)), Some((20, 0)));
        assert_eq!(parse_input("0.02/1"), None);
        let price = parse("0.25/2").unwrap();
        assert_eq!((price.input, price.cached, price.output), (250, 25, 2_000));
        for wrong in ["", "1", "1/", "/1", "1/x", "-1/2", "1e3/1", "0.1234/1", "9999999/1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let usage = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
        assert_eq!(Price::marked(u64::MAX / 4, 1).cost(&usage), NanoUsd(u64::MAX));
    }
}
