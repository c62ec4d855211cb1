//! Money: integer minor units with an ISO 4217 currency, never a float (decision 17).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lang::Lang;

/// An amount in minor units (øre, cents) of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: 39 900 000 is 399 000 kroner.
    pub minor: i64,
    pub currency: Currency,
}

/// The ISO 4217 currencies in use; each has two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Nok,
    Eur,
    Usd,
}

impl Currency {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nok => "NOK",
            Self::Eur => "EUR",
            Self::Usd => "USD",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        [Self::Nok, Self::Eur, Self::Usd].into_iter().find(|c| c.code().eq_ignore_ascii_case(code))
    }
}

impl Money {
    /// As people of a language write it: `399 000 kr`, `24 900 €`, `€24,900`.
    ///
    /// Whole amounts have no decimals. Groups are parted by a no-break space, in English by a comma.
    pub fn display(self, lang: Lang) -> impl fmt::Display {
        let (whole, cents) = (self.minor.unsigned_abs() / 100, self.minor.unsigned_abs() % 100);
        let (group, point) = if lang == Lang::En { (',', '.') } else { ('\u{a0}', ',') };
        let digits = whole.to_string();
        let mut number = String::with_capacity(digits.len() * 2 + 4);
        if self.minor < 0 {
            number.push('-');
        }
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                number.push(group);
            }
            number.push(digit);
        }
        if cents > 0 {
            number = format!("{number}{point}{cents:02}");
        }
        match (self.currency, lang) {
            (Currency::Nok, Lang::En | Lang::Fr | Lang::Ar) => format!("{number}\u{a0}NOK"),
            (Currency::Nok, Lang::Nb) => format!("{number}\u{a0}kr"),
            (Currency::Eur, Lang::En) => format!("€{number}"),
            (Currency::Eur, _) => format!("{number}\u{a0}€"),
            (Currency::Usd, Lang::En) => format!("${number}"),
            (Currency::Usd, _) => format!("{number}\u{a0}$"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_as_people_write_it() {
        let price = |minor, currency| Money { minor, currency };
        for (money, lang, text) in [
            (price(39_900_000, Currency::Nok), Lang::Nb, "399\u{a0}000\u{a0}kr"),
            (price(2_490_000, Currency::Eur), Lang::Fr, "24\u{a0}900\u{a0}€"),
            (price(2_490_050, Currency::Eur), Lang::En, "€24,900.50"),
            (price(100, Currency::Usd), Lang::En, "$1"),
            (price(-5, Currency::Nok), Lang::Nb, "-0,05\u{a0}kr"),
        ] {
            assert_eq!(money.display(lang).to_string(), text);
        }
    }
}
