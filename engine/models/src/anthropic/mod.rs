//! The Messages API of Anthropic as a model: one streamed request per turn, read with suspicion.
//!
//! What lives here: settings, request, reading of the event stream, bridge between runtimes.
//! Invariants: one request per ask and no retry here; only `message_stop` completes an answer; what
//! the provider says is a proposal (A6); bytes, characters, times and the channel are bounded (A9);
//! no text of customer, model or error body reaches a log or an error (A13); the key is redacted (A14).
