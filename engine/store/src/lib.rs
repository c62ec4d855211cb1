//! Postgres behind the ports; the only crate that knows SQL.
