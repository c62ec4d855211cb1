//! What the stories share: the real binary, started and stopped; clients; and what its logs must not say.
