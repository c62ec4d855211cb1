//! What a tenant still lacks before customers come.

use forecourt_core::{
    models::{Provider, Task},
    settings::TenantSettings,
};
use forecourt_wire::{PreviewReadiness, ReadinessCheck, ReadinessOf, ReadinessState};

use crate::{auth::Staff, gateway::State, problem::Problem, sessions};

/// Looks at all of it, as it is stored.
pub(super) async fn look(state: &State, staff: &Staff) -> Result<PreviewReadiness, Problem> {
    let tenant = staff.member.tenant;
    let desk = sessions::tenant_of(state, staff).await?;
    let knowledge = desk.knowledge().await?;
    let snapshot = desk.snapshot();
    let settings = &snapshot.settings;
    let pages: u32 =
        state.store.list_websites(tenant).await?.iter().map(|site| site.pages_read).sum();
    let team = state.store.team(tenant).await?;
    let open_days = settings.hours.week.iter().filter(|day| !day.is_empty()).count();
    let models =
        state.previews.stages.as_ref().is_some_and(|stages| stages.has_models()) && asks(settings);
    let vehicles = matches!(snapshot.pack.as_str(), "dealer" | "portal" | "rental");
    let mut checks = vec![
        check(ReadinessOf::Services, knowledge.services.len(), ReadinessState::Missing),
        check(ReadinessOf::Hours, open_days, ReadinessState::Missing),
        check(
            ReadinessOf::Knowledge,
            knowledge.faqs.len() + pages as usize,
            ReadinessState::Advised,
        ),
        check(ReadinessOf::Staff, team.len(), ReadinessState::Missing),
        check(ReadinessOf::Alerts, settings.mail.alert_to.len(), ReadinessState::Missing),
        check(ReadinessOf::Website, settings.allowed_origins.len(), ReadinessState::Missing),
        check(ReadinessOf::Models, usize::from(models), ReadinessState::Advised),
    ];
    if vehicles {
        let stock = check(ReadinessOf::Stock, knowledge.vehicles.len(), ReadinessState::Advised);
        checks.insert(3, stock);
    }
    Ok(PreviewReadiness { models, checks })
}

fn check(of: ReadinessOf, count: usize, otherwise: ReadinessState) -> ReadinessCheck {
    let state = if count > 0 { ReadinessState::Ready } else { otherwise };
    ReadinessCheck { of, state, count: u32::try_from(count).unwrap_or(u32::MAX) }
}

/// Whether the tenant lets models answer: one that names the house responder first asks nobody else.
fn asks(settings: &TenantSettings) -> bool {
    let order = settings.models.order.get(&Task::Answer);
    order.is_none_or(|order| order.first() != Some(&Provider::House))
}
