//! Services, questions and rules as people edit them: one shape over three tables.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    entry::{EntryBody, EntryId, EntryKind},
    id::ServiceId,
    knowledge::{Faq, Service},
    lang::Lang,
};
use forecourt_ports::store::knowledge::Entry;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Doc, Time, number, services as places, services::money, some};
use crate::{
    TenantTx,
    error::DbError,
    schema::{faqs as faqs_columns, policies as policies_columns, services as services_columns},
};

/// More than any kind may have ([`EntryKind::most`]), deleted ones aside.
const MOST: i64 = 1_000;
/// How long a service takes when nothing is said.
const MINUTES: u16 = 30;

type Row = (Uuid, Doc, Doc, Vec<String>, bool, i64, Time, Option<Time>, Option<Time>);

fn read(kind: EntryKind, row: Row) -> Result<Entry, DbError> {
    let (id, title, text, keywords, active, version, made, changed, deleted) = row;
    let table = kind.as_str();
    Ok(Entry {
        id: EntryId::of(kind, id),
        version,
        body: EntryBody {
            title: title.parse(table)?,
            text: text.parse(table)?,
            keywords,
            price: None,
            minutes: None,
            active,
        },
        updated_at: changed.unwrap_or(made).to_jiff(),
        deleted_at: deleted.map(Time::to_jiff),
    })
}

/// The statements of one table, whose columns are called as it likes.
macro_rules! entry_table {
    ($table:ident, $kind:expr, $id:ident, $title:ident, $text:ident) => {
        pub(super) mod $table {
            use super::*;
            use crate::schema::$table as rows;

            const COLUMNS: (
                rows::$id,
                rows::$title,
                rows::$text,
                rows::keywords,
                rows::active,
                rows::version,
                rows::created_at,
                rows::updated_at,
                rows::deleted_at,
            ) = (
                rows::$id,
                rows::$title,
                rows::$text,
                rows::keywords,
                rows::active,
                rows::version,
                rows::created_at,
                rows::updated_at,
                rows::deleted_at,
            );

            pub(super) async fn list(mut tx: &TenantTx) -> Result<Vec<Entry>, DbError> {
                let found: Vec<Row> = rows::table
                    .filter(rows::deleted_at.is_null())
                    .order((rows::position, rows::$id))
                    .limit(MOST)
                    .select(COLUMNS)
                    .load(&mut tx)
                    .await?;
                found.into_iter().map(|row| read($kind, row)).collect()
            }

            /// Nobody changes it before this transaction ends.
            pub(super) async fn lock(
                mut tx: &TenantTx,
                id: Uuid,
            ) -> Result<Option<Entry>, DbError> {
                let found: Option<Row> = rows::table
                    .filter(rows::$id.eq(id))
                    .select(COLUMNS)
                    .for_no_key_update()
                    .first(&mut tx)
                    .await
                    .optional()?;
                found.map(|row| read($kind, row)).transpose()
            }

            pub(super) async fn find(
                mut tx: &TenantTx,
                id: Uuid,
            ) -> Result<Option<Entry>, DbError> {
                let found: Option<Row> = rows::table
                    .filter(rows::$id.eq(id))
                    .select(COLUMNS)
                    .first(&mut tx)
                    .await
                    .optional()?;
                found.map(|row| read($kind, row)).transpose()
            }

            pub(super) async fn last(mut tx: &TenantTx) -> Result<i32, DbError> {
                let last: Option<i32> =
                    rows::table.select(diesel::dsl::max(rows::position)).first(&mut tx).await?;
                Ok(last.unwrap_or(-1))
            }

            pub(super) async fn update(mut tx: &TenantTx, entry: &Entry) -> Result<(), DbError> {
                let stands = rows::table.filter(rows::$id.eq(entry.id.into_uuid()));
                let set = (
                    rows::$title.eq(Doc::of(&entry.body.title)?),
                    rows::$text.eq(Doc::of(&entry.body.text)?),
                    rows::keywords.eq(&entry.body.keywords),
                    rows::active.eq(entry.body.active),
                    rows::version.eq(entry.version),
                    rows::updated_at.eq(Time::from(entry.updated_at)),
                    rows::deleted_at.eq(some(entry.deleted_at)),
                );
                diesel::update(stands).set(set).execute(&mut tx).await?;
                Ok(())
            }
        }
    };
}

entry_table!(services, EntryKind::Service, service_id, name, description);
entry_table!(faqs, EntryKind::Faq, faq_id, question, answer);
entry_table!(policies, EntryKind::Policy, policy_id, title, body);

/// Price and length of every service.
async fn terms(
    mut tx: &TenantTx,
) -> Result<Vec<(Uuid, Option<i64>, Option<String>, i32)>, DbError> {
    let found = services_columns::table
        .limit(MOST)
        .select((
            services_columns::service_id,
            services_columns::price_minor,
            services_columns::currency,
            services_columns::minutes,
        ))
        .load(&mut tx)
        .await?;
    Ok(found)
}

/// Gives services what only they have.
async fn with_terms(tx: &TenantTx, entries: &mut [Entry]) -> Result<(), DbError> {
    if entries.is_empty() {
        return Ok(());
    }
    let terms = terms(tx).await?;
    for entry in entries {
        let id = entry.id.into_uuid();
        let Some((_, price, code, minutes)) = terms.iter().find(|row| row.0 == id) else {
            continue;
        };
        let price = price.zip(code.as_ref());
        entry.body.price = price.map(|(price, code)| money(price, code, "services")).transpose()?;
        entry.body.minutes = Some(number(*minutes, "services")?);
    }
    Ok(())
}

/// Those that are not deleted, in their order.
pub(crate) async fn list(tx: &TenantTx, kind: EntryKind) -> Result<Vec<Entry>, DbError> {
    match kind {
        EntryKind::Service => {
            let mut found = services::list(tx).await?;
            with_terms(tx, &mut found).await?;
            Ok(found)
        }
        EntryKind::Faq => faqs::list(tx).await,
        EntryKind::Policy => policies::list(tx).await,
    }
}

/// Deleted ones too; `lock` keeps others from changing it before the end of the transaction.
pub(crate) async fn find(tx: &TenantTx, id: EntryId, lock: bool) -> Result<Option<Entry>, DbError> {
    let key = id.into_uuid();
    let found = match (id, lock) {
        (EntryId::Service(_), true) => services::lock(tx, key).await?,
        (EntryId::Service(_), false) => services::find(tx, key).await?,
        (EntryId::Faq(_), true) => faqs::lock(tx, key).await?,
        (EntryId::Faq(_), false) => faqs::find(tx, key).await?,
        (EntryId::Policy(_), true) => policies::lock(tx, key).await?,
        (EntryId::Policy(_), false) => policies::find(tx, key).await?,
    };
    let mut found: Vec<Entry> = found.into_iter().collect();
    if let EntryId::Service(_) = id {
        with_terms(tx, &mut found).await?;
    }
    Ok(found.pop())
}

/// Writes how an entry stands now.
pub(crate) async fn update(mut tx: &TenantTx, entry: &Entry) -> Result<(), DbError> {
    match entry.id {
        EntryId::Service(id) => {
            services::update(tx, entry).await?;
            let price = entry.body.price;
            let set = (
                services_columns::price_minor.eq(price.map(|price| price.minor)),
                services_columns::currency.eq(price.map(|price| price.currency.code())),
            );
            let stands =
                services_columns::table.filter(services_columns::service_id.eq(id.into_uuid()));
            diesel::update(stands).set(set).execute(&mut tx).await?;
        }
        EntryId::Faq(_) => faqs::update(tx, entry).await?,
        EntryId::Policy(_) => policies::update(tx, entry).await?,
    }
    Ok(())
}

/// Adds an entry behind the others; a service gets places of its own.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: EntryId,
    body: &EntryBody,
    now: Timestamp,
) -> Result<(), DbError> {
    match id {
        EntryId::Service(id) => {
            let position = services::last(tx).await? + 1;
            add_service(tx, id, position, body, now).await
        }
        EntryId::Faq(id) => {
            let row = (
                faqs_columns::faq_id.eq(id.into_uuid()),
                faqs_columns::position.eq(faqs::last(tx).await? + 1),
                faqs_columns::question.eq(Doc::of(&body.title)?),
                faqs_columns::answer.eq(Doc::of(&body.text)?),
                faqs_columns::keywords.eq(&body.keywords),
                faqs_columns::active.eq(body.active),
                faqs_columns::created_at.eq(Time::from(now)),
            );
            diesel::insert_into(faqs_columns::table).values(row).execute(tx).await?;
            Ok(())
        }
        EntryId::Policy(id) => {
            let row = (
                policies_columns::policy_id.eq(id.into_uuid()),
                policies_columns::position.eq(policies::last(tx).await? + 1),
                policies_columns::title.eq(Doc::of(&body.title)?),
                policies_columns::body.eq(Doc::of(&body.text)?),
                policies_columns::keywords.eq(&body.keywords),
                policies_columns::active.eq(body.active),
                policies_columns::version.eq(1),
                policies_columns::created_at.eq(Time::from(now)),
            );
            diesel::insert_into(policies_columns::table).values(row).execute(tx).await?;
            Ok(())
        }
    }
}

async fn add_service(
    tx: &mut TenantTx,
    id: ServiceId,
    position: i32,
    body: &EntryBody,
    now: Timestamp,
) -> Result<(), DbError> {
    let service = Service {
        id,
        name: body.title.clone(),
        keywords: body.keywords.clone(),
        minutes: body.minutes.unwrap_or(MINUTES),
        price: body.price,
        notice_minutes: 0,
        capacity: 1,
    };
    places::insert_at(tx, position, &[service], now).await?;
    let set = (
        services_columns::description.eq(Doc::of(&body.text)?),
        services_columns::active.eq(body.active),
    );
    let stands = services_columns::table.filter(services_columns::service_id.eq(id.into_uuid()));
    diesel::update(stands).set(set).execute(tx).await?;
    Ok(())
}

/// Active rules as the assistant reads them: like questions with answers.
pub(crate) async fn said(tx: &TenantTx) -> Result<Vec<Faq>, DbError> {
    let active = policies::list(tx).await?.into_iter().filter(|entry| entry.body.active);
    let faq = |entry: Entry| Faq {
        question: entry.body.title,
        answer: entry.body.text,
        keywords: entry.body.keywords,
    };
    Ok(active.map(faq).collect())
}

/// The language in which people see a title, where they have no say.
pub(crate) fn named(entry: &Entry) -> &str {
    entry.body.title.get(Lang::En)
}
