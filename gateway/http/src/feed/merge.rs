//! Pieces that queued up behind a slow listener, put together.

use forecourt_ports::bus::{Draft, Pushed};

/// Pieces of one answer that queued up are one piece.
pub(super) fn merged(queue: &mut Vec<Pushed>) -> Vec<Pushed> {
    let mut out: Vec<Pushed> = Vec::with_capacity(queue.len());
    let mut text = String::new();
    for pushed in queue.drain(..) {
        if let (
            Pushed::Draft(Draft::Delta { turn, text: more, .. }),
            Some(Pushed::Draft(Draft::Delta { turn: last, text: so_far, .. })),
        ) = (&pushed, out.last_mut())
            && turn == last
        {
            if text.is_empty() {
                text.push_str(so_far);
            }
            text.push_str(more);
            continue;
        }
        flush(&mut out, &mut text);
        out.push(pushed);
    }
    flush(&mut out, &mut text);
    out
}

fn flush(out: &mut [Pushed], text: &mut String) {
    if let (false, Some(Pushed::Draft(Draft::Delta { text: so_far, .. }))) =
        (text.is_empty(), out.last_mut())
    {
        *so_far = std::mem::take(text).into();
    }
}

#[cfg(test)]
mod tests {
    use forecourt_core::id::TurnId;
    use uuid::Uuid;

    use super::*;

    fn delta(turn: u128, offset: usize, text: &str) -> Pushed {
        let turn = TurnId::from_uuid(Uuid::from_u128(turn));
        Pushed::Draft(Draft::Delta { turn, offset, text: text.into() })
    }

    #[test]
    fn pieces_of_one_answer_that_queue_up_become_one() {
        let turn = TurnId::from_uuid(Uuid::from_u128(1));
        let mut queue = vec![
            delta(1, 0, "Ja, "),
            delta(1, 4, "den "),
            delta(1, 8, "er"),
            Pushed::Draft(Draft::Discarded { turn }),
            delta(2, 0, "Nei"),
            delta(1, 0, "x"),
        ];
        let told: Vec<String> = merged(&mut queue)
            .into_iter()
            .map(|pushed| match pushed {
                Pushed::Draft(Draft::Delta { offset, text, .. }) => format!("{offset}:{text}"),
                Pushed::Draft(Draft::Discarded { .. }) => "-".into(),
                other => unreachable!("{other:?}"),
            })
            .collect();
        assert_eq!(told, ["0:Ja, den er", "-", "0:Nei", "0:x"]);
        assert!(queue.is_empty());
    }
}
