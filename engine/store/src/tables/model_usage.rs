//! `model_usage`: what models took, one row for each day and model.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, upsert::excluded};
use diesel_async::RunQueryDsl;
use forecourt_core::models::Spent;
use forecourt_ports::store::Taken;
use jiff::civil;
use jiff_diesel::Date;

use crate::{TenantTx, error::DbError, schema::model_usage as usage};

/// The most rows that are added up: thirty-one days of as many models.
const MOST_ROWS: i64 = 31 * 31;

/// Adds an answer to its day.
pub(crate) async fn add(mut tx: &TenantTx, day: civil::Date, taken: &Taken) -> QueryResult<()> {
    let row = (
        usage::day.eq(Date::from(day)),
        usage::model.eq(&taken.model),
        usage::answers.eq(1_i64),
        usage::unpriced.eq(i64::from(taken.nano_usd.is_none())),
        usage::prompt_tokens.eq(Taken::column(taken.prompt_tokens)),
        usage::cached_tokens.eq(Taken::column(taken.cached_tokens.min(taken.prompt_tokens))),
        usage::output_tokens.eq(Taken::column(taken.output_tokens)),
        usage::nano_usd.eq(Taken::column(taken.nano_usd.unwrap_or(0))),
    );
    let more = (
        usage::answers.eq(usage::answers + excluded(usage::answers)),
        usage::unpriced.eq(usage::unpriced + excluded(usage::unpriced)),
        usage::prompt_tokens.eq(usage::prompt_tokens + excluded(usage::prompt_tokens)),
        usage::cached_tokens.eq(usage::cached_tokens + excluded(usage::cached_tokens)),
        usage::output_tokens.eq(usage::output_tokens + excluded(usage::output_tokens)),
        usage::nano_usd.eq(usage::nano_usd + excluded(usage::nano_usd)),
    );
    diesel::insert_into(usage::table)
        .values(row)
        .on_conflict((usage::tenant_id, usage::day, usage::model))
        .do_update()
        .set(more)
        .execute(&mut tx)
        .await?;
    Ok(())
}

/// What was taken on `day`, and in its month up to then.
pub(crate) async fn sums(mut tx: &TenantTx, day: civil::Date) -> Result<(Spent, Spent), DbError> {
    let (from, to) = (Date::from(day.first_of_month()), Date::from(day));
    let rows: Vec<(Date, i64, i64, i64)> = usage::table
        .filter(usage::day.ge(from).and(usage::day.le(to)))
        .select((usage::day, usage::prompt_tokens, usage::output_tokens, usage::nano_usd))
        .limit(MOST_ROWS)
        .load(&mut tx)
        .await?;
    let (mut today, mut month) = (Spent::default(), Spent::default());
    for (at, prompt, output, nano_usd) in rows {
        let add = |spent: &mut Spent| {
            let tokens = prompt.unsigned_abs().saturating_add(output.unsigned_abs());
            spent.tokens = spent.tokens.saturating_add(tokens);
            spent.nano_usd = spent.nano_usd.saturating_add(nano_usd.unsigned_abs());
        };
        add(&mut month);
        if at.to_jiff() == day {
            add(&mut today);
        }
    }
    Ok((today, month))
}
