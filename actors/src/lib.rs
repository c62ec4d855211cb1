//! Supervised actors and their registry.
