//! `/v1/calendars`: connecting a calendar, choosing what it stands for, looking how it is.

use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use forecourt_actors::calendars::{open, owner, seal};
use forecourt_core::{
    external::Provider,
    id::{CalendarId, ResourceId, TenantId},
    webhook::target::Target,
};
use forecourt_ports::{
    calendar::{Account, Choice, Credentials},
    store::{CalendarChange, CalendarChanged, CalendarRecord, NewCalendar, Role},
};
use forecourt_wire::{
    CalendarChecked, CalendarChoice, CalendarList, CalendarProvider, CalendarView, ChooseCalendar,
    ConnectCalendar,
};

use super::{CalendarDesk, account, base, desk, named, nowhere, problem};
use crate::{
    auth::Staff,
    extract::Json,
    gateway::{Gateway, State},
    problem::{Answer, Code, Problem},
    sessions,
};

/// The longest key, user or password.
const LONGEST: usize = 1_000;

/// `GET /v1/calendars`.
pub(crate) async fn list(gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let desk = desk(state)?;
    let found = desk.store.list_calendars(staff.member.tenant, state.clock.now()).await?;
    let calendars = found.into_iter().map(CalendarView::from).collect();
    let providers = super::consent::providers(desk);
    Ok(HttpResponse::Ok().json(CalendarList { calendars, providers }))
}

/// `POST /v1/calendars`.
pub(crate) async fn connect(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<ConnectCalendar>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let desk = desk(state)?;
    let (account, hook_secret) = read(desk, body.0, zone(state, &staff).await?)?;
    let choices = desk.check(&account).await?;
    let record = make(state, desk, &staff, &account).await?;
    let hook_url = hook_url(&request, state, &record);
    let checked = CalendarChecked { hook_secret, ..checked(record, choices, hook_url) };
    Ok(HttpResponse::Created().json(checked))
}

/// Stores a connection that was checked.
pub(super) async fn make(
    state: &State,
    desk: &CalendarDesk,
    staff: &Staff,
    account: &Account,
) -> Result<CalendarRecord, Problem> {
    let (tenant, calendar) = (staff.member.tenant, state.ids.calendar());
    let owner = owner(tenant, calendar);
    let new = NewCalendar {
        calendar,
        provider: account.provider,
        url: account.url.clone(),
        secret: seal(&*desk.vault, owner, &account.credentials).map_err(problem)?,
        by: staff.member.member,
        at: state.clock.now(),
    };
    let made = desk.store.create_calendar(tenant, &new).await?;
    let made = made.ok_or_else(|| Problem::new(Code::TooManyCalendars))?;
    tracing::info!(calendar.id = %calendar, member.id = %staff.member.member, provider = account.provider.as_str(), "a calendar was connected");
    Ok(made)
}

/// `GET /v1/calendars/{calendar}`.
pub(crate) async fn get(request: HttpRequest, gateway: web::Data<Gateway>, staff: Staff) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (tenant, calendar) = (staff.member.tenant, named(&request)?);
    let found = desk(state)?.store.find_calendar(tenant, calendar, state.clock.now()).await?;
    let (record, _) = found.ok_or_else(nowhere)?;
    Ok(HttpResponse::Ok().json(CalendarView::from(record)))
}

/// `PUT /v1/calendars/{calendar}` — this calendar is that resource's.
pub(crate) async fn choose(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<ChooseCalendar>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (desk, tenant, calendar) = (desk(state)?, staff.member.tenant, named(&request)?);
    let wrong = || Problem::field("/resource_id", "value", "is no resource of yours");
    let resource: ResourceId = body.0.resource_id.parse().map_err(|_| wrong())?;
    let (record, account) = opened(state, desk, &staff, calendar).await?;
    let choices = desk.check(&account).await?;
    let chosen = choices.into_iter().find(|choice| choice.calendar == body.0.calendar);
    let chosen = chosen.filter(|choice| choice.writable).ok_or_else(|| {
        Problem::field("/calendar", "value", "is none of its calendars that may be written to")
    })?;
    let change = CalendarChange::Choose { external: chosen.calendar, name: chosen.name, resource };
    let now = state.clock.now();
    let changed = desk.store.change_calendar(tenant, calendar, &change, now).await?;
    for touched in record.resource.into_iter().chain([resource]) {
        desk.sync.noted(tenant, touched);
    }
    desk.sync.wake();
    match changed {
        CalendarChanged::Done(record) => Ok(HttpResponse::Ok().json(CalendarView::from(*record))),
        CalendarChanged::NotFound => Err(nowhere()),
        CalendarChanged::NoResource => Err(wrong()),
        CalendarChanged::Taken => Err(Problem::field("/calendar", "value", "is connected already")),
    }
}

/// `POST /v1/calendars/{calendar}/check` — asks the provider, and has everything tried again.
pub(crate) async fn check(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (desk, calendar) = (desk(state)?, named(&request)?);
    let (_, account) = opened(state, desk, &staff, calendar).await?;
    let choices = desk.check(&account).await?;
    let record = change(state, desk, staff.member.tenant, calendar, &CalendarChange::Now).await?;
    let hook_url = hook_url(&request, state, &record);
    Ok(HttpResponse::Ok().json(checked(record, choices, hook_url)))
}

/// `PUT /v1/calendars/{calendar}/credentials` — the same calendar with other credentials.
pub(crate) async fn reconnect(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
    body: Json<ConnectCalendar>,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (desk, tenant, calendar) = (desk(state)?, staff.member.tenant, named(&request)?);
    let found = desk.store.find_calendar(tenant, calendar, state.clock.now()).await?;
    let (record, _) = found.ok_or_else(nowhere)?;
    let mut given = body.0;
    if Provider::from(given.provider) != record.provider {
        return Err(Problem::field("/provider", "value", "stays what it was connected as"));
    }
    // The server stays too: its calendar lies there.
    given.url.clone_from(&record.url);
    let (account, hook_secret) = read(desk, given, zone(state, &staff).await?)?;
    let choices = desk.check(&account).await?;
    let secret = seal(&*desk.vault, owner(tenant, calendar), &account.credentials);
    let reconnect = CalendarChange::Reconnect { secret: secret.map_err(problem)? };
    let record = change(state, desk, tenant, calendar, &reconnect).await?;
    tracing::info!(calendar.id = %calendar, member.id = %staff.member.member, "a calendar was connected again");
    let hook_url = hook_url(&request, state, &record);
    let checked = CalendarChecked { hook_secret, ..checked(record, choices, hook_url) };
    Ok(HttpResponse::Ok().json(checked))
}

/// `DELETE /v1/calendars/{calendar}`.
pub(crate) async fn delete(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    staff: Staff,
) -> Answer {
    staff.require(Role::Manager)?;
    let state = &gateway.0;
    let (desk, tenant, calendar) = (desk(state)?, staff.member.tenant, named(&request)?);
    let deleted = desk.store.delete_calendar(tenant, calendar, state.clock.now()).await?;
    let resource = deleted.ok_or_else(nowhere)?;
    if let Some(resource) = resource {
        desk.sync.noted(tenant, resource);
    }
    tracing::info!(calendar.id = %calendar, member.id = %staff.member.member, "a calendar was disconnected");
    Ok(HttpResponse::NoContent().finish())
}

async fn change(
    state: &State,
    desk: &CalendarDesk,
    tenant: TenantId,
    calendar: CalendarId,
    change: &CalendarChange,
) -> Result<CalendarRecord, Problem> {
    let changed = desk.store.change_calendar(tenant, calendar, change, state.clock.now()).await?;
    desk.sync.wake();
    match changed {
        CalendarChanged::Done(record) => Ok(*record),
        _ => Err(nowhere()),
    }
}

/// A calendar of the member's tenant, and how its provider is asked for it.
async fn opened(
    state: &State,
    desk: &CalendarDesk,
    staff: &Staff,
    calendar: CalendarId,
) -> Result<(CalendarRecord, Account), Problem> {
    let tenant = staff.member.tenant;
    let found = desk.store.find_calendar(tenant, calendar, state.clock.now()).await?;
    let (record, sealed) = found.ok_or_else(nowhere)?;
    let credentials = open(&*desk.vault, owner(tenant, calendar), &sealed).map_err(problem)?;
    let account = account(&record, credentials, zone(state, staff).await?);
    Ok((record, account))
}

pub(super) async fn zone(state: &State, staff: &Staff) -> Result<String, Problem> {
    Ok(sessions::tenant_of(state, staff).await?.snapshot().settings.zone.clone())
}

/// What was given, as the provider is asked with it; with the hook's secret where there is one.
fn read(
    desk: &CalendarDesk,
    given: ConnectCalendar,
    zone: String,
) -> Result<(Account, Option<String>), Problem> {
    let ConnectCalendar { provider, key, url, user, password } = given;
    let needed = |pointer: &str, value: Option<String>| {
        let value = value.filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| Problem::field(pointer, "required", "is missing"))?;
        if value.len() > LONGEST || value.chars().any(char::is_control) {
            return Err(Problem::field(pointer, "value", "is too long, or not plain text"));
        }
        Ok(value)
    };
    let (url, credentials, hook_secret) = match provider {
        CalendarProvider::CalCom => {
            let bytes: [u8; 32] = rand::random();
            let hook_secret = URL_SAFE_NO_PAD.encode(bytes);
            let key = needed("/key", key)?;
            if !key.chars().all(|c| c.is_ascii_graphic()) {
                return Err(Problem::field("/key", "value", "is no key of Cal.com"));
            }
            let shown = hook_secret.clone();
            (None, Credentials::Key { key, hook_secret }, Some(shown))
        }
        CalendarProvider::CalDav => {
            let url = needed("/url", url)?;
            let url = Target::parse(&url, desk.loopback)
                .map_err(|error| Problem::field("/url", "address", error.to_string()))?;
            let user = needed("/user", user)?;
            let password = needed("/password", password)?;
            (Some(url.as_str().to_owned()), Credentials::Password { user, password }, None)
        }
        CalendarProvider::Google | CalendarProvider::Microsoft => {
            let detail = "is connected by its consent page: POST /v1/calendars/consent";
            return Err(Problem::field("/provider", "value", detail));
        }
    };
    let provider = provider.into();
    let account = Account { provider, url, credentials, calendar: String::new(), zone };
    Ok((account, hook_secret))
}

fn checked(
    record: CalendarRecord,
    choices: Vec<Choice>,
    hook_url: Option<String>,
) -> CalendarChecked {
    CalendarChecked {
        calendar: record.into(),
        choices: choices.into_iter().map(CalendarChoice::from).collect(),
        hook_url,
        hook_secret: None,
    }
}

/// Where Cal.com tells us of changes.
fn hook_url(request: &HttpRequest, state: &State, record: &CalendarRecord) -> Option<String> {
    if record.provider != Provider::CalCom {
        return None;
    }
    Some(format!("{}/v1/hooks/cal/{}", base(request, state), record.calendar))
}
