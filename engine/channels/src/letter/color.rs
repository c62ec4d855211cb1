//! A tenant's brand colour, made readable: on a bar, as a link on paper, as a link in the dark.
//!
//! Contrast is WCAG 2's; 4.5 to 1 is what it asks of text.

/// The colours of one letter, each as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Palette {
    /// The bar with the tenant's name: the brand colour itself.
    pub(super) bar: String,
    /// Text on the bar: black or white, whichever reads better.
    pub(super) on_bar: String,
    /// Links on white: the brand colour, darkened until it reads.
    pub(super) link: String,
    /// Links on the dark ground: the brand colour, lightened until it reads.
    pub(super) link_dark: String,
}

/// The ground of a letter in the dark; the template paints the same.
pub(super) const DARK_GROUND: &str = "#1c1f24";

/// Used when a tenant's colour is none.
const FALLBACK: Rgb = Rgb([0x1f, 0x29, 0x37]);
const WHITE: Rgb = Rgb([0xff; 3]);
const BLACK: Rgb = Rgb([0; 3]);
const DARK: Rgb = Rgb([0x1c, 0x1f, 0x24]);
const READABLE: f64 = 4.5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb([u8; 3]);

impl Palette {
    /// Reads `#rrggbb`; anything else becomes a dark grey.
    pub(super) fn of(color: &str) -> Self {
        let bar = Rgb::parse(color).unwrap_or(FALLBACK);
        let on_bar = if bar.contrast(WHITE) >= bar.contrast(BLACK) { WHITE } else { BLACK };
        Self {
            bar: bar.print(),
            on_bar: on_bar.print(),
            link: bar.towards(BLACK, WHITE).print(),
            link_dark: bar.towards(WHITE, DARK).print(),
        }
    }
}

impl Rgb {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    fn print(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Relative luminance, 0 to 1.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// 1 (the same) to 21 (black on white).
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Mixes in `end` by twentieths until it reads on `ground`.
    fn towards(self, end: Self, ground: Self) -> Self {
        (0..=20)
            .map(|share| self.mixed(end, share))
            .find(|c| c.contrast(ground) >= READABLE)
            .unwrap_or(end)
    }

    fn mixed(self, other: Self, twentieths: u16) -> Self {
        let mix = |one: u8, two: u8| {
            let sum = u16::from(one) * (20 - twentieths) + u16::from(two) * twentieths;
            (sum / 20) as u8
        };
        let ([r1, g1, b1], [r2, g2, b2]) = (self.0, other.0);
        Self([mix(r1, r2), mix(g1, g2), mix(b1, b2)])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_brand_colour_stays_what_it_is_where_it_reads() {
        let palette = Palette::of("#0b5fff");
        assert_eq!((palette.bar.as_str(), palette.on_bar.as_str()), ("#0b5fff", "#ffffff"));
        assert_eq!(palette.link, "#0b5fff");
        assert_eq!(Palette::of("#ffd400").on_bar, "#000000");
    }

    #[test]
    fn what_is_no_colour_becomes_a_dark_grey() {
        for color in ["", "red", "#fff", "#12345g", "#0b5fff;} body{display:none", "#+12345"] {
            assert_eq!(Palette::of(color).bar, "#1f2937", "{color}");
        }
    }

    proptest! {
        #[test]
        fn every_brand_colour_is_readable_everywhere(number in 0_u32..0x0100_0000) {
            let palette = Palette::of(&format!("#{number:06x}"));
            let read = |text: &str| Rgb::parse(text).unwrap();
            prop_assert!(read(&palette.on_bar).contrast(read(&palette.bar)) >= READABLE);
            prop_assert!(read(&palette.link).contrast(WHITE) >= READABLE);
            prop_assert!(read(&palette.link_dark).contrast(read(DARK_GROUND)) >= READABLE);
        }
    }
}
