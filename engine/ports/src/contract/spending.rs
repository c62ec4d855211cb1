//! What models took is added up by day and month, for each tenant by itself.

use forecourt_core::models::Spent;
use futures_util::future::join_all;
use jiff::civil::date;

use super::{Ground, stage::Stage};
use crate::store::Taken;

fn taken(model: &str, tokens: u64, nano_usd: Option<u64>) -> Taken {
    let (prompt_tokens, cached_tokens) = (tokens - 1, tokens / 2);
    Taken { model: model.into(), prompt_tokens, cached_tokens, output_tokens: 1, nano_usd }
}

pub async fn what_models_took_is_added_up_by_day_and_month(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let spent = |tokens, nano_usd| Spent { tokens, nano_usd };
    let of = async |day| stage.other.spent(stage.tenant, day).await.expect("a sum");
    assert_eq!(of(date(2026, 11, 24)).await, (spent(0, 0), spent(0, 0)));
    for (day, model, tokens, cost) in [
        (date(2026, 10, 31), "a", 1_000, Some(9)),
        (date(2026, 11, 1), "a", 100, Some(5)),
        (date(2026, 11, 24), "a", 10, Some(3)),
        (date(2026, 11, 24), "a", 20, None),
        (date(2026, 11, 24), "b", 30, Some(0)),
        (date(2026, 11, 25), "a", 5_000, Some(7)),
    ] {
        let one = [(day, taken(model, tokens, cost))];
        stage.store.spend(stage.tenant, &one).await.expect("a row");
    }
    assert_eq!(of(date(2026, 11, 24)).await, (spent(60, 3), spent(160, 8)));
    assert_eq!(of(date(2026, 10, 31)).await, (spent(1_000, 9), spent(1_000, 9)));
    let other = stage.set_another("annen-bil").await;
    let theirs = other.store.spent(other.tenant, date(2026, 11, 24)).await.expect("a sum");
    assert_eq!(theirs, (spent(0, 0), spent(0, 0)), "A8");
}

pub async fn of_answers_that_end_at_once_none_is_lost(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let day = date(2026, 11, 24);
    // Several nodes, each with the same models in another order.
    let one = |model| (day, taken(model, 10, Some(1)));
    let some = [[one("a"), one("b"), one("a")], [one("b"), one("a"), one("a")]];
    let all = (0..16).map(|n| {
        let store = if n % 2 == 0 { &stage.store } else { &stage.other };
        store.spend(stage.tenant, &some[n % 2])
    });
    for one in join_all(all).await {
        one.expect("rows");
    }
    stage.store.spend(stage.tenant, &[]).await.expect("nothing to write");
    let huge = Taken { nano_usd: Some(u64::MAX), ..taken("c", 10, None) };
    let huge = [(day, huge.clone()), (day, huge)];
    stage.store.spend(stage.tenant, &huge).await.expect("a row, whatever the number");
    let (today, _) = stage.store.spent(stage.tenant, day).await.expect("a sum");
    assert_eq!(today.tokens, 16 * 30 + 20);
}
