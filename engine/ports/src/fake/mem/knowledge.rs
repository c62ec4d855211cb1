//! Entries, their search, what was used and what was missing, in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use forecourt_core::{
    entry::{EntryBody, EntryId, EntryKind},
    id::{FaqId, PassageId, QuestionId, SessionId, TenantId, TurnId, WebsiteId},
    knowledge::{Faq, Knowledge, Localized, Service},
    lang::Lang,
    search::{self, FoundBy},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{MemStore, TenantData};
use crate::store::{
    StoreError,
    knowledge::{
        ChangeRecord, Entry, EntryChange, EntryWrite, GroundRecord, KnowledgeBase, MOST_PASSAGES,
        MOST_QUESTIONS, MOST_USED, Passage, PassageSource, QuestionEnd, QuestionRecord,
        SettingsWrite, SettingsWritten, Stood, Subject, Used, Written,
    },
};

/// What a tenant's people wrote down.
#[derive(Default)]
pub(super) struct Data {
    entries: Vec<Entry>,
    pub(super) pages: Vec<PageRow>,
    history: Vec<(Subject, ChangeRecord)>,
    uses: BTreeMap<(SessionId, TurnId, Used), GroundRecord>,
    questions: Vec<(QuestionRecord, [u8; 32], QuestionEnd)>,
    /// What was found in the store behind, by its id: what answers stood on is told of it.
    pub(super) found: BTreeMap<PassageId, Passage>,
}

/// A passage of a page.
pub(super) struct PageRow {
    pub(super) id: PassageId,
    pub(super) site: WebsiteId,
    pub(super) lang: Lang,
    pub(super) url: String,
    pub(super) title: String,
    pub(super) body: String,
}

/// One text that can be found.
struct Row {
    id: PassageId,
    source: PassageSource,
    lang: Lang,
    title: String,
    body: String,
    hints: String,
}

/// The id of the question at a place: it came without one.
fn faq_id(tenant: TenantId, place: usize) -> FaqId {
    FaqId::from_uuid(Uuid::from_u128(tenant.as_uuid().as_u128() ^ (1 + place as u128)))
}

impl Data {
    pub(super) fn new(tenant: TenantId, knowledge: &Knowledge) -> Self {
        let entry = |id, title: &Localized, text, keywords: &[String], price, minutes| Entry {
            id,
            version: 1,
            body: EntryBody {
                title: title.clone(),
                text,
                keywords: keywords.to_vec(),
                price,
                minutes,
                active: true,
            },
            updated_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
        };
        let services = knowledge.services.iter().map(|service| {
            let Service { id, name, keywords, price, minutes, .. } = service;
            let none = Localized::default();
            entry(EntryId::Service(*id), name, none, keywords, *price, Some(*minutes))
        });
        let faqs = knowledge.faqs.iter().enumerate().map(|(place, faq)| {
            let id = EntryId::Faq(faq_id(tenant, place));
            entry(id, &faq.question, faq.answer.clone(), &faq.keywords, None, None)
        });
        Self { entries: services.chain(faqs).collect(), ..Self::default() }
    }

    fn of(&self, kind: EntryKind) -> impl Iterator<Item = &Entry> {
        let is = move |entry: &&Entry| entry.id.kind() == kind && entry.deleted_at.is_none();
        self.entries.iter().filter(is)
    }

    /// Puts what the assistant may say into what it reads.
    pub(super) fn tell(&self, knowledge: &mut Knowledge) {
        let active = |kind| self.of(kind).filter(|entry| entry.body.active);
        knowledge.services = active(EntryKind::Service)
            .filter_map(|entry| {
                let EntryId::Service(id) = entry.id else { return None };
                let known = knowledge.services.iter().find(|service| service.id == id);
                let body = &entry.body;
                Some(Service {
                    id,
                    name: body.title.clone(),
                    keywords: body.keywords.clone(),
                    price: body.price,
                    minutes: body.minutes.unwrap_or(30),
                    notice_minutes: known.map_or(0, |service| service.notice_minutes),
                    capacity: known.map_or(1, |service| service.capacity),
                })
            })
            .collect();
        let said = active(EntryKind::Faq).chain(active(EntryKind::Policy));
        knowledge.faqs = said
            .map(|entry| Faq {
                question: entry.body.title.clone(),
                answer: entry.body.text.clone(),
                keywords: entry.body.keywords.clone(),
            })
            .collect();
    }

    fn rows(&self) -> Vec<Row> {
        let written =
            self.entries.iter().filter(|entry| entry.deleted_at.is_none() && entry.body.active);
        let of_entry = written.flat_map(|entry| {
            entry.body.passages().map(|(lang, title, body)| Row {
                id: EntryBody::passage_id(entry.id, lang),
                source: match entry.id.kind() {
                    EntryKind::Service => PassageSource::Service,
                    EntryKind::Faq => PassageSource::Faq,
                    EntryKind::Policy => PassageSource::Policy,
                },
                lang,
                title: title.to_owned(),
                body: body.to_owned(),
                hints: entry.body.keywords.join(" "),
            })
        });
        let of_page = self.pages.iter().map(|page| Row {
            id: page.id,
            source: PassageSource::Page { url: page.url.clone(), title: page.title.clone() },
            lang: page.lang,
            title: page.title.clone(),
            body: page.body.clone(),
            hints: String::new(),
        });
        of_entry.chain(of_page).collect()
    }

    fn note(&mut self, of: Subject, action: &str, version: i64, write: ChangeRecord) {
        self.history.push((of, ChangeRecord { version, action: action.to_owned(), ..write }));
    }
}

impl Row {
    /// How many of the words stand in it, those of its title twice; exactly, or nearly.
    fn score(&self, words: &[String], nearly: bool) -> f32 {
        let (title, body) =
            (search::fold(&format!("{} {}", self.title, self.hints)), search::fold(&self.body));
        let stands = |text: &str, word: &str| {
            text.split(' ').any(|found| {
                // Endings differ: what a stemmer would cut.
                let shared = found.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
                let longest = found.chars().count().max(word.chars().count());
                (found == word || (shared >= 4 && longest - shared <= 2))
                    || (nearly && search::likeness(found, word) >= 0.45)
            })
        };
        words
            .iter()
            .map(|word| {
                if stands(&title, word) {
                    2.0
                } else if stands(&body, word) {
                    1.0
                } else {
                    0.0
                }
            })
            .sum()
    }

    fn shown(&self) -> String {
        let text = if self.title == self.body {
            self.body.clone()
        } else {
            format!("{} — {}", self.title, self.body)
        };
        search::shown(&text)
    }
}

impl TenantData {
    fn ground(&self, used: Used) -> (String, String, String, Option<String>) {
        let gone = || ("gone".to_owned(), String::new(), String::new(), None);
        match used {
            Used::Passage(id) => {
                let rows = self.written.rows();
                rows.into_iter().find(|row| row.id == id).map_or_else(gone, |row| {
                    let url = match &row.source {
                        PassageSource::Page { url, .. } => Some(url.clone()),
                        _ => None,
                    };
                    let source = row.source.as_str().to_owned();
                    (source, row.title, search::shown(&row.body), url)
                })
            }
            Used::Vehicle(id) => {
                let found = self.knowledge.vehicles.iter().find(|vehicle| vehicle.id == id);
                found.map_or_else(gone, |vehicle| {
                    ("vehicle".into(), vehicle.title(), String::new(), None)
                })
            }
            Used::Service(id) => {
                let found = self.written.entries.iter().find(|e| e.id == EntryId::Service(id));
                found.map_or_else(gone, |entry| {
                    let title = entry.body.title.get(Lang::En).to_owned();
                    ("service".into(), title, String::new(), None)
                })
            }
        }
    }
}

#[async_trait]
impl KnowledgeBase for MemStore {
    async fn list_entries(
        &self,
        tenant: TenantId,
        kind: EntryKind,
    ) -> Result<Vec<Entry>, StoreError> {
        let world = self.enter("list_entries").await?;
        Ok(world.tenant(tenant)?.written.of(kind).cloned().collect())
    }

    async fn find_entry(&self, tenant: TenantId, id: EntryId) -> Result<Option<Entry>, StoreError> {
        let world = self.enter("find_entry").await?;
        let entries = &world.tenant(tenant)?.written.entries;
        Ok(entries.iter().find(|entry| entry.id == id).cloned())
    }

    async fn write_entry(
        &self,
        tenant: TenantId,
        write: &EntryWrite,
    ) -> Result<Written, StoreError> {
        let mut world = self.enter("write_entry").await?;
        let data = world.tenant_mut(tenant)?;
        let count = data.written.of(write.id.kind()).count();
        let full = count >= write.id.kind().most();
        let place = data.written.entries.iter().position(|entry| entry.id == write.id);
        let (action, entry) = match (place, &write.change) {
            (None, EntryChange::Put(body)) if write.expected == 0 => {
                if full {
                    return Ok(Written::TooMany);
                }
                let entry = Entry {
                    id: write.id,
                    version: 1,
                    body: body.clone(),
                    updated_at: write.now,
                    deleted_at: None,
                };
                if let EntryId::Service(id) = write.id {
                    data.booking.add_service(&Service {
                        id,
                        name: body.title.clone(),
                        keywords: body.keywords.clone(),
                        minutes: body.minutes.unwrap_or(30),
                        price: body.price,
                        notice_minutes: 0,
                        capacity: 1,
                    });
                }
                data.written.entries.push(entry.clone());
                ("made", entry)
            }
            (None, _) => return Ok(Written::NotFound),
            (Some(place), change) => {
                let entry = &mut data.written.entries[place];
                if entry.version != write.expected {
                    return Ok(Written::Conflict(entry.clone()));
                }
                let action = match change {
                    EntryChange::Put(_) if entry.deleted_at.is_some() => {
                        return Ok(Written::NotFound);
                    }
                    EntryChange::Put(body) => {
                        let minutes = entry.body.minutes;
                        entry.body = EntryBody { minutes, ..body.clone() };
                        "changed"
                    }
                    EntryChange::Delete => {
                        entry.deleted_at.get_or_insert(write.now);
                        "deleted"
                    }
                    EntryChange::Restore if full => return Ok(Written::TooMany),
                    EntryChange::Restore => {
                        entry.deleted_at = None;
                        "restored"
                    }
                };
                (entry.version, entry.updated_at) = (entry.version + 1, write.now);
                (action, entry.clone())
            }
        };
        let member_name = write.by.and_then(|by| data.member_name(by)).map(Into::into);
        let line = ChangeRecord {
            version: 0,
            action: String::new(),
            body: serde_json::to_value(&entry.body).unwrap_or_default(),
            member: write.by,
            member_name,
            at: write.now,
        };
        data.written.note(Subject::Entry(write.id), action, entry.version, line);
        data.knowledge_version += 1;
        Ok(Written::Stored(entry))
    }

    async fn history(
        &self,
        tenant: TenantId,
        of: Subject,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        let world = self.enter("history").await?;
        let history = &world.tenant(tenant)?.written.history;
        let lines = history.iter().rev().filter(|(subject, _)| *subject == of);
        Ok(lines.take(limit as usize).map(|(_, line)| line.clone()).collect())
    }

    async fn write_settings(
        &self,
        tenant: TenantId,
        write: &SettingsWrite,
    ) -> Result<SettingsWritten, StoreError> {
        let mut world = self.enter("write_settings").await?;
        let data = world.tenant_mut(tenant)?;
        if data.snapshot.settings.print() != write.expected {
            return Ok(SettingsWritten::Conflict);
        }
        data.snapshot.settings = write.settings.clone();
        data.knowledge_version += 1;
        let history = &data.written.history;
        let version = 1 + history.iter().filter(|(of, _)| *of == write.part).count() as i64;
        let line = ChangeRecord {
            version: 0,
            action: String::new(),
            body: write.body.clone(),
            member: write.by,
            member_name: write.by.and_then(|by| data.member_name(by)).map(Into::into),
            at: write.now,
        };
        data.written.note(write.part, "changed", version, line);
        Ok(SettingsWritten::Stored)
    }

    async fn search_knowledge(
        &self,
        tenant: TenantId,
        query: &str,
        lang: Lang,
        limit: u8,
    ) -> Result<Vec<Passage>, StoreError> {
        if let Some(behind) = self.behind() {
            let found = behind.search_knowledge(tenant, query, lang, limit).await?;
            let mut world = self.enter("search_knowledge").await?;
            let known = &mut world.tenant_mut(tenant)?.written.found;
            known.extend(found.iter().map(|passage| (passage.id, passage.clone())));
            return Ok(found);
        }
        let world = self.enter("search_knowledge").await?;
        let (rows, words) = (world.tenant(tenant)?.written.rows(), search::words(query));
        let find = |nearly| {
            let scored = rows.iter().map(|row| {
                let own = if row.lang == lang { 1.0 } else { 0.5 };
                (row.score(&words, nearly) * own, row)
            });
            scored.filter(|(score, _)| *score > 0.0).collect::<Vec<_>>()
        };
        let mut found = find(false);
        if found.is_empty() {
            found = find(true);
        }
        found.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.id.cmp(&b.id)));
        found.truncate(limit.min(MOST_PASSAGES).into());
        let passage = |(score, row): (f32, &Row)| Passage {
            id: row.id,
            source: row.source.clone(),
            text: row.shown(),
            score,
            found_by: FoundBy::Words,
        };
        Ok(found.into_iter().map(passage).collect())
    }

    async fn note_uses(
        &self,
        tenant: TenantId,
        session: SessionId,
        turn: TurnId,
        used: &[Stood],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = match self.behind() {
            Some(behind) => Some(behind.load_knowledge(tenant).await?),
            None => None,
        };
        let mut world = self.enter("note_uses").await?;
        let data = world.tenant_mut(tenant)?;
        let used: BTreeMap<Used, _> = used.iter().copied().take(MOST_USED).collect();
        for (used, found_by) in used {
            let (source, title, excerpt, url) = match &known {
                Some(known) => data.ground_behind(known, used),
                None => data.ground(used),
            };
            let record =
                GroundRecord { turn, used, source, title, excerpt, url, found_by, at: now };
            data.written.uses.entry((session, turn, used)).or_insert(record);
        }
        Ok(())
    }

    async fn grounds(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<GroundRecord>, StoreError> {
        let world = self.enter("grounds").await?;
        let uses = &world.tenant(tenant)?.written.uses;
        let own = uses.iter().filter(|((of, ..), _)| *of == session);
        let mut grounds: Vec<_> = own.map(|(_, record)| record.clone()).collect();
        grounds.sort_by_key(|record| (std::cmp::Reverse(record.at), record.turn, record.used));
        grounds.truncate(500);
        Ok(grounds)
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
        let mut world = self.enter("note_unanswered").await?;
        let questions = &mut world.tenant_mut(tenant)?.written.questions;
        let Some(text) = search::question(question) else { return Ok(()) };
        let key = search::question_key(&text, lang);
        let open = questions.iter().filter(|(.., end)| *end == QuestionEnd::Open).count();
        if let Some((known, _, end)) = questions.iter_mut().find(|(_, known, _)| *known == key) {
            known.times += 1;
            (known.session, known.last_at) = (session, now);
            if matches!(end, QuestionEnd::Answered(_)) {
                *end = QuestionEnd::Open;
            }
        } else if open < MOST_QUESTIONS as usize {
            let record =
                QuestionRecord { id, lang, text, times: 1, session, first_at: now, last_at: now };
            questions.push((record, key, QuestionEnd::Open));
        }
        Ok(())
    }

    async fn unanswered(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<QuestionRecord>, StoreError> {
        let world = self.enter("unanswered").await?;
        let questions = &world.tenant(tenant)?.written.questions;
        let open = questions.iter().filter(|(.., end)| *end == QuestionEnd::Open);
        let mut open: Vec<_> = open.map(|(record, ..)| record.clone()).collect();
        open.sort_by_key(|record| {
            (std::cmp::Reverse(record.times), std::cmp::Reverse(record.last_at), record.id)
        });
        open.truncate(limit as usize);
        Ok(open)
    }

    async fn settle_question(
        &self,
        tenant: TenantId,
        question: QuestionId,
        end: QuestionEnd,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("settle_question").await?;
        let questions = &mut world.tenant_mut(tenant)?.written.questions;
        let found = questions.iter_mut().find(|(record, ..)| record.id == question);
        Ok(found.map(|(.., stands)| *stands = end).is_some())
    }
}
