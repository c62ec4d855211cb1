//! Yes, no, and what is neither.

use super::{Utterance, pieces::Piece, words::Word};
use crate::reading::Lexeme;

/// What a customer answers to an offer, or asks for instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// Without any but.
    Yes,
    No,
    /// Neither: it must be asked back.
    Unsure,
    /// Give up a booking that there is.
    Cancel,
    /// Another time for a booking that there is.
    Move,
    /// A person, not a machine.
    Person,
    Thanks,
}

/// Tells what a text answers, once it is known what it says about when.
pub(super) fn reply(lexemes: &[Lexeme], pieces: &[Piece], said: &mut Utterance) {
    let pieces = &settled(pieces);
    let has = |word: Word| pieces.contains(&Piece::Word(word));
    let no = has(Word::No) || has(Word::Cannot);
    let yes = has(Word::Yes);
    let asks = has(Word::Asks) || lexemes.last().is_some_and(|last| last.is_mark('?'));
    let but = has(Word::But) || has(Word::Not) || !said.not_days.is_empty();
    let names = said.names_a_time() || !said.not_days.is_empty();
    said.corrects = (has(Word::Correction) && (names || has(Word::Not)))
        || ((yes || no) && has(Word::But) && names)
        || (no && names);
    said.reply = if has(Word::Person) {
        Some(Reply::Person)
    } else if has(Word::Cancel) {
        Some(Reply::Cancel)
    } else if has(Word::Move) {
        Some(Reply::Move)
    } else if has(Word::Unsure) && !(yes && !asks && !but) {
        Some(Reply::Unsure)
    } else if yes && !no && !asks && !but && !said.corrects && said.doubts.is_empty() {
        Some(Reply::Yes)
    } else if no && !yes {
        Some(Reply::No)
    } else if (yes || no) && !names {
        Some(Reply::Unsure)
    } else if has(Word::Thanks) && !names && !asks {
        Some(Reply::Thanks)
    } else {
        None
    };
}

/// A yes beside a not is a no: `not good`, `det er ikke greit`.
fn settled(pieces: &[Piece]) -> Vec<Piece> {
    const NEAR: usize = 2;
    let mut settled = pieces.to_vec();
    for (at, piece) in pieces.iter().enumerate() {
        if *piece != Piece::Word(Word::Not) {
            continue;
        }
        let ends =
            |piece: &Piece| matches!(piece, Piece::End(_) | Piece::Comma | Piece::Word(Word::But));
        let after = pieces[at + 1..]
            .iter()
            .take_while(|p| !ends(p))
            .take(NEAR)
            .position(|p| *p == Piece::Word(Word::Yes));
        let before = pieces[..at]
            .iter()
            .rev()
            .take_while(|p| !ends(p))
            .take(NEAR)
            .position(|p| *p == Piece::Word(Word::Yes));
        let yes = after.map(|offset| at + 1 + offset).or(before.map(|offset| at - 1 - offset));
        if let Some(yes) = yes {
            settled[yes] = Piece::Word(Word::Cannot);
            settled[at] = Piece::Other;
        }
    }
    // "ingen av dem passer": what cannot be takes the yes beside it along.
    let mut cannot = false;
    for piece in &mut settled {
        match piece {
            Piece::Word(Word::Cannot) => cannot = true,
            Piece::Word(Word::Yes) if cannot => *piece = Piece::Other,
            Piece::End(_) | Piece::Comma | Piece::Word(Word::But) => cannot = false,
            _ => {}
        }
    }
    settled
}
