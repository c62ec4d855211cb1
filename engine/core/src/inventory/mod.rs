//! A tenant's stock: what a vehicle is, what may be written of it, what becomes of it, and which
//! one fits a wish.
//!
//! Lives here: the record and its checks ([`vehicle`], [`draft`]), the numbers that name a vehicle
//! ([`vin`], [`plate`]), its statuses ([`status`]), what changed ([`change`]), the search
//! ([`filter`]), the fit ([`fit`]), and the exchange with spreadsheets ([`csv`]). All of it is
//! pure (A3): today's date is an argument.
//!
//! # Invariants
//! - a vehicle that passed [`draft::VehicleDraft::check`] keeps within every bound named here (A9);
//! - an identification number and a plate are personal data: they are in no knowledge that a model
//!   or a customer sees ([`Vehicle::for_everybody`], A13).

pub mod change;
pub mod csv;
pub mod draft;
pub mod filter;
pub mod fit;
pub mod plate;
mod say;
pub mod status;
pub mod vehicle;
pub mod vin;

#[cfg(test)]
mod tests;

pub use self::{
    change::{FieldChange, VehicleStep, changes},
    draft::{Fault, VehicleDraft},
    filter::{VehicleFilter, VehicleSort},
    fit::{Fit, FitReason, Wish, rank},
    plate::{Plate, PlateForm},
    vehicle::{Body, Details, Drive, Fuel, MAX_STOCK, Photo, Transmission, Vehicle, VehicleStatus},
    vin::{CheckDigit, Vin, VinError},
};

use unicode_normalization::UnicodeNormalization as _;

/// A text as it is searched: lower case, without accents, `ø` as `o`, words parted by one space.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ø' => folded.push('o'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ß' => folded.push_str("ss"),
            '\u{0660}'..='\u{0669}' => folded.extend(digit_of(c, '\u{0660}')),
            '\u{06F0}'..='\u{06F9}' => folded.extend(digit_of(c, '\u{06F0}')),
            c => folded.push(c),
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An Arabic digit as the one that all databases sort.
fn digit_of(c: char, zero: char) -> Option<char> {
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{064B}'..='\u{0652}')
}
