//! Streaming model clients, prompt loading and the house responder.

pub mod anthropic;
pub mod chain;
pub mod client;
pub mod gemini;
pub mod house;
pub mod limited;
pub mod openai;
pub mod prices;
pub mod prompts;
pub mod redact;
