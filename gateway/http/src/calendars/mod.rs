//! External calendars, for managers: connecting, choosing, checking, and what providers tell us.
//!
//! # Invariants
//! - **A8** every calendar is of the member's own tenant: another tenant's leads nowhere;
//! - **A14** credentials come in and never go out; a hook's secret is answered once;
//! - a provider is asked on the io runtime, for [`PATIENCE`] at most.

pub(crate) mod consent;
pub(crate) mod hook;
pub(crate) mod staff;

use std::{sync::Arc, time::Duration};

use actix_web::HttpRequest;
use forecourt_actors::CalendarSync;
use forecourt_core::{id::CalendarId, webhook::target::Loopback};
use forecourt_ports::{
    calendar::{Account, Calendar, CalendarError, Choice, Credentials},
    store::{CalendarRecord, Calendars},
    webhook::Vault,
};
use tokio::runtime::Handle;

use crate::{
    client,
    gateway::State,
    problem::{Code, Problem},
};

/// How long a member waits for a provider.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the gateway needs for calendars.
#[derive(Clone)]
pub struct CalendarDesk {
    pub store: Arc<dyn Calendars>,
    pub calendar: Arc<dyn Calendar>,
    pub vault: Arc<dyn Vault>,
    pub sync: CalendarSync,
    /// Whether a tenant's server may be this machine.
    pub loopback: Loopback,
    pub io: Handle,
}

impl CalendarDesk {
    /// Asks the provider which calendars there are.
    async fn check(&self, account: &Account) -> Result<Vec<Choice>, Problem> {
        let (calendar, account) = (Arc::clone(&self.calendar), account.clone());
        self.ask(async move { calendar.check(&account).await }).await
    }

    /// Runs a call where its connection lives.
    async fn ask<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, CalendarError>> + Send + 'static,
    ) -> Result<T, Problem> {
        let asked = self.io.spawn(tokio::time::timeout(PATIENCE, call)).await;
        let answer = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(CalendarError::Unavailable),
        };
        answer.map_err(problem)
    }
}

/// The desk, where calendars can be connected at all.
fn desk(state: &State) -> Result<&CalendarDesk, Problem> {
    state.calendars.as_ref().ok_or_else(nowhere)
}

/// The calendar in the address; what is no id leads nowhere.
fn named(request: &HttpRequest) -> Result<CalendarId, Problem> {
    let id = request.match_info().get("calendar").and_then(|id| id.parse().ok());
    id.ok_or_else(nowhere)
}

fn nowhere() -> Problem {
    Problem::new(Code::NotFound)
}

/// Where the outside reaches us.
fn base(request: &HttpRequest, state: &State) -> String {
    let public = state.config.public_url.clone();
    public.or_else(|| client::own_origin(request)).unwrap_or_default()
}

fn account(record: &CalendarRecord, credentials: Credentials, zone: String) -> Account {
    Account {
        provider: record.provider,
        url: record.url.clone(),
        credentials,
        calendar: record.external.clone(),
        zone,
    }
}

fn problem(error: CalendarError) -> Problem {
    match error {
        CalendarError::Auth => Problem::new(Code::CalendarRefused),
        CalendarError::RateLimited { retry_after } => {
            let after = retry_after.and_then(|after| Duration::try_from(after).ok());
            let after = after.unwrap_or(Duration::from_secs(30)).min(Duration::from_mins(10));
            Problem::new(Code::CalendarUnavailable).retry_after(after)
        }
        CalendarError::Unavailable => {
            Problem::new(Code::CalendarUnavailable).retry_after(Duration::from_secs(10))
        }
        CalendarError::NotConfigured => {
            Problem::field("/provider", "value", "cannot be connected here")
        }
        CalendarError::NotFound | CalendarError::Conflict | CalendarError::Protocol => {
            Problem::new(Code::CalendarUnclear)
        }
    }
}
