//! Identification numbers and plates.

use proptest::prelude::*;

use super::super::*;

#[test]
fn a_vin_is_checked_by_its_digit_where_it_has_one() {
    for (vin, digit) in [
        ("1M8GDM9AXKP042788", CheckDigit::Right),
        ("1hgcm82633a004352", CheckDigit::Right),
        ("1HGCM-82633 A004352", CheckDigit::Right),
        ("11111111111111111", CheckDigit::Right),
        ("VF3LCBHZHGS012345", CheckDigit::NotUsed),
        ("WVWZZZ1KZAW123456", CheckDigit::NotUsed),
        // Built in Mexico for Europe: the ninth place is a filler.
        ("3VWZZZ16ZMM012345", CheckDigit::NotUsed),
    ] {
        assert_eq!(Vin::parse(vin).map(|vin| vin.check_digit()), Ok(digit), "{vin}");
    }
    for (vin, error) in [
        ("1HGCM82643A004352", VinError::CheckDigit { expected: '3' }),
        ("1HGCM82633A00435O", VinError::Letter),
        ("WVWZZZ1KZAW12345", VinError::Length(16)),
        ("WVWZZZ1KZAW1234567", VinError::Length(18)),
        ("WVWZZZ1KZAW12345Ø", VinError::Character),
        ("", VinError::Length(0)),
    ] {
        assert_eq!(Vin::parse(vin), Err(error), "{vin}");
    }
}

#[test]
fn plates_have_one_form_per_country() {
    use PlateForm::{Free, Personal, Provisional, Regular};
    for (country, raw, text, form) in [
        ("NO", "EV 12345", "EV 12345", Regular),
        ("NO", "dp70231", "DP 70231", Regular),
        ("NO", "AB 1234", "AB 1234", Regular),
        ("NO", "AB 123", "AB 123", Personal),
        ("NO", "BØLGE", "BØLGE", Personal),
        ("SE", "abc123", "ABC 123", Regular),
        ("SE", "ABC12D", "ABC 12D", Regular),
        ("SE", "ABI123", "ABI123", Personal),
        ("DK", "AB12345", "AB 12 345", Regular),
        ("DK", "AB 12 345", "AB 12 345", Regular),
        ("FR", "AB123CD", "AB-123-CD", Regular),
        ("FR", "ab-123-cd", "AB-123-CD", Regular),
        ("FR", "AB-123-WW", "AB-123-WW", Regular),
        ("FR", "WW-123-AB", "WW-123-AB", Provisional),
        ("FR", "SS-123-AB", "SS-123-AB", Free),
        ("FR", "AB-123-SS", "AB-123-SS", Free),
        ("FR", "AB-000-CD", "AB-000-CD", Free),
        ("FR", "AI-123-CD", "AI-123-CD", Free),
        ("FR", "123 ABC 75", "123 ABC 75", Regular),
        ("FR", "1234AB2A", "1234 AB 2A", Regular),
        ("FR", "12 AB 974", "12 AB 974", Regular),
        ("FR", "12 AB 99", "12 AB 99", Free),
        ("DE", "M-AB 1234", "M-AB 1234", Regular),
        ("DE", "m ab 1234 e", "M-AB 1234E", Regular),
        ("DE", "TÜ-X 7H", "TÜ-X 7H", Regular),
        ("DE", "MAB1234", "MAB1234", Regular),
        ("DE", "B-AB 01", "B-AB 01", Free),
        ("GB", "ab12cde", "AB12 CDE", Regular),
        ("UK", "A123 BCD", "A123 BCD", Regular),
        ("GB", "ABC 123D", "ABC 123D", Regular),
        ("GB", "AIZ 1234", "AIZ 1234", Regular),
        ("AE", "DUBAI A 12345", "DUBAI A 12345", Regular),
        ("AE", "dxb aa 7", "DUBAI AA 7", Regular),
        ("AE", "Dubai A١٢٣٤٥", "DUBAI A 12345", Regular),
        ("AE", "ABU DHABI 17 55555", "ABU DHABI 17 55555", Regular),
        ("AE", "AD 5 123456", "AD 5 123456", Free),
        ("PL", "WA 12345", "WA 12345", Free),
    ] {
        let (plate, is) = Plate::parse(raw, country).unwrap();
        assert_eq!((plate.text.as_str(), is), (text, form), "{country} {raw}");
        let country = if country == "UK" { "GB" } else { country };
        assert_eq!(plate.country, country);
        let again = Plate::parse(&plate.text, country).unwrap();
        assert_eq!(again, (plate, is), "the normal form is its own");
    }
    for (country, raw) in
        [("NO", ""), ("NO", "--"), ("NO", "EV 12345; DROP"), ("NOR", "EV 12345"), ("", "A")]
    {
        assert!(Plate::parse(raw, country).is_err(), "{country} {raw:?}");
    }
    let key = |raw: &str| Plate::parse(raw, "FR").unwrap().0.key();
    assert_eq!(key("AB 123 CD"), key("ab-123-cd"));
}

proptest! {
    #[test]
    fn no_text_of_any_length_breaks_the_readers(raw in "\\PC{0,200}", country in "\\PC{0,4}") {
        let _vin = Vin::parse(&raw);
        if let Ok((plate, _)) = Plate::parse(&raw, "NO") {
            prop_assert!(plate.text.chars().count() <= 24);
        }
        let _plate = Plate::parse(&raw, &country);
        for known in ["NO", "SE", "DK", "FR", "DE", "GB", "AE", "IT"] {
            if let Ok((plate, form)) = Plate::parse(&raw, known) {
                let again = Plate::parse(&plate.text, known);
                prop_assert_eq!(again, Ok((plate, form)));
            }
        }
    }

    #[test]
    fn a_single_misprint_of_a_north_american_vin_is_found(at in 0_usize..17, to in "[A-HJ-NPR-Z0-9]") {
        let right = "1M8GDM9AXKP042788";
        let mut wrong = right.to_owned();
        wrong.replace_range(at..=at, &to);
        let same_value = Vin::parse(&wrong).is_ok_and(|vin| vin.check_digit() == CheckDigit::Right);
        // Letters and digits of the same worth cannot be told apart, and another market needs no digit.
        let elsewhere = at == 0 && !matches!(to.as_str(), "1" | "2" | "3" | "4" | "5");
        let filler = at == 8 && to.starts_with(|c: char| c.is_ascii_alphabetic() && c != 'X');
        prop_assert!(wrong == right || Vin::parse(&wrong).is_err() || same_value || elsewhere || filler);
    }
}
