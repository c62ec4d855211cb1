//! `model_usage`: what models took, one row for each day and model.

use std::collections::BTreeMap;

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use forecourt_core::models::Spent;
use forecourt_ports::store::Taken;
use jiff::civil;
use jiff_diesel::Date;

use super::bulk::bulk;
use crate::{TenantTx, error::DbError, schema::model_usage as usage};

/// The most rows that are added up: thirty-one days of as many models.
const MOST_ROWS: i64 = 31 * 31;

bulk! {
    /// What answers of one day and model took.
    insert AddUsage of UsageRow into model_usage {
        day: Date,
        model: String,
        answers: i64,
        unpriced: i64,
        prompt_tokens: i64,
        cached_tokens: i64,
        output_tokens: i64,
        nano_usd: i64,
    }
    "ON CONFLICT (tenant_id, day, model) DO UPDATE SET \
     answers = model_usage.answers + EXCLUDED.answers, \
     unpriced = model_usage.unpriced + EXCLUDED.unpriced, \
     prompt_tokens = model_usage.prompt_tokens + EXCLUDED.prompt_tokens, \
     cached_tokens = model_usage.cached_tokens + EXCLUDED.cached_tokens, \
     output_tokens = model_usage.output_tokens + EXCLUDED.output_tokens, \
     nano_usd = model_usage.nano_usd + EXCLUDED.nano_usd"
}

/// One row for each day and model, in an order that all nodes keep: rows that several add to are locked in it.
pub(crate) fn rows(taken: &[(civil::Date, Taken)]) -> AddUsage {
    let mut sums: BTreeMap<(civil::Date, String), UsageRow> = BTreeMap::new();
    for (day, taken) in taken {
        let model = taken.model.replace('\0', "\u{fffd}");
        let row = sums.entry((*day, model)).or_insert_with_key(|(day, model)| UsageRow {
            day: (*day).into(),
            model: model.clone(),
            answers: 0,
            unpriced: 0,
            prompt_tokens: 0,
            cached_tokens: 0,
            output_tokens: 0,
            nano_usd: 0,
        });
        row.answers += 1;
        row.unpriced += i64::from(taken.nano_usd.is_none());
        row.prompt_tokens += Taken::column(taken.prompt_tokens);
        row.cached_tokens += Taken::column(taken.cached_tokens.min(taken.prompt_tokens));
        row.output_tokens += Taken::column(taken.output_tokens);
        row.nano_usd += Taken::column(taken.nano_usd.unwrap_or(0));
    }
    sums.into_values().collect()
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
