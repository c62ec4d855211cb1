//! The way of a fact, as it is told to operators.

use forecourt_core::session::Command;

/// The kind of a command: all that is ever told of it (A13).
pub(crate) const fn command_name(command: &Command) -> &'static str {
    match command {
        Command::Submit { .. } => "submit",
        Command::Open { .. } => "open",
        Command::PostMessage { .. } => "post_message",
        Command::PostMemberMessage { .. } => "post_member_message",
        Command::EndTurn { .. } => "end_turn",
        Command::YieldTurn { .. } => "yield_turn",
        Command::FireTimer { .. } => "fire_timer",
        Command::ReportDelivery { .. } => "report_delivery",
        Command::ReplayDelivery { .. } => "replay_delivery",
        Command::CancelTimer { .. } => "cancel_timer",
        Command::TakeOver { .. } => "take_over",
        Command::Release { .. } => "release",
        Command::Close { .. } => "close",
        Command::Quarantine => "quarantine",
    }
}
