//! Channels: parse and verify inbound, send outbound.
