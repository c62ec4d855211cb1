//! The tool that calls a person.

use forecourt_core::{
    session::{Command, Rejection},
    tools::{Receipt, ToolName, results::Called},
};

use super::{Found, No, Tools};
use crate::error::EngineError;

impl Tools {
    /// Calls a person, once: who was called already comes for everything.
    pub(super) async fn escalate(&mut self) -> Result<Found, No> {
        self.grant(ToolName::EscalateToHuman, None).await?;
        if !self.facts.awaits_person {
            let (session, turn) = (self.facts.session, self.facts.turn);
            match self.tenant.dispatch(session, Command::Escalate { turn }).await {
                // The turn was granted this a moment ago: somebody was called meanwhile.
                Ok(_) | Err(EngineError::Rejected(Rejection::Stale)) => {}
                Err(error) => return Err(error.into()),
            }
            self.facts.awaits_person = true;
        }
        Ok(Found { receipts: vec![Receipt::Escalated], ..Found::of(&Called { called: true }) })
    }
}
