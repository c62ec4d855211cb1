//! Ratings of replies on Postgres, and what became of conversations.

use std::collections::HashMap;

use async_trait::async_trait;
use forecourt_core::id::{MemberId, MessageId, SessionId, TenantId};
use forecourt_ports::store::{
    StoreError,
    replies::{Rated, Rating, Replies, ReplyFigures, ReplyRating},
};
use futures_util::try_join;
use jiff::Timestamp;

use super::{PgStore, store_error};
use crate::{
    TenantTx,
    tables::{
        replies::{self, Origin},
        reply_ratings,
    },
};

#[async_trait]
impl Replies for PgStore {
    async fn rate(&self, tenant: TenantId, rating: &ReplyRating) -> Result<Rated, StoreError> {
        let write = async |tx: &mut TenantTx| {
            let tx = &*tx;
            match reply_ratings::is_assistants(tx, rating.session, rating.message).await? {
                None => return Ok(Rated::NoMessage),
                Some(false) => return Ok(Rated::NotAssistants),
                Some(true) => {}
            }
            let known = reply_ratings::find(tx, rating.message, rating.member).await?;
            if let Some(known) = known.filter(|known| known.says_as(rating)) {
                return Ok(Rated::Stored(known));
            }
            reply_ratings::put(tx, rating).await?;
            Ok(Rated::Stored(rating.clone()))
        };
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn unrate(
        &self,
        tenant: TenantId,
        session: SessionId,
        message: MessageId,
        member: MemberId,
    ) -> Result<bool, StoreError> {
        let write = async |tx: &mut TenantTx| {
            let tx = &*tx;
            let found = reply_ratings::is_assistants(tx, session, message).await?.is_some();
            if found {
                reply_ratings::delete(tx, message, member).await?;
            }
            Ok(found)
        };
        self.app.tenant(tenant, write).await.map_err(store_error)
    }

    async fn ratings(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Vec<ReplyRating>, StoreError> {
        let read = async |tx: &mut TenantTx| reply_ratings::list(tx, session).await;
        self.app.read(tenant, read).await.map_err(store_error)
    }

    async fn reply_figures(
        &self,
        tenant: TenantId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ReplyFigures>, StoreError> {
        let span = (from, until);
        let read = async |tx: &mut TenantTx| {
            let tx = &*tx;
            try_join!(
                replies::counted(tx, span),
                replies::rated(tx, span, Rating::Good),
                replies::rated(tx, span, Rating::Bad),
                replies::booked(tx, span),
                replies::handed_over(tx, span),
                replies::closed(tx, span),
            )
        };
        let found = self.app.read(tenant, read).await.map_err(store_error)?;
        let (counted, good, bad, booked, handed_over, closed) = found;
        let by_origin = |rows: Vec<(Origin, u64)>| rows.into_iter().collect::<HashMap<_, _>>();
        let (good, bad) = (by_origin(good), by_origin(bad));
        let (booked, handed_over, closed) =
            (by_origin(booked), by_origin(handed_over), by_origin(closed));
        let row = |(origin, (replies, conversations)): (Origin, (u64, u64))| {
            let of = |rows: &HashMap<Origin, u64>| rows.get(&origin).copied().unwrap_or_default();
            let (booked, handed_over, closed) = (of(&booked), of(&handed_over), of(&closed));
            let open = conversations.saturating_sub(booked + handed_over + closed);
            let (good, bad) = (of(&good), of(&bad));
            let (prompt, model) = origin;
            ReplyFigures {
                prompt,
                model,
                replies,
                good,
                bad,
                conversations,
                booked,
                handed_over,
                open,
                closed,
            }
        };
        Ok(counted.into_iter().map(row).collect())
    }
}
