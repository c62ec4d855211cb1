//! What people wrote down, its search, what was used and what was missing, on Postgres.

use async_trait::async_trait;
use forecourt_core::{
    entry::{EntryId, EntryKind},
    id::{QuestionId, SessionId, TenantId, TurnId},
    lang::Lang,
    search,
};
use forecourt_ports::store::{
    StoreError,
    knowledge::{
        ChangeRecord, Entry, EntryChange, EntryWrite, GroundRecord, KnowledgeBase, MOST_PASSAGES,
        MOST_QUESTIONS, MOST_USED, Passage, QuestionEnd, QuestionRecord, SettingsWrite,
        SettingsWritten, Stood, Subject, Used, Written,
    },
};
use jiff::Timestamp;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    error::DbError,
    tables::{entries, knowledge_changes, knowledge_uses, passages, tenants, unanswered, vehicles},
};

/// Lines of history and open questions that one call gives.
const MOST: u32 = 200;

async fn write_entry(tx: &mut TenantTx, write: &EntryWrite) -> Result<Written, DbError> {
    let EntryWrite { id, expected, by, now, .. } = *write;
    let known = entries::find(tx, id, true).await?;
    let is_full = async |tx: &TenantTx| {
        Ok::<_, DbError>(entries::list(tx, id.kind()).await?.len() >= id.kind().most())
    };
    let (action, entry) = match (known, &write.change) {
        (None, EntryChange::Put(body)) if expected == 0 => {
            if is_full(tx).await? {
                return Ok(Written::TooMany);
            }
            entries::insert(tx, id, body, now).await?;
            let body = body.clone();
            let entry = Entry { id, version: 1, body, updated_at: now, deleted_at: None };
            ("made", entry)
        }
        (None, _) => return Ok(Written::NotFound),
        (Some(entry), _) if entry.version != expected => return Ok(Written::Conflict(entry)),
        (Some(entry), change) => {
            let mut entry = Entry { version: expected + 1, updated_at: now, ..entry };
            let action = match change {
                EntryChange::Put(_) if entry.deleted_at.is_some() => return Ok(Written::NotFound),
                EntryChange::Put(body) => {
                    let minutes = entry.body.minutes;
                    entry.body = body.clone();
                    entry.body.minutes = minutes;
                    "changed"
                }
                EntryChange::Delete => {
                    entry.deleted_at.get_or_insert(now);
                    "deleted"
                }
                EntryChange::Restore => {
                    if is_full(tx).await? {
                        return Ok(Written::TooMany);
                    }
                    entry.deleted_at = None;
                    "restored"
                }
            };
            entries::update(tx, &entry).await?;
            (action, entry)
        }
    };
    passages::of_entry(tx, &entry, now).await?;
    let of = Subject::Entry(id);
    knowledge_changes::add(tx, of, Some(entry.version), action, &entry.body, by, now).await?;
    Ok(Written::Stored(entry))
}

/// How something reads that an answer stood on.
async fn ground(
    tx: &TenantTx,
    turn: TurnId,
    (used, found_by): Stood,
    at: Timestamp,
) -> Result<GroundRecord, DbError> {
    let found = match used {
        Used::Passage(id) => passages::find(tx, id).await?,
        Used::Vehicle(id) => {
            let found = vehicles::known(tx).await?.into_iter().find(|vehicle| vehicle.id == id);
            found.map(|vehicle| ("vehicle".to_owned(), vehicle.title(), String::new(), None))
        }
        Used::Service(id) => {
            let entry = entries::find(tx, EntryId::Service(id), false).await?;
            entry.map(|entry| {
                let (title, text) = (entries::named(&entry), entry.body.text.get(Lang::En));
                ("service".to_owned(), title.to_owned(), text.to_owned(), None)
            })
        }
    };
    let (source, title, text, url) =
        found.unwrap_or_else(|| ("gone".to_owned(), String::new(), String::new(), None));
    let title = title.chars().take(300).collect();
    Ok(GroundRecord { turn, used, source, title, excerpt: search::shown(&text), url, found_by, at })
}

#[async_trait]
impl KnowledgeBase for PgStore {
    async fn list_entries(
        &self,
        tenant: TenantId,
        kind: EntryKind,
    ) -> Result<Vec<Entry>, StoreError> {
        let read = async |tx: &mut TenantTx| entries::list(tx, kind).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn find_entry(&self, tenant: TenantId, id: EntryId) -> Result<Option<Entry>, StoreError> {
        let read = async |tx: &mut TenantTx| entries::find(tx, id, false).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn write_entry(
        &self,
        tenant: TenantId,
        write: &EntryWrite,
    ) -> Result<Written, StoreError> {
        let work = async |tx: &mut TenantTx| write_entry(tx, write).await;
        match self.app.tenant(tenant, work).await {
            // Two made it at the same time: one of them did.
            Err(DbError::UniqueViolation { .. }) => {
                let stands = self.find_entry(tenant, write.id).await?;
                Ok(stands.map_or(Written::NotFound, Written::Conflict))
            }
            written => written.map_err(store_error),
        }
    }

    async fn history(
        &self,
        tenant: TenantId,
        of: Subject,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        let limit = limit.min(MOST);
        let read = async |tx: &mut TenantTx| knowledge_changes::list(tx, of, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn write_settings(
        &self,
        tenant: TenantId,
        write: &SettingsWrite,
    ) -> Result<SettingsWritten, StoreError> {
        let SettingsWrite { settings, expected, part, body, by, now } = write;
        let work = async |tx: &mut TenantTx| {
            tenants::lock_log(tx).await?;
            let stands = tenants::find(tx).await?.ok_or(DbError::NotFound)?;
            if stands.settings.print() != *expected {
                return Ok(SettingsWritten::Conflict);
            }
            tenants::put_settings(tx, settings, *now).await?;
            knowledge_changes::add(tx, *part, None, "changed", body, *by, *now).await?;
            Ok::<_, DbError>(SettingsWritten::Stored)
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn search_knowledge(
        &self,
        tenant: TenantId,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, StoreError> {
        let (words, limit) = (search::query_words(query), limit.min(MOST_PASSAGES));
        let folded = search::words(query);
        let read = async |tx: &mut TenantTx| {
            let found = passages::search(tx, &words, lang, false, limit).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            passages::search(tx, &folded, lang, true, limit).await
        };
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn note_uses(
        &self,
        tenant: TenantId,
        session: SessionId,
        turn: TurnId,
        used: &[Stood],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut used: Vec<Stood> = used.iter().copied().take(MOST_USED).collect();
        used.sort_unstable();
        used.dedup_by_key(|(used, _)| *used);
        if used.is_empty() {
            return Ok(());
        }
        let work = async |tx: &mut TenantTx| {
            let mut records = Vec::with_capacity(used.len());
            for used in &used {
                records.push(ground(tx, turn, *used, now).await?);
            }
            knowledge_uses::add(tx, session, &records).await
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn grounds(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<GroundRecord>, StoreError> {
        let read = async |tx: &mut TenantTx| knowledge_uses::list(tx, session).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn note_unanswered(
        &self,
        tenant: TenantId,
        session: SessionId,
        lang: Lang,
        question: &str,
        id: QuestionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(text) = search::question(question) else { return Ok(()) };
        let key = search::question_key(&text, lang);
        let work = async |tx: &mut TenantTx| {
            if unanswered::count_again(tx, key, session, now).await?
                || unanswered::count_open(tx).await? >= i64::from(MOST_QUESTIONS)
            {
                return Ok(());
            }
            let text = text.clone();
            let question =
                QuestionRecord { id, lang, text, times: 1, session, first_at: now, last_at: now };
            unanswered::add(tx, &question, key).await
        };
        self.app.tenant(tenant, work).await.map_err(store_error)
    }

    async fn unanswered(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<QuestionRecord>, StoreError> {
        let limit = limit.min(MOST);
        let read = async |tx: &mut TenantTx| unanswered::list(tx, limit).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn settle_question(
        &self,
        tenant: TenantId,
        question: QuestionId,
        end: QuestionEnd,
    ) -> Result<bool, StoreError> {
        let work = async |tx: &mut TenantTx| unanswered::settle(tx, question, end).await;
        self.app.tenant(tenant, work).await.map_err(store_error)
    }
}
