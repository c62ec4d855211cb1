//! Random numbers from a seed, the same in every run and every version of the program (A10).
//!
//! SplitMix64: small enough to be written here, so that no library's next version changes what a seed
//! means. Each concern rolls dice of its own, so that switching off one fault moves no other.

use jiff::SignedDuration;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of one concern.
    pub(super) fn new(seed: u64, concern: &str) -> Self {
        // FNV-1a over the name parts the concerns.
        let name = concern.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ name)
    }

    /// Dice of their own for something that begins now, such as one customer.
    pub(super) fn part(&mut self) -> Self {
        Self(self.roll())
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `end`, without `end`; 0 when there is nothing to choose from.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.roll()) * u128::from(end)) >> 64) as u64
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(usize::try_from(self.below(from.len() as u64)).ok()?)
    }

    /// True so many times in a thousand.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A duration between two, in milliseconds.
    pub(super) fn millis(&mut self, from: u64, to: u64) -> SignedDuration {
        let millis = from + self.below(to.saturating_sub(from).saturating_add(1));
        SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// The wait until the next of events that come by themselves, `mean` apart on average.
    pub(super) fn until_next(&mut self, mean: SignedDuration) -> SignedDuration {
        let unit = (self.below(1 << 53) + 1) as f64 / (1_u64 << 53) as f64;
        SignedDuration::from_millis((-unit.ln() * mean.as_millis_f64()) as i64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_ever_and_concerns_roll_apart() {
        let rolls = |concern| {
            let mut dice = Dice::new(42, concern);
            [dice.roll(), dice.roll()]
        };
        assert_eq!(rolls("mail"), rolls("mail"));
        assert_ne!(rolls("mail"), rolls("model"));
        assert_eq!(Dice(0).roll(), 0xe220_a839_7b1d_cdaf, "SplitMix64's published first value");
    }

    #[test]
    fn chances_and_waits_are_about_what_they_say() {
        let mut dice = Dice::new(7, "test");
        let hits = (0..100_000).filter(|_| dice.chance(50)).count();
        assert!((4_500..5_500).contains(&hits), "{hits}");
        let mean = SignedDuration::from_secs(10);
        let total: SignedDuration = (0..10_000).map(|_| dice.until_next(mean)).sum();
        let mean = total.as_secs() / 10_000;
        assert!((9..=11).contains(&mean), "{mean}");
    }
}
