//! Ways to write a sentence that people read and tables do not.

use super::Dice;

/// Hides what a sentence says, or leaves it as it is.
pub fn hide(dice: &mut Dice, text: &str) -> String {
    match dice.below(16) {
        0 => zero_width(dice, text, '\u{200b}'),
        1 => zero_width(dice, text, '\u{ad}'),
        2 => zero_width(dice, text, '\u{2060}'),
        3 => text.chars().map(homoglyph).collect(),
        4 => text.chars().map(full_width_digit).collect(),
        5 => text.chars().map(arabic_digit).collect(),
        6 => text.chars().map(bold).collect(),
        7 => format!("\u{202e}{text}\u{202c}"),
        8 => text.replace(' ', "\u{a0}"),
        9 => text.to_uppercase(),
        10 => text.replace(' ', "  "),
        11 => format!("**{text}**"),
        12 => text.replace(", ", ",\u{200f} "),
        _ => text.to_owned(),
    }
}

fn zero_width(dice: &mut Dice, text: &str, hidden: char) -> String {
    let every = 2 + dice.below(4);
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        out.push(c);
        if at % every == 0 && c.is_alphanumeric() {
            out.push(hidden);
        }
    }
    out
}

/// Cyrillic letters that look like Latin ones.
const fn homoglyph(c: char) -> char {
    match c {
        'a' => 'а',
        'e' => 'е',
        'o' => 'о',
        'p' => 'р',
        'c' => 'с',
        'x' => 'х',
        _ => c,
    }
}

fn full_width_digit(c: char) -> char {
    c.to_digit(10).and_then(|n| char::from_u32(0xff10 + n)).unwrap_or(c)
}

fn arabic_digit(c: char) -> char {
    c.to_digit(10).and_then(|n| char::from_u32(0x660 + n)).unwrap_or(c)
}

/// Mathematical bold letters.
fn bold(c: char) -> char {
    let at = |base: u32, from: char| char::from_u32(base + (c as u32 - from as u32)).unwrap_or(c);
    match c {
        'a'..='z' => at(0x1d41a, 'a'),
        'A'..='Z' => at(0x1d400, 'A'),
        _ => c,
    }
}
