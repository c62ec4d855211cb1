//! One sentence, read: its words, what they name, what they claim, and in which clause.

use super::{
    facts::Facts,
    outside::{self, Links},
    words::{Cue, Turn, cues, turns_of},
};
use crate::{
    lang::Lang,
    reading::{
        Kind, Lex, Lexeme, Token, lex,
        names::Named,
        phrases::{Found, forms},
        read,
    },
};

/// What a price or a time is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Vehicles, by index; empty when none in stock is meant.
    Vehicles(Vec<usize>),
    /// A service, by index.
    Service(usize),
}

/// A [`Subject`] where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub at: usize,
    pub subject: Subject,
}

pub(super) struct Sentence {
    pub lexemes: Vec<Lexeme>,
    pub tokens: Vec<Token>,
    pub cues: Vec<Found<Cue>>,
    pub named: Vec<Named>,
    /// Vehicles and services, in order.
    pub subjects: Vec<Placed>,
    pub links: Links,
    turns: Vec<Found<Turn>>,
    /// The clause of each lexeme.
    clauses: Vec<u16>,
}

impl Sentence {
    pub(super) fn read(text: &str, lang: Lang, facts: &Facts) -> Self {
        let (rest, links) = outside::links(text);
        let lexemes = lex(&rest);
        let mut claimed = vec![false; lexemes.len()];
        for at in 0..lexemes.len() {
            for end in facts.own().iter().filter_map(|own| own_end(own, &lexemes, at)) {
                claimed[at..end].fill(true);
            }
        }
        let is_own = claimed.clone();
        let named: Vec<Named> = facts.names().find(&lexemes);
        let named: Vec<Named> = named.into_iter().filter(|named| !is_own[named.first]).collect();
        for named in &named {
            // The year before a name is a part of it, and of nothing else.
            let year_before = named.first.checked_sub(1).filter(|at| {
                lexemes[*at].digits().is_some_and(|digits| digits.len() == 4) && !is_own[*at]
            });
            claimed[named.first..named.end.min(lexemes.len())].fill(true);
            if let Some(at) = year_before {
                claimed[at] = true;
            }
        }
        let tokens = read(&lexemes, |at| claimed[at]);
        let outside_own = |found: &usize| !is_own[*found];
        let cues: Vec<_> =
            cues().find(&lexemes).into_iter().filter(|cue| outside_own(&cue.first)).collect();
        let turns: Vec<_> = turns_of(lang)
            .find(&lexemes)
            .into_iter()
            .filter(|turn| outside_own(&turn.first))
            .collect();
        let services = facts
            .services()
            .find(&lexemes)
            .into_iter()
            .map(|found| Placed { at: found.first, subject: Subject::Service(found.meaning) });
        let vehicles = named.iter().map(|named| Placed {
            at: named.first,
            subject: Subject::Vehicles(named.vehicles.clone()),
        });
        let mut subjects: Vec<Placed> = services.chain(vehicles).collect();
        subjects.sort_by_key(|placed| placed.at);
        let clauses = clauses(&lexemes, &tokens, &cues);
        Self { lexemes, tokens, cues, named, subjects, links, turns, clauses }
    }

    pub(super) fn clause(&self, at: usize) -> u16 {
        self.clauses.get(at).copied().unwrap_or(0)
    }

    pub(super) fn has(&self, wanted: impl Fn(Cue) -> bool) -> bool {
        self.cues.iter().any(|cue| wanted(cue.meaning))
    }

    pub(super) fn has_in_clause(&self, at: usize, wanted: impl Fn(Cue) -> bool) -> bool {
        let clause = self.clause(at);
        self.cues.iter().any(|cue| self.clause(cue.first) == clause && wanted(cue.meaning))
    }

    /// Whether the clause of `at` says `not`.
    pub(super) fn is_negated(&self, at: usize) -> bool {
        let clause = self.clause(at);
        self.turns.iter().any(|turn| turn.meaning == Turn::Not && self.clause(turn.first) == clause)
    }

    /// Whether the clause of `at` says `not` before it.
    pub(super) fn is_negated_before(&self, at: usize) -> bool {
        let clause = self.clause(at);
        self.turns.iter().any(|turn| {
            turn.meaning == Turn::Not && turn.first < at && self.clause(turn.first) == clause
        })
    }

    /// Whether a cue's own words are taken back: `not` before it in its clause, or right after the verb.
    ///
    /// "Booked without any trouble" and "we guarantee no faults" take nothing back.
    pub(super) fn takes_back(&self, cue: &Found<Cue>) -> bool {
        let clause = self.clause(cue.first);
        let after = |at: usize| {
            let word = self.lexemes.get(at).and_then(Lexeme::word).unwrap_or_default();
            let plain = matches!(word, "ikke" | "ikkje" | "pas" | "not");
            let none =
                matches!(word, "ingen" | "no" | "aucun" | "aucune") && cue.meaning == Cue::Have;
            at >= cue.end && at <= cue.end + 2 && (plain || none)
        };
        self.turns.iter().any(|turn| {
            turn.meaning == Turn::Not
                && self.clause(turn.first) == clause
                && (turn.first < cue.first || after(turn.first))
        })
    }

    /// The same, or the cue itself says `not`: `we do not have`.
    pub(super) fn is_cue_negated(&self, cue: &Found<Cue>) -> bool {
        let inside = |turn: &&Found<Turn>| (cue.first..cue.end).contains(&turn.first);
        let says_not = self.turns.iter().filter(inside).any(|turn| turn.meaning == Turn::Not);
        says_not || self.takes_back(cue)
    }

    pub(super) fn is_conditional(&self) -> bool {
        self.turns.iter().any(|turn| turn.meaning == Turn::When)
    }

    pub(super) fn has_kind(&self, wanted: impl Fn(&Kind) -> bool) -> bool {
        self.tokens.iter().any(|token| wanted(&token.kind))
    }

    /// The nearest subject before `at`, else the first one after it.
    pub(super) fn subject_of(&self, at: usize) -> Option<&Subject> {
        let before = self.subjects.iter().rev().find(|placed| placed.at <= at);
        before.or(self.subjects.first()).map(|placed| &placed.subject)
    }

    /// Whether `cue` stands right before lexeme `at`, one word between them at most.
    pub(super) fn stands_before(&self, at: usize, cue: Cue) -> bool {
        self.cues.iter().any(|c| c.meaning == cue && c.end <= at && at - c.end <= 1)
    }
}

/// Where one of the tenant's own names ends, when it stands at `at`.
fn own_end(own: &[String], lexemes: &[Lexeme], at: usize) -> Option<usize> {
    let is = |lexeme: &Lexeme, word: &str| match &lexeme.lex {
        Lex::Word(text) | Lex::Digits(text) => text == word || forms(text).any(|form| form == word),
        Lex::Mark(mark) => word.chars().eq(std::iter::once(*mark)),
        Lex::Odd => false,
    };
    // Names are kept as folded text, whose marks are glued to its words.
    let mut end = at;
    for word in own {
        let mut rest = word.as_str();
        while !rest.is_empty() {
            let lexeme = lexemes.get(end)?;
            let part = match &lexeme.lex {
                Lex::Word(text) | Lex::Digits(text) if rest.starts_with(text.as_str()) => {
                    text.len()
                }
                Lex::Mark(mark) if rest.starts_with(*mark) => mark.len_utf8(),
                _ if is(lexeme, rest) => rest.len(),
                _ => return None,
            };
            rest = &rest[part..];
            end += 1;
        }
    }
    Some(end)
}

/// Numbers the clauses: parted by commas, dashes, colons, brackets and words like `but`.
fn clauses(lexemes: &[Lexeme], tokens: &[Token], cues: &[Found<Cue>]) -> Vec<u16> {
    let mut clauses = vec![0; lexemes.len()];
    let mut clause = 0_u16;
    for token in tokens {
        let first = &lexemes[token.first];
        let parts = match token.kind {
            Kind::Mark(',' | ';' | ':' | '(' | ')' | '.' | '!' | '?') => true,
            Kind::Mark('-') => !first.glued,
            _ => cues.iter().any(|cue| cue.meaning == Cue::But && cue.first == token.first),
        };
        clause += u16::from(parts);
        clauses[token.first..token.end].fill(clause);
    }
    clauses
}
