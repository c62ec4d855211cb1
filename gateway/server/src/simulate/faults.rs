//! Every kind of fault that a simulation can make, how often, and how often it did.
//!
//! A kind that never fired proves nothing: the report names it.

use std::{fmt, str::FromStr};

use super::dice::Dice;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $per_mille:literal;)*) => {
        /// One kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// How many times in a thousand occasions it fires by itself; 0 for those that come by
            /// the clock or are people's habits.
            const fn per_mille(self) -> u64 {
                match self { $(Self::$name => $per_mille,)* }
            }
        }
    };
}

faults! {
    /// A commit stores nothing and fails.
    StoreRefused = "store-refused", 12;
    /// A commit is stored and its answer is lost.
    StoreUnknown = "store-unknown", 12;
    /// A read fails.
    StoreRead = "store-read", 5;
    /// A call takes seconds.
    StoreSlow = "store-slow", 6;
    /// The store is away for a while.
    StoreOutage = "store-outage", 0;
    /// Status 429 with `retry-after`.
    ModelLimited = "model-429", 30;
    /// Status 529.
    ModelOverloaded = "model-529", 30;
    /// Status 500.
    ModelError = "model-500", 25;
    /// Silence in mid-sentence.
    ModelStall = "model-stall", 20;
    /// The stream ends without its end.
    ModelCut = "model-cut", 25;
    /// What comes is not of the protocol.
    ModelGarbage = "model-garbage", 15;
    /// Words come seconds apart.
    ModelSlow = "model-slow", 30;
    /// An invented price.
    ModelLies = "model-lies", 40;
    /// The client's code panics.
    ModelPanic = "model-panic", 10;
    /// Both models are away for minutes.
    ModelOutage = "model-outage", 0;
    /// The mail provider cannot be reached for an hour.
    MailOutage = "mail-outage", 0;
    /// "Not now."
    MailTemporary = "mail-temporary", 40;
    /// "Never."
    MailPermanent = "mail-permanent", 10;
    /// Taken, and the answer is lost.
    MailSilent = "mail-silent", 15;
    /// The handover breaks off; not taken.
    MailCut = "mail-cut", 10;
    /// Up to 25 s for one letter.
    MailSlow = "mail-slow", 30;
    /// The client's code panics, before the handover or in it.
    MailPanic = "mail-panic", 8;
    /// The same submission comes up to five times.
    Redelivery = "redelivery", 300;
    /// What was sent first comes last.
    Reorder = "reorder", 250;
    /// Several messages at once.
    Burst = "burst", 250;
    /// The visitor leaves before the answer.
    BrowserClosed = "browser-closed", 100;
    /// A member steps in at a random moment, also into a turn that is just ending.
    Takeover = "takeover", 250;
    /// `kill -9` of a node.
    Crash = "crash", 0;
    /// SIGTERM of a node.
    Deploy = "deploy", 0;
    /// All nodes are away for eight hours.
    LongDowntime = "long-downtime", 0;
    /// The machine's clock is an hour off after a restart.
    ClockJump = "clock-jump", 0;
    /// A bug: the engine's own code panics in the middle of a command.
    HandlerPanic = "handler-panic", 1;
    /// What nodes tell each other is lost.
    BusLost = "bus-lost", 20;
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The kinds that are switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FaultSet(Vec<Fault>);

impl FaultSet {
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self(Fault::ALL.to_vec())
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    pub(crate) fn kinds(&self) -> &[Fault] {
        &self.0
    }
}

impl FromStr for FaultSet {
    type Err = String;

    /// `all`, `none`, or words; `all,-crash` is all but one.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut set = Vec::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (out, word) = word.strip_prefix('-').map_or((false, word), |word| (true, word));
            let named: Vec<_> = match word {
                "all" => Fault::ALL.to_vec(),
                "none" => Vec::new(),
                word => Fault::ALL
                    .iter()
                    .copied()
                    .filter(|fault| {
                        fault.word() == word || fault.word().split('-').next() == Some(word)
                    })
                    .collect(),
            };
            if named.is_empty() && word != "none" {
                let words: Vec<_> = Fault::ALL.iter().map(|fault| fault.word()).collect();
                return Err(format!(
                    "no fault is called {word:?}; there are all, none, {}",
                    words.join(", ")
                ));
            }
            if out {
                set.retain(|fault| !named.contains(fault));
            } else {
                set.extend(named);
            }
        }
        set.sort_unstable();
        set.dedup();
        Ok(Self(set))
    }
}

/// Makes faults, and counts them.
#[derive(Debug)]
pub(super) struct Faults {
    on: FaultSet,
    dice: Dice,
    fired: Vec<(Fault, u64)>,
    /// Set when the run only waits for what is under way: nothing new breaks.
    pub(super) healed: bool,
}

impl Faults {
    pub(super) fn new(on: FaultSet, seed: u64) -> Self {
        let fired = on.kinds().iter().map(|fault| (*fault, 0)).collect();
        Self { on, dice: Dice::new(seed, "faults"), fired, healed: false }
    }

    pub(super) fn is_on(&self, fault: Fault) -> bool {
        !self.healed && self.on.has(fault)
    }

    /// Whether this occasion goes wrong in this way.
    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        // Rolled whether it is on or not: switching off one kind moves no other.
        let hit = self.dice.chance(fault.per_mille());
        let strikes = hit && self.is_on(fault);
        if strikes {
            self.count(fault);
        }
        strikes
    }

    pub(super) fn count(&mut self, fault: Fault) {
        if let Some((_, fired)) = self.fired.iter_mut().find(|(kind, _)| *kind == fault) {
            *fired += 1;
        }
    }

    pub(super) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    pub(super) fn fired(&self) -> &[(Fault, u64)] {
        &self.fired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_chosen_by_word_group_and_exception() {
        let all: FaultSet = "all".parse().unwrap();
        assert_eq!(all, FaultSet::all());
        assert!("none".parse::<FaultSet>().unwrap().kinds().is_empty());
        let mail: FaultSet = "mail,-mail-panic,crash".parse().unwrap();
        assert!(mail.has(Fault::MailCut) && mail.has(Fault::Crash));
        assert!(!mail.has(Fault::MailPanic) && !mail.has(Fault::ModelCut));
        let error = "mail,typo".parse::<FaultSet>().unwrap_err();
        assert!(error.contains("typo") && error.contains("mail-cut"), "{error}");
    }
}
