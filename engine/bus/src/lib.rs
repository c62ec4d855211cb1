//! Fan-out of stored events and drafts to listeners.
