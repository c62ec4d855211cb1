//! Streaming model clients, prompt loading and the house responder.
