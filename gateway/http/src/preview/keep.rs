//! The previews of this node: one of each member, a few of each tenant, each for a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use forecourt_actors::EngineError;
use forecourt_core::{
    id::{MemberId, SessionId, TenantId},
    lang::Lang,
};
use jiff::{SignedDuration, Timestamp};

use super::{NoStage, Stage, Stages};
use crate::{
    desk::TenantDesk,
    gateway::{Gateway, lock},
    problem::{Code, Problem},
};

/// Previews of one tenant, and of the node.
pub(crate) const OF_TENANT: usize = 3;
pub(crate) const OF_NODE: usize = 12;
/// Messages of one preview.
pub(crate) const MESSAGES: u32 = 60;
/// A preview to which nobody writes ends then, and each at last then.
const IDLE: SignedDuration = SignedDuration::from_mins(15);
const LONGEST: SignedDuration = SignedDuration::from_hours(2);
/// A node that is full ends the preview that was quiet longest, if it was quiet so long.
const QUIET: SignedDuration = SignedDuration::from_mins(2);

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Previews {
    pub(crate) stages: Option<Arc<dyn Stages>>,
    open: Mutex<HashMap<Whose, Place>>,
}

type Whose = (TenantId, MemberId);

/// A place is taken before its stage is there: two who begin at once do not pass the bounds.
enum Place {
    Opening(u64),
    Open(Arc<Preview>),
}

/// A preview that runs.
pub(crate) struct Preview {
    pub(crate) stage: Stage,
    /// The gateway's own machinery over the stage: streams, names.
    pub(crate) gateway: Gateway,
    pub(crate) desk: Arc<dyn TenantDesk>,
    pub(crate) session: SessionId,
    pub(crate) lang: Lang,
    pub(crate) house: bool,
    pub(crate) began: Timestamp,
    used: Mutex<Used>,
}

struct Used {
    last: Timestamp,
    messages: u32,
}

impl Preview {
    pub(crate) fn ends_at(&self) -> Timestamp {
        let last = lock(&self.used).last;
        let idle = last.saturating_add(IDLE).unwrap_or(Timestamp::MAX);
        idle.min(self.began.saturating_add(LONGEST).unwrap_or(Timestamp::MAX))
    }

    pub(crate) fn messages_left(&self) -> u32 {
        MESSAGES.saturating_sub(lock(&self.used).messages)
    }

    /// What an error of the stage is to the member: an engine that has ended is a preview that is over.
    pub(crate) fn told(&self, error: EngineError) -> Problem {
        let over = self.stage.end.is_cancelled() && !matches!(error, EngineError::Rejected(_));
        if over { Problem::new(Code::PreviewOver) } else { error.into() }
    }

    /// Counts a message that is written now; one more than there may be is refused.
    pub(crate) fn write(&self, now: Timestamp) -> Result<(), Problem> {
        let mut used = lock(&self.used);
        if used.messages >= MESSAGES {
            let detail = format!("a preview has {MESSAGES} messages at most");
            return Err(Problem::new(Code::PreviewOver).detail(detail));
        }
        *used = Used { last: now, messages: used.messages + 1 };
        Ok(())
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.stage.end.cancel();
    }
}

impl Previews {
    pub(crate) fn new(stages: Option<Arc<dyn Stages>>) -> Self {
        Self { stages, open: Mutex::default() }
    }

    /// The member's preview, if one runs here.
    pub(crate) fn find(&self, whose: Whose) -> Result<Arc<Preview>, Problem> {
        match lock(&self.open).get(&whose) {
            Some(Place::Open(preview)) => Ok(Arc::clone(preview)),
            _ => Err(Problem::new(Code::NotFound)),
        }
    }

    /// Ends the member's preview; none is no error.
    pub(crate) fn end(&self, whose: Whose) {
        // Taken out under the lock, and ended behind it.
        let ended = lock(&self.open).remove(&whose);
        if let Some(Place::Open(preview)) = ended {
            preview.stage.end.cancel();
        }
    }

    /// Ends the member's earlier preview and begins another one.
    pub(crate) async fn start(
        gateway: &Gateway,
        whose: Whose,
        wish: (Option<Lang>, bool),
    ) -> Result<Arc<Preview>, Problem> {
        let state = &gateway.0;
        let previews = &state.previews;
        let stages = previews.stages.as_ref().ok_or_else(|| Problem::new(Code::NotFound))?;
        let ticket = previews.take(whose, state.clock.now())?;
        let begun = begin(gateway, &**stages, whose.0, wish).await;
        let mut open = lock(&previews.open);
        let mine = matches!(open.get(&whose), Some(Place::Opening(held)) if *held == ticket);
        let preview = match begun {
            Ok(preview) if mine => Arc::new(preview),
            // The same member began another one meanwhile: theirs is the newer.
            Ok(_) => return Err(Problem::new(Code::PreviewOver)),
            Err(problem) => {
                if mine {
                    open.remove(&whose);
                }
                return Err(problem);
            }
        };
        open.insert(whose, Place::Open(Arc::clone(&preview)));
        drop(open);
        watch(gateway, whose, &preview);
        Ok(preview)
    }

    /// Takes a place for a preview that is to be opened.
    fn take(&self, whose: Whose, now: Timestamp) -> Result<u64, Problem> {
        static TICKETS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let ticket = TICKETS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut ended = Vec::new();
        let mut open = lock(&self.open);
        ended.extend(open.remove(&whose));
        let of_tenant = open.keys().filter(|(tenant, _)| *tenant == whose.0).count();
        let full = if of_tenant >= OF_TENANT {
            let detail = format!("{OF_TENANT} members of the tenant have a preview open");
            Some(Problem::new(Code::TooMany).detail(detail))
        } else if open.len() >= OF_NODE {
            let quiet = open.iter().filter_map(|(whose, place)| match place {
                Place::Open(preview) => Some((lock(&preview.used).last, *whose)),
                Place::Opening(_) => None,
            });
            let oldest = quiet.min().filter(|(last, _)| now.duration_since(*last) >= QUIET);
            ended.extend(oldest.and_then(|(_, whose)| open.remove(&whose)));
            let full = open.len() >= OF_NODE;
            full.then(|| Problem::new(Code::Busy).detail("too many previews run just now"))
        } else {
            None
        };
        if full.is_none() {
            open.insert(whose, Place::Opening(ticket));
        }
        drop(open);
        for place in ended {
            if let Place::Open(preview) = place {
                preview.stage.end.cancel();
            }
        }
        match full {
            Some(problem) => Err(problem.retry_after(Duration::from_mins(1))),
            None => Ok(ticket),
        }
    }
}

async fn begin(
    gateway: &Gateway,
    stages: &dyn Stages,
    tenant: TenantId,
    (lang, house): (Option<Lang>, bool),
) -> Result<Preview, Problem> {
    let house = house || !stages.has_models();
    let stage = stages.open(tenant, house).await.map_err(|error| match error {
        NoStage::NoTenant => Problem::new(Code::Unauthorised),
        NoStage::Store(error) => error.into(),
        NoStage::NotStarted => Problem::new(Code::Busy),
    })?;
    // Dropped on the way, the stage ends.
    let ends = stage.end.clone().drop_guard();
    let desk = stage.desk.tenant_by_id(tenant).await?;
    let desk = desk.ok_or_else(|| Problem::new(Code::Unauthorised))?;
    let lang = desk.snapshot().settings.language_or_default(lang);
    let session = desk.open_session(lang).await?;
    let began = gateway.0.clock.now();
    let gateway = gateway.on_stage(&stage);
    ends.disarm();
    let used = Mutex::new(Used { last: began, messages: 0 });
    Ok(Preview { stage, gateway, desk, session, lang, house, began, used })
}

/// Ends a preview when its time is over, or with the node.
fn watch(gateway: &Gateway, whose: Whose, preview: &Arc<Preview>) {
    let (state, session) = (Arc::clone(&gateway.0), preview.session);
    let (end, preview) = (preview.stage.end.clone(), Arc::downgrade(preview));
    let watching = async move {
        while let Some(ends_at) = preview.upgrade().map(|preview| preview.ends_at()) {
            if ends_at <= state.clock.now() {
                let mut open = lock(&state.previews.open);
                let is_it =
                    matches!(open.get(&whose), Some(Place::Open(p)) if p.session == session);
                let ended = is_it.then(|| open.remove(&whose));
                drop((open, ended));
                break;
            }
            tokio::select! {
                () = state.clock.sleep_until(ends_at) => {}
                () = end.cancelled() => break,
                () = state.stopping.cancelled() => break,
            }
        }
        end.cancel();
    };
    actix_web::rt::spawn(watching);
}
