//! To whom a conversation goes that needs a person: pure, explained, and never to somebody who cannot answer.
//!
//! # Invariants
//! - who may not reply, is away, or takes none is never chosen;
//! - the same people in the same state give the same choice, in whatever order they are named (A3).

use serde::{Deserialize, Serialize};

use crate::id::MemberId;

/// What spoke for a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The conversation was theirs before.
    Owner,
    /// They are there, and take conversations.
    Online,
    /// Nobody else could.
    OnlyOne,
    /// They have fewer open conversations than everybody else who could.
    FewestOpen,
    /// Others have as few: the order of ids decides.
    Order,
}

/// Whether somebody takes conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Takes conversations.
    Online,
    /// Is there, and takes none but their own.
    Busy,
    /// Is not there, or says so.
    Away,
}

/// A person who might get a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receiver {
    pub member: MemberId,
    /// Whether their role lets them write to customers.
    pub may_reply: bool,
    pub presence: Presence,
    /// Conversations that are theirs and not closed.
    pub open: u64,
}

/// What is known of the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoutingState {
    /// Whose it is, or was last.
    pub owner: Option<MemberId>,
    /// Who had it and did not answer in time.
    pub silent: Option<MemberId>,
}

/// Who gets it, and what spoke for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub member: MemberId,
    pub reasons: Vec<Reason>,
}

/// Chooses who gets a conversation: its owner first, then who is online with the fewest open ones. `None`
/// when nobody can take it.
pub fn choose(receivers: &[Receiver], state: RoutingState) -> Option<Choice> {
    let could = |one: &&Receiver| {
        let own = state.owner == Some(one.member);
        let there = match one.presence {
            Presence::Online => true,
            Presence::Busy => own,
            Presence::Away => false,
        };
        one.may_reply && there && state.silent != Some(one.member)
    };
    let can: Vec<&Receiver> = receivers.iter().filter(could).collect();
    if let Some(owner) = can.iter().find(|one| state.owner == Some(one.member)) {
        return Some(Choice { member: owner.member, reasons: vec![Reason::Owner] });
    }
    let best = can.iter().min_by_key(|one| (one.open, one.member))?;
    let last = match can.iter().filter(|one| one.open == best.open).count() {
        _ if can.len() == 1 => Reason::OnlyOne,
        1 => Reason::FewestOpen,
        _ => Reason::Order,
    };
    Some(Choice { member: best.member, reasons: vec![Reason::Online, last] })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member(n: u128) -> MemberId {
        MemberId::from_uuid(Uuid::from_u128(n))
    }

    fn receiver(n: u128, presence: Presence, open: u64) -> Receiver {
        Receiver { member: member(n), may_reply: true, presence, open }
    }

    fn chosen(receivers: &[Receiver], state: RoutingState) -> Option<(u128, Vec<Reason>)> {
        let choice = choose(receivers, state)?;
        Some((choice.member.as_uuid().as_u128(), choice.reasons))
    }

    #[test]
    fn the_owner_comes_first_even_when_busy_and_loaded_but_not_when_away() {
        let of = |n| RoutingState { owner: Some(member(n)), silent: None };
        let team = [
            receiver(1, Presence::Busy, 40),
            receiver(2, Presence::Online, 0),
            receiver(3, Presence::Away, 0),
        ];
        assert_eq!(chosen(&team, of(1)), Some((1, vec![Reason::Owner])));
        assert_eq!(chosen(&team, of(3)), Some((2, vec![Reason::Online, Reason::OnlyOne])));
    }

    #[test]
    fn among_those_online_the_one_with_the_fewest_open_gets_it() {
        let mut team = vec![
            receiver(1, Presence::Online, 3),
            receiver(2, Presence::Online, 1),
            receiver(3, Presence::Busy, 0),
        ];
        let nobody = RoutingState::default();
        assert_eq!(chosen(&team, nobody), Some((2, vec![Reason::Online, Reason::FewestOpen])));
        team[0].open = 1;
        assert_eq!(chosen(&team, nobody), Some((1, vec![Reason::Online, Reason::Order])));
        team.reverse();
        assert_eq!(chosen(&team, nobody), Some((1, vec![Reason::Online, Reason::Order])));
    }

    #[test]
    fn who_may_not_reply_is_away_or_was_silent_never_gets_it() {
        let mute = Receiver { may_reply: false, ..receiver(1, Presence::Online, 0) };
        let away = receiver(2, Presence::Away, 0);
        let owner = RoutingState { owner: Some(member(1)), silent: None };
        assert_eq!(chosen(&[mute, away], owner), None);
        let silent = RoutingState { owner: Some(member(3)), silent: Some(member(3)) };
        assert_eq!(chosen(&[mute, away, receiver(3, Presence::Online, 0)], silent), None);
        assert_eq!(chosen(&[], RoutingState::default()), None);
    }
}
