//! Streaming model clients, prompt loading and the house responder.

pub mod anthropic;
pub mod house;
pub mod limited;
pub mod prompts;
