//! Serde types of every body and frame.
