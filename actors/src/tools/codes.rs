//! One-time codes: who moves or cancels what is booked shows first that it is theirs.
//!
//! # Invariants
//! - the model never sees a code among its calls, and cannot give one: the engine reads it from the
//!   customer's own text;
//! - a code that was wrong sends no other (A9).

use forecourt_core::{
    booking::CodeRefused,
    id::BookingId,
    session::{Command, NotGranted, Rejection},
    tools::{
        ToolName,
        results::{Code, Failed, Proven},
    },
};
use jiff::SignedDuration;

use super::{Found, No, Tools};
use crate::error::EngineError;

/// How long a proof is good for.
const PROVEN: SignedDuration = SignedDuration::from_mins(15);

impl From<CodeRefused> for No {
    fn from(refused: CodeRefused) -> Self {
        match refused {
            CodeRefused::Wrong { left } => {
                let say = format!("the code is wrong; tries left: {left}; ask for it once more");
                Self::new(Code::WrongCode, say)
            }
            CodeRefused::Over => Self::new(Code::CodeOver, "the code is over: send a new one"),
            CodeRefused::TooMany => {
                let say = "enough codes were sent for now: a colleague can help";
                Self::new(Code::TooOften, say)
            }
        }
    }
}

impl Tools {
    /// The grant of what only its customer may do; without a proof a code is sent to them.
    pub(super) async fn grant_to_owner(&self, tool: ToolName, id: BookingId) -> Result<(), No> {
        let (turn, booking) = (self.facts.turn, Some(id));
        let asked = Command::GrantTool { turn, tool, booking };
        match self.tenant.dispatch(self.facts.session, asked).await {
            Ok(_) => Ok(()),
            Err(EngineError::Rejected(Rejection::NotGranted(NotGranted::NoCode))) => {
                Err(self.ask_for_code(id).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn ask_for_code(&self, id: BookingId) -> No {
        if self.wrong_code {
            return No::new(Code::WrongCode, "the code was wrong: ask for it once more");
        }
        let sent = match self.desk.find(id).await {
            // It is this conversation's own booking: that it has no address is no secret here.
            Ok(found) if found.booking.wish.customer.email.is_none() => {
                let say = "no mail address is known to send a code to: call a person";
                return No::new(Code::NotAllowed, say);
            }
            Ok(_) => self.desk.send_code(id, self.facts.session).await,
            Err(error) => Err(error),
        };
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => return error.into(),
        };
        let noted = Command::NoteCode { booking: id, proven_until: None };
        if let Err(no) = self.dispatch(noted).await {
            return no;
        }
        let say = "a code of six digits was sent there: ask the customer to write it here";
        let failed = Failed { code_sent_to: Some(sent.masked), ..Failed::new(Code::NoCode, say) };
        No::Failed(Box::new(failed), Vec::new())
    }

    /// The code that the customer wrote, when one is waited for.
    pub(super) fn written_code(&self) -> Option<(BookingId, String)> {
        let booking = self.facts.dialogue.waits_for_code()?;
        Some((booking, one_code(&self.facts.last_text)?))
    }

    /// Takes a code.
    pub(super) async fn give_code(&mut self, id: BookingId, code: &str) -> Result<Found, No> {
        if let Err(error) = self.desk.prove_code(id, self.facts.session, code).await {
            self.wrong_code = matches!(
                error,
                crate::booking::BookingError::Code(CodeRefused::Wrong { left: 1.. })
            );
            return Err(error.into());
        }
        let proven_until = self.now().checked_add(PROVEN).ok();
        self.dispatch(Command::NoteCode { booking: id, proven_until }).await?;
        Ok(Found::of(&Proven { proven: id }))
    }
}

/// The only run of digits that is six long; none when there are several.
fn one_code(text: &str) -> Option<String> {
    let mut runs = text
        .split(|c: char| !c.is_numeric())
        .filter(|run| run.chars().count() == 6)
        .map(str::to_owned);
    let (one, more) = (runs.next()?, runs.next());
    more.is_none().then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_only_six_digits_of_a_text() {
        for (text, code) in [
            ("123456", Some("123456")),
            ("Koden er 123456, takk", Some("123456")),
            ("١٢٣٤٥٦", Some("١٢٣٤٥٦")),
            ("123456 eller 654321", None),
            ("1234567", None),
            ("91234567", None),
            ("ja", None),
        ] {
            assert_eq!(one_code(text).as_deref(), code, "{text}");
        }
    }
}
