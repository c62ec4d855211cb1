//! What can go wrong between a query and its rows, sorted by what the caller does about it.
//!
//! # Invariants
//! - **A13** no variant carries a value: Postgres quotes rows in its details and statements in its
//!   contexts, so only SQLSTATE-like kinds, names of constraints and tables, and a message with its
//!   quoted values blanked survive. For that reason there is no `source` either.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use tokio_postgres::error::SqlState;

/// A failed query or transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// No connection, or it broke before anything was committed. Nothing happened: try again later.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The connection broke while the commit was on its way: it may have happened or not. Read
    /// back by the idempotency key before anything is repeated.
    #[error("the outcome of the commit is unknown")]
    OutcomeUnknown,
    /// A statement, a lock or the whole transaction took too long; it was rolled back.
    #[error("the database took too long: {0}")]
    Timeout(&'static str),
    /// Two transactions waited for each other and this one was chosen to lose; repeat it.
    #[error("deadlock between transactions")]
    Deadlock,
    /// A concurrent transaction changed what this one had read; repeat it.
    #[error("transactions could not be serialised")]
    Serialization,
    /// A row with the same key is there already.
    #[error("`{constraint}` is taken")]
    UniqueViolation { constraint: String },
    /// The row overlaps another one, such as two bookings of one vehicle.
    #[error("`{constraint}` excludes this row")]
    ExclusionViolation { constraint: String },
    /// The row points to one that is not there, or is still pointed at.
    #[error("`{constraint}` points nowhere")]
    ForeignKeyViolation { constraint: String },
    /// The row breaks a rule of its table.
    #[error("`{constraint}` refuses this row")]
    CheckViolation { constraint: String },
    /// The row belongs to another tenant, or the role may not do this (A8).
    #[error("refused by the tenant's scope or by a missing grant: {0}")]
    Refused(String),
    /// A query that must find one row found none.
    #[error("no such row")]
    NotFound,
    /// A statement failed earlier, was ignored, and the transaction could not be committed.
    #[error("a failed statement was ignored; the transaction was rolled back")]
    Aborted,
    /// A stored row does not make sense to this version of the engine.
    #[error("inconsistent row in `{table}`: {what}")]
    Inconsistent { table: &'static str, what: &'static str },
    /// Anything else: a bug in a query or a fault of the server.
    #[error("database error: {0}")]
    Other(String),
}

impl DbError {
    /// Whether the very same transaction may be repeated at once, a few times.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Deadlock | Self::Serialization)
    }

    /// Whether this is the database's state and not the request: 503 with `Retry-After`.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Timeout(_)) || self.is_transient()
    }

    /// The constraint that refused, if one did.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::UniqueViolation { constraint }
            | Self::ExclusionViolation { constraint }
            | Self::ForeignKeyViolation { constraint }
            | Self::CheckViolation { constraint } => Some(constraint),
            _ => None,
        }
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, information) => database(kind, &*information),
            DieselError::NotFound => Self::NotFound,
            DieselError::RollbackErrorOnCommit { .. } => Self::OutcomeUnknown,
            // What failed to convert is a value of a row.
            DieselError::DeserializationError(_) => Self::Other("a row could not be read".into()),
            DieselError::SerializationError(_) => Self::Other("a value could not be sent".into()),
            DieselError::InvalidCString(_) => Self::Other("a text holds NUL".into()),
            other => Self::Other(other.to_string()),
        }
    }
}

fn database(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation) -> DbError {
    let constraint = || information.constraint_name().unwrap_or_default().to_owned();
    match kind {
        DatabaseErrorKind::UniqueViolation => DbError::UniqueViolation { constraint: constraint() },
        DatabaseErrorKind::ExclusionViolation => {
            DbError::ExclusionViolation { constraint: constraint() }
        }
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
            DbError::ForeignKeyViolation { constraint: constraint() }
        }
        DatabaseErrorKind::CheckViolation => DbError::CheckViolation { constraint: constraint() },
        DatabaseErrorKind::NotNullViolation => {
            let column = information.column_name().unwrap_or_default();
            DbError::CheckViolation { constraint: format!("{column} not null") }
        }
        DatabaseErrorKind::ReadOnlyTransaction => {
            DbError::Refused(blank_values(information.message()))
        }
        DatabaseErrorKind::SerializationFailure => DbError::Serialization,
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
            DbError::Unavailable("the connection broke".into())
        }
        _ => by_message(information.message()),
    }
}

/// Diesel drops the SQLSTATE of what it has no kind for, so the (English) message decides.
/// [`crate::roles`] warns when the server speaks another language.
fn by_message(message: &str) -> DbError {
    const UNAVAILABLE: [&str; 9] = [
        "terminating connection",
        "the database system is",
        "sorry, too many clients",
        "remaining connection slots",
        "too many connections",
        "could not extend file",
        "could not write",
        "No space left",
        "out of memory",
    ];
    if message.starts_with("deadlock detected") {
        DbError::Deadlock
    } else if message.starts_with("could not serialize") {
        DbError::Serialization
    } else if message.starts_with("canceling statement due to lock timeout") {
        DbError::Timeout("a lock")
    } else if message.starts_with("canceling statement")
        || message.starts_with("terminating connection due to idle-in-transaction")
    {
        DbError::Timeout("a statement")
    } else if message.starts_with("current transaction is aborted") {
        DbError::Aborted
    } else if message.starts_with("new row violates row-level security")
        || message.starts_with("permission denied")
    {
        DbError::Refused(blank_values(message))
    } else if UNAVAILABLE.iter().any(|start| message.contains(start)) {
        DbError::Unavailable(blank_values(message))
    } else {
        DbError::Other(blank_values(message))
    }
}

impl From<diesel::ConnectionError> for DbError {
    fn from(error: diesel::ConnectionError) -> Self {
        match error {
            diesel::ConnectionError::CouldntSetupConfiguration(error) => error.into(),
            // The text of a bad connection may repeat the url.
            _ => Self::Unavailable("cannot connect".into()),
        }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(server) = error.as_db_error() else {
            // What is left is network trouble in the system's words, such as "Connection refused".
            let cause = std::error::Error::source(&error);
            let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
            return Self::Unavailable(blank_values(&cause));
        };
        let code = server.code();
        if *code == SqlState::T_R_DEADLOCK_DETECTED {
            Self::Deadlock
        } else if *code == SqlState::QUERY_CANCELED || *code == SqlState::LOCK_NOT_AVAILABLE {
            Self::Timeout("a statement")
        } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
            Self::Refused(blank_values(server.message()))
        } else if ["08", "28", "3D", "53", "57", "58"].iter().any(|c| code.code().starts_with(c)) {
            // Connection, authorisation, no such database, resources, shutdown, the system.
            Self::Unavailable(blank_values(server.message()))
        } else {
            Self::Other(blank_values(server.message()))
        }
    }
}

/// Blanks quoted text unless it looks like a name and the word before it says whose.
fn blank_values(message: &str) -> String {
    const NAMES: [&str; 16] = [
        "relation",
        "table",
        "column",
        "constraint",
        "index",
        "schema",
        "database",
        "role",
        "user",
        "function",
        "type",
        "sequence",
        "extension",
        "parameter",
        "policy",
        "encoding",
    ];
    let mut kept = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('"') {
        kept.push_str(before);
        let Some((quoted, after)) = after.split_once('"') else {
            kept.push_str("\"…");
            return kept;
        };
        let word = kept.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next();
        let named = word.is_some_and(|word| NAMES.contains(&word))
            && !before.ends_with(": ")
            && quoted.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        kept.push('"');
        kept.push_str(if named { quoted } else { "…" });
        kept.push('"');
        rest = after;
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_names_of_tables_and_loses_values_of_rows() {
        assert_eq!(
            blank_values(r#"new row violates row-level security policy for table "members""#),
            r#"new row violates row-level security policy for table "members""#
        );
        assert_eq!(
            blank_values(r#"invalid input syntax for type uuid: "ola@nordmann.no""#),
            r#"invalid input syntax for type uuid: "…""#
        );
        assert_eq!(
            blank_values(r#"value "4711" is out of range for type integer"#),
            r#"value "…" is out of range for type integer"#
        );
        assert_eq!(blank_values(r#"unterminated "ola@nordmann.no"#), r#"unterminated "…"#);
    }

    #[test]
    fn a_deadlock_and_a_lock_timeout_are_told_apart_by_their_messages() {
        assert_eq!(by_message("deadlock detected"), DbError::Deadlock);
        assert_eq!(
            by_message("canceling statement due to lock timeout"),
            DbError::Timeout("a lock")
        );
        assert_eq!(
            by_message("terminating connection due to idle-in-transaction timeout"),
            DbError::Timeout("a statement")
        );
        assert!(by_message("terminating connection due to administrator command").is_unavailable());
    }
}
