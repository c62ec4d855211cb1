//! What a text names: days, clock times, amounts, percentages, distances, phone numbers, vehicles.
//!
//! Lives here: the reader that the claim gate ([`crate::gate`]) uses on what a model says and the
//! house responder on what a customer says. It reads all four languages at once, since a text may
//! mix them; what a text *means* is decided by its users.
//!
//! Three steps: [`lex()`] folds a text into words, digits and marks; [`names`] finds the vehicles and
//! services named in it; [`read()`] puts the rest together. All of it is linear in the text, and
//! bounded: [`MAX_LEXEMES`].

mod clock;
mod day;
mod halves;
pub mod lex;
pub mod memo;
pub mod names;
mod number;
pub mod phrases;
mod read;

pub use clock::Clock;
pub(crate) use clock::spoken_hour;
pub use day::Day;
pub(crate) use day::{is_month, names_month};
pub use lex::{Lex, Lexeme, MAX_LEXEMES, fold, lex};
pub use number::{Amount, Number};
pub use read::{Kind, Token, read};

#[cfg(test)]
mod tests;
