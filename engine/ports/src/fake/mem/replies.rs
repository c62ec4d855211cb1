//! Ratings of replies in memory, and what became of conversations.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use forecourt_core::{
    event::{Author, Event},
    id::{MemberId, MessageId, SessionId, TenantId},
};
use jiff::Timestamp;

use super::{MemStore, TenantData};
use crate::store::{
    StoreError,
    replies::{
        MAX_REASON, MOST_FIGURES, MOST_RATINGS, Rated, Rating, Replies, ReplyFigures, ReplyRating,
    },
};

/// Of a tenant, by message and member.
pub(super) type Data = BTreeMap<(MessageId, MemberId), ReplyRating>;

#[async_trait]
impl Replies for MemStore {
    async fn rate(&self, tenant: TenantId, rating: &ReplyRating) -> Result<Rated, StoreError> {
        let mut world = self.enter("rate").await?;
        let data = world.tenant_mut(tenant)?;
        let author = data.author_of(rating.session, rating.message);
        match author {
            None => return Ok(Rated::NoMessage),
            Some(Author::Assistant) => {}
            Some(_) => return Ok(Rated::NotAssistants),
        }
        let length = rating.reason.as_ref().map_or(1, |reason| reason.chars().count());
        if !(1..=MAX_REASON).contains(&length) || data.member_name(rating.member).is_none() {
            return Err(StoreError::Failed("a row was refused".into()));
        }
        let known = data.ratings.get(&(rating.message, rating.member));
        if let Some(known) = known.filter(|known| known.says_as(rating)) {
            return Ok(Rated::Stored(known.clone()));
        }
        data.ratings.insert((rating.message, rating.member), rating.clone());
        Ok(Rated::Stored(rating.clone()))
    }

    async fn unrate(
        &self,
        tenant: TenantId,
        session: SessionId,
        message: MessageId,
        member: MemberId,
    ) -> Result<bool, StoreError> {
        let mut world = self.enter("unrate").await?;
        let data = world.tenant_mut(tenant)?;
        let is_there = data.author_of(session, message).is_some();
        if is_there {
            data.ratings.remove(&(message, member));
        }
        Ok(is_there)
    }

    async fn ratings(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<ReplyRating>, StoreError> {
        let world = self.enter("ratings").await?;
        let all = world.tenant(tenant)?.ratings.values();
        let mut found: Vec<_> = all.filter(|one| one.session == session).cloned().collect();
        found.sort_by_key(|one| (one.at, one.message, one.member));
        found.truncate(MOST_RATINGS);
        Ok(found)
    }

    async fn reply_figures(
        &self,
        tenant: TenantId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ReplyFigures>, StoreError> {
        let world = self.enter("reply_figures").await?;
        let data = world.tenant(tenant)?;
        let mut by_origin: BTreeMap<(String, String), (BTreeSet<SessionId>, ReplyFigures)> =
            BTreeMap::new();
        for record in data.journal.iter().filter(|record| (from..until).contains(&record.at)) {
            let Event::MessagePosted(posted) = &record.event else { continue };
            let Some(origin) = posted.origin.as_ref() else { continue };
            let key = (origin.prompt.clone(), origin.model.clone());
            let (sessions, figures) = by_origin.entry(key).or_default();
            figures.replies += 1;
            for one in data.ratings.values().filter(|one| one.message == posted.message) {
                match one.rating {
                    Rating::Good => figures.good += 1,
                    Rating::Bad => figures.bad += 1,
                }
            }
            if sessions.insert(record.session) {
                figures.conversations += 1;
                let needed = |event: &Event| {
                    matches!(event, Event::HandoffRequested { .. } | Event::TakenOver { .. })
                };
                let mut journal = data.journal.iter();
                if data.booking.is_booked_in(record.session) {
                    figures.booked += 1;
                } else if journal.any(|one| one.session == record.session && needed(&one.event)) {
                    figures.handed_over += 1;
                } else if data.sessions.get(&record.session).is_some_and(|s| s.state.closed) {
                    figures.closed += 1;
                } else {
                    figures.open += 1;
                }
            }
        }
        let row = |((prompt, model), (_, figures))| ReplyFigures { prompt, model, ..figures };
        let mut rows: Vec<ReplyFigures> = by_origin.into_iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.replies));
        rows.truncate(MOST_FIGURES);
        Ok(rows)
    }
}

impl TenantData {
    fn author_of(&self, session: SessionId, message: MessageId) -> Option<Author> {
        let messages = &self.sessions.get(&session)?.messages;
        messages.iter().find(|one| one.message == message).map(|one| one.author)
    }
}
