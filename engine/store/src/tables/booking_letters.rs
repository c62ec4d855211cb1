//! `booking_letters`: invitations and reminders, from the decision to the proof.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, dsl::max};
use diesel_async::RunQueryDsl;
use forecourt_core::{
    booking::{
        Booking,
        letter::{LetterKind, Owed},
    },
    id::{BookingId, DeliveryId, NodeId},
};
use forecourt_ports::store::{DueLetter, LetterEnd, LetterRecord, LetterStatus, NewCode};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Time, Word, number};
use crate::{TenantTx, error::DbError, schema::booking_letters};

const TABLE: &str = "booking_letters";

/// Writes down what a booking owes from now on; a letter that is there already stays as it is.
pub(crate) async fn add(
    mut tx: &TenantTx,
    booking: BookingId,
    letters: &[(Owed, DeliveryId)],
    now: Timestamp,
) -> Result<(), DbError> {
    let mut rows = Vec::with_capacity(letters.len());
    for (owed, delivery) in letters {
        rows.push((
            booking_letters::booking_id.eq(booking.into_uuid()),
            booking_letters::kind.eq(owed.kind.word()),
            booking_letters::sequence.eq(number::<_, i32>(owed.sequence, TABLE)?),
            booking_letters::delivery_id.eq(delivery.into_uuid()),
            booking_letters::status.eq(LetterStatus::Pending.word()),
            booking_letters::next_at.eq(Time::from(owed.due_at)),
            booking_letters::created_at.eq(Time::from(now)),
            booking_letters::updated_at.eq(Time::from(now)),
        ));
    }
    if !rows.is_empty() {
        diesel::insert_into(booking_letters::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(&mut tx)
            .await?;
    }
    Ok(())
}

/// Writes down that a code is to be sent, under the next number of the booking's codes.
pub(crate) async fn add_code(mut tx: &TenantTx, code: &NewCode) -> Result<(), DbError> {
    let last: Option<i32> = booking_letters::table
        .filter(booking_letters::booking_id.eq(code.booking.into_uuid()))
        .filter(booking_letters::kind.eq(LetterKind::Code.word()))
        .select(max(booking_letters::sequence))
        .first(&mut tx)
        .await?;
    let sequence = last.map_or(Ok(0), |last| number(i64::from(last) + 1, TABLE))?;
    let owed = Owed { kind: LetterKind::Code, sequence, due_at: code.now };
    add(tx, code.booking, &[(owed, code.delivery)], code.now).await
}

/// Drops what has not left and speaks of an older state.
pub(crate) async fn drop_older(
    mut tx: &TenantTx,
    booking: &Booking,
    now: Timestamp,
) -> Result<(), DbError> {
    diesel::update(booking_letters::table)
        .filter(booking_letters::booking_id.eq(booking.id.into_uuid()))
        .filter(booking_letters::kind.ne(LetterKind::Code.word()))
        .filter(booking_letters::sequence.lt(number::<_, i32>(booking.sequence, TABLE)?))
        .filter(booking_letters::status.eq(LetterStatus::Pending.word()))
        .set((
            booking_letters::status.eq(LetterStatus::Dropped.word()),
            booking_letters::claimed_by.eq(None::<Uuid>),
            booking_letters::claimed_until.eq(None::<Time>),
            booking_letters::updated_at.eq(Time::from(now)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}

pub(crate) async fn list(
    mut tx: &TenantTx,
    booking: BookingId,
) -> Result<Vec<LetterRecord>, DbError> {
    type Row = (String, i32, String, Time, i32, Option<String>);
    let found: Vec<Row> = booking_letters::table
        .filter(booking_letters::booking_id.eq(booking.into_uuid()))
        .order((booking_letters::sequence, booking_letters::next_at, booking_letters::kind))
        .limit(500)
        .select((
            booking_letters::kind,
            booking_letters::sequence,
            booking_letters::status,
            booking_letters::next_at,
            booking_letters::attempts,
            booking_letters::code,
        ))
        .load(&mut tx)
        .await?;
    let record = |(kind, sequence, status, next_at, attempts, code): Row| {
        Ok(LetterRecord {
            kind: LetterKind::read(&kind, TABLE)?,
            sequence: number(sequence, TABLE)?,
            status: LetterStatus::read(&status, TABLE)?,
            next_at: next_at.to_jiff(),
            attempts: number(attempts, TABLE)?,
            code,
        })
    };
    found.into_iter().map(record).collect()
}

/// A letter that was claimed; its booking is read apart.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) booking: BookingId,
    pub(crate) owed: Owed,
    pub(crate) delivery: DeliveryId,
    pub(crate) attempt: u32,
    pub(crate) lost: bool,
}

/// Claims what is due and held by nobody, the oldest first.
pub(crate) async fn claim(
    mut tx: &TenantTx,
    node: NodeId,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Claimed>, DbError> {
    type Row = (Uuid, String, i32, Uuid, String, i32, Time);
    let now = Time::from(now);
    let open = [LetterStatus::Pending.word(), LetterStatus::HandingOver.word()];
    let found: Vec<Row> = booking_letters::table
        .filter(booking_letters::status.eq_any(open))
        .filter(booking_letters::next_at.le(now))
        .filter(booking_letters::claimed_until.is_null().or(booking_letters::claimed_until.le(now)))
        .order(booking_letters::next_at)
        .limit(limit.into())
        .select((
            booking_letters::booking_id,
            booking_letters::kind,
            booking_letters::sequence,
            booking_letters::delivery_id,
            booking_letters::status,
            booking_letters::attempts,
            booking_letters::next_at,
        ))
        .for_update()
        .skip_locked()
        .load(&mut tx)
        .await?;
    let mut claimed = Vec::with_capacity(found.len());
    for (booking, kind, sequence, delivery, status, attempts, next_at) in found {
        diesel::update(booking_letters::table)
            .filter(booking_letters::booking_id.eq(booking))
            .filter(booking_letters::kind.eq(&kind))
            .filter(booking_letters::sequence.eq(sequence))
            .set((
                booking_letters::claimed_by.eq(node.into_uuid()),
                booking_letters::claimed_until.eq(Time::from(until)),
                booking_letters::updated_at.eq(now),
            ))
            .execute(&mut tx)
            .await?;
        claimed.push(Claimed {
            booking: BookingId::from_uuid(booking),
            owed: Owed {
                kind: LetterKind::read(&kind, TABLE)?,
                sequence: number(sequence, TABLE)?,
                due_at: next_at.to_jiff(),
            },
            delivery: DeliveryId::from_uuid(delivery),
            attempt: number::<_, u32>(attempts, TABLE)? + 1,
            lost: LetterStatus::read(&status, TABLE)? == LetterStatus::HandingOver,
        });
    }
    Ok(claimed)
}

/// Records that a claimed letter is being handed over.
pub(crate) async fn hand_over(
    mut tx: &TenantTx,
    letter: &DueLetter,
    node: NodeId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    let Owed { kind, sequence, .. } = letter.owed;
    let update = diesel::update(booking_letters::table)
        .filter(booking_letters::booking_id.eq(letter.booking.id.into_uuid()))
        .filter(booking_letters::kind.eq(kind.word()))
        .filter(booking_letters::sequence.eq(number::<_, i32>(sequence, TABLE)?))
        .filter(booking_letters::status.eq(LetterStatus::Pending.word()))
        .filter(booking_letters::claimed_by.eq(node.into_uuid()))
        .set((
            booking_letters::status.eq(LetterStatus::HandingOver.word()),
            booking_letters::claimed_until.eq(Time::from(until)),
            booking_letters::updated_at.eq(Time::from(now)),
        ));
    Ok(update.execute(&mut tx).await? == 1)
}

pub(crate) async fn end(
    mut tx: &TenantTx,
    letter: &DueLetter,
    end: &LetterEnd,
    now: Timestamp,
) -> Result<(), DbError> {
    let Owed { kind, sequence, due_at } = letter.owed;
    let (status, next_at, code) = match end {
        LetterEnd::Again { at, code } => (LetterStatus::Pending, *at, Some(code)),
        LetterEnd::Over { status, code } => (*status, due_at, code.as_ref()),
    };
    let open = [LetterStatus::Pending.word(), LetterStatus::HandingOver.word()];
    diesel::update(booking_letters::table)
        .filter(booking_letters::booking_id.eq(letter.booking.id.into_uuid()))
        .filter(booking_letters::kind.eq(kind.word()))
        .filter(booking_letters::sequence.eq(number::<_, i32>(sequence, TABLE)?))
        .filter(booking_letters::status.eq_any(open))
        .set((
            booking_letters::status.eq(status.word()),
            booking_letters::attempts.eq(number::<_, i32>(letter.attempt, TABLE)?),
            booking_letters::next_at.eq(Time::from(next_at)),
            booking_letters::code.eq(code),
            booking_letters::claimed_by.eq(None::<Uuid>),
            booking_letters::claimed_until.eq(None::<Time>),
            booking_letters::updated_at.eq(Time::from(now)),
        ))
        .execute(&mut tx)
        .await?;
    Ok(())
}
