//! One file per table: its rows as plain columns, and the few statements that touch them.
//!
//! Lives here: rows and statements, and nothing about when they are used; that is in [`crate::pg`].
//! Table functions take the transaction first and never begin or end one.
//!
//! # Invariants
//! - **A8** everything runs on a [`TenantTx`](crate::TenantTx), which shows one tenant's rows: the
//!   statements need not name it, the policies do;
//! - **A9** every list has a limit;
//! - a stored row that makes no sense to this version fails as [`DbError::Inconsistent`], with the
//!   name of its table and no value (A13).

pub(crate) mod attachments;
pub(crate) mod booking_codes;
pub(crate) mod booking_letters;
pub(crate) mod booking_news;
pub(crate) mod booking_takes;
pub(crate) mod booking_waits;
pub(crate) mod bookings;
pub(crate) mod bulk;
pub(crate) mod calendars;
pub(crate) mod contacts;
pub(crate) mod deliveries;
pub(crate) mod delivery_list;
mod each;
pub(crate) mod entries;
pub(crate) mod faqs;
pub(crate) mod inbound_events;
pub(crate) mod journal;
pub(crate) mod knowledge_changes;
pub(crate) mod knowledge_uses;
pub(crate) mod knowledge_versions;
pub(crate) mod lead_list;
pub(crate) mod leads;
mod literals;
pub(crate) mod local;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod model_usage;
pub(crate) mod passage_vectors;
pub(crate) mod passages;
pub(crate) mod replies;
pub(crate) mod reply_ratings;
pub(crate) mod resources;
pub(crate) mod services;
pub(crate) mod session_drafts;
pub(crate) mod sessions;
pub(crate) mod staff_sessions;
pub(crate) mod tenant_settings;
pub(crate) mod tenants;
pub(crate) mod timer_list;
pub(crate) mod timers;
pub(crate) mod tools;
pub(crate) mod unanswered;
pub(crate) mod vehicle_history;
pub(crate) mod vehicle_imports;
pub(crate) mod vehicle_photos;
pub(crate) mod vehicles;
pub(crate) mod webhook_calls;
pub(crate) mod webhook_endpoints;
pub(crate) mod websites;
mod words;

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types::Jsonb,
};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::error::DbError;

pub(crate) use self::{
    literals::{
        Accepted, Active, Assistant, Deleted, Due, Failed, HandingOver, Held, Over, Pending,
        Refused, Uncertain,
    },
    words::Word,
};

/// A point in time as Postgres keeps it: whole microseconds.
pub(crate) type Time = jiff_diesel::Timestamp;

/// What full-text search compares; the engine never reads or writes one itself.
#[derive(diesel::sql_types::SqlType)]
#[diesel(postgres_type(name = "tsvector", schema = "pg_catalog"))]
pub struct Tsvector;

/// A time in a column that may be empty.
pub(crate) fn some(time: Option<Timestamp>) -> Option<Time> {
    time.map(Time::from)
}

/// A JSON document as bytes: written once, parsed only when somebody needs it.
#[derive(Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub(crate) struct Doc(Vec<u8>);

/// What comes before the text of a `jsonb` on the wire.
const JSONB_VERSION: u8 = 1;

impl Doc {
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, DbError> {
        serde_json::to_vec(value)
            .map(Self)
            .map_err(|_| DbError::Other("a document could not be written".into()))
    }

    /// Whether a `jsonb` can hold it: a text with NUL it cannot.
    pub(crate) fn is_storable(&self) -> bool {
        !self.0.windows(6).any(|escape| escape == b"\\u0000")
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self, table: &'static str) -> Result<T, DbError> {
        serde_json::from_slice(&self.0)
            .map_err(|_| DbError::Inconsistent { table, what: "a document" })
    }
}

// What it says is nobody's business but the reader's (A13).
impl std::fmt::Debug for Doc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Doc({} bytes)", self.0.len())
    }
}

impl ToSql<Jsonb, Pg> for Doc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        use std::io::Write as _;
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}

impl FromSql<Jsonb, Pg> for Doc {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((&JSONB_VERSION, text)) => Ok(Self(text.to_vec())),
            _ => Err("not a jsonb of version 1".into()),
        }
    }
}

/// A number that a column holds wider or narrower than the engine.
pub(crate) fn number<From, To: TryFrom<From>>(
    value: From,
    table: &'static str,
) -> Result<To, DbError> {
    To::try_from(value).map_err(|_| DbError::Inconsistent { table, what: "a number" })
}
