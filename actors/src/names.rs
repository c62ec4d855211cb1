//! The names of this crate's metrics, in one place. Labels carry no personal data (A13).

/// Commands decided, by `result`: `stored`, `rejected`, `conflict`, `failed`.
pub(crate) const COMMANDS: &str = "forecourt_commands_total";
/// Appends per commit.
pub(crate) const COMMIT_BATCH: &str = "forecourt_commit_batch_appends";
/// Seconds per commit.
pub(crate) const COMMIT_SECONDS: &str = "forecourt_commit_seconds";
/// Actors that died of a panic, by `actor`.
pub(crate) const CRASHES: &str = "forecourt_actor_crashes_total";
/// Sessions handed to a person because the program failed on them twice.
pub(crate) const QUARANTINED: &str = "forecourt_sessions_quarantined_total";
/// Session actors alive now.
pub(crate) const SESSIONS_AWAKE: &str = "forecourt_sessions_awake";
/// Turns ended, by `model` and `result`.
pub(crate) const TURNS: &str = "forecourt_turns_total";
/// Seconds from the start of a turn to its first released text.
pub(crate) const FIRST_TEXT_SECONDS: &str = "forecourt_turn_first_text_seconds";
/// Tokens that complete answers took, by `model` and `kind`: `input`, `cached`, `output`.
pub(crate) const MODEL_TOKENS: &str = "forecourt_model_tokens_total";
/// Billionths of a US dollar that complete answers cost, as far as prices are known, by `model`.
pub(crate) const MODEL_COST: &str = "forecourt_model_cost_nano_usd_total";
/// Seconds from a call to the first text of a model, before the gate, by `model`.
pub(crate) const FIRST_TOKEN_SECONDS: &str = "forecourt_model_first_token_seconds";
/// Turns that asked no model which costs money: the tenant's budget was used up.
pub(crate) const BUDGETS_SPENT: &str = "forecourt_model_budget_spent_total";
/// Files of customers, by `result`: `posted` with a message, `arrived`, `failed`.
pub(crate) const ATTACHMENTS: &str = "forecourt_attachments_total";
/// Sentences the claim gate withheld.
pub(crate) const WITHHELD: &str = "forecourt_sentences_withheld_total";
/// Tries to send, by `provider` and `result`.
pub(crate) const DELIVERIES: &str = "forecourt_deliveries_total";
/// Whether a provider answers, by `provider`: 0 it does, 1 a probe is on its way, 2 it is left alone.
pub(crate) const PROVIDER_STATE: &str = "forecourt_provider_state";
/// How often a provider stopped answering, by `provider`.
pub(crate) const PROVIDER_OPENED: &str = "forecourt_provider_opened_total";
/// Tries that were put off because their provider does not answer, by `provider`. They burn no step
/// of their ladder.
pub(crate) const POSTPONED: &str = "forecourt_deliveries_postponed_total";
/// Dead letters that a person had sent once more.
pub(crate) const REPLAYS: &str = "forecourt_deliveries_replayed_total";
/// Promises that ended, by `result` (`kept`, `broken`) and `by`.
pub(crate) const PROMISES: &str = "forecourt_promises_total";
/// Seconds from the customer's message to the proof of the answer.
pub(crate) const ANSWERED_SECONDS: &str = "forecourt_answered_seconds";
/// Deepest queue of a session: commands in its mailbox and behind the one under way.
pub(crate) const SESSION_DEPTH: &str = "forecourt_session_queue_deepest";
/// Turns that run now.
pub(crate) const TURNS_RUNNING: &str = "forecourt_turns_running";
/// Commands, turns and letters under way.
pub(crate) const IN_FLIGHT: &str = "forecourt_in_flight";
/// Tenants in memory.
pub(crate) const TENANTS_LOADED: &str = "forecourt_tenants_loaded";
/// Deepest journal: appends of one tenant that wait for their commit.
pub(crate) const JOURNAL_DEPTH: &str = "forecourt_journal_queue_deepest";
/// Submissions that are captured or wait for it.
pub(crate) const CAPTURES: &str = "forecourt_captures_waiting";
/// Letters in memory that wait.
pub(crate) const DELIVERIES_WAITING: &str = "forecourt_deliveries_waiting";
/// Letters on their way to a provider.
pub(crate) const DELIVERIES_UNDER_WAY: &str = "forecourt_deliveries_under_way";
/// Timers in memory.
pub(crate) const TIMERS_IN_MEMORY: &str = "forecourt_timers_in_memory";
/// Seconds that a message waits on a thread before it is looked at, by `arbiter`.
pub(crate) const ARBITER_LAG: &str = "forecourt_arbiter_lag_seconds";
/// Hand-offs that were given to a member by routing.
pub(crate) const ROUTED: &str = "forecourt_handoffs_routed_total";
/// Call-backs, by `step`: `offered`, `agreed`, `ended` by a member.
pub(crate) const CALLBACKS: &str = "forecourt_callbacks_total";
/// Timers fired, by `kind`.
pub(crate) const TIMERS: &str = "forecourt_timers_fired_total";
/// Calls to integrators' endpoints, by `result`: `accepted`, `refused`, `gone`, `failed`.
pub(crate) const WEBHOOK_CALLS: &str = "forecourt_webhook_calls_total";
/// Seconds that a call to an endpoint takes.
pub(crate) const WEBHOOK_SECONDS: &str = "forecourt_webhook_seconds";
/// Endpoints that this node works for now.
pub(crate) const WEBHOOK_WORKERS: &str = "forecourt_webhook_workers";
/// Endpoints that were paused because nobody answered.
pub(crate) const WEBHOOK_PAUSED: &str = "forecourt_webhook_paused_total";
/// Steps of bookings, by `result`: what happened (`booking.held`, …), `behind` (another node was faster),
/// `taken` (the last line of defence held).
pub(crate) const BOOKINGS: &str = "forecourt_booking_steps_total";
/// Readings of websites, by `result`: `read`, `failed`.
pub(crate) const WEBSITES: &str = "forecourt_website_readings_total";
/// Calls for vectors, by `what` (`question`, `passages`) and `result`: `placed`, `refused`, `failed`, `late` (the words
/// alone answered), `passed_over` (the provider is left alone, or the budget is used up).
pub(crate) const EMBEDDINGS: &str = "forecourt_embeddings_total";
/// Offers to who waits for a time, by `result`: `offered`, `taken`, `let_go`.
pub(crate) const WAITS: &str = "forecourt_booking_offers_total";
/// Letters about bookings, by `result`: `accepted`, `retried`, `failed`, `uncertain`, `dropped`.
pub(crate) const BOOKING_LETTERS: &str = "forecourt_booking_letters_total";
/// Calls of the assistant's tools, by `tool` and `result`: `done`, `bad_arguments`, `refused`, `failed`.
pub(crate) const TOOL_CALLS: &str = "forecourt_tool_calls_total";
/// Resources in memory.
pub(crate) const RESOURCES_AWAKE: &str = "forecourt_resources_awake";
/// Looks at external calendars, by `result`: `good`, or the code of the failure.
pub(crate) const CALENDAR_LOOKS: &str = "forecourt_calendar_looks_total";
/// Bookings written into external calendars, by `result`: `put`, `removed`, `left`, `failed`.
pub(crate) const CALENDAR_ENTRIES: &str = "forecourt_calendar_entries_total";
