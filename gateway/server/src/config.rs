//! The command line and the environment; everything has a default that works.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use forecourt_core::id::SessionId;
use forecourt_models::prices::{self, Price};
use forecourt_ports::embedder::{MOST_DIMS, Space};
use secrecy::SecretString;

/// Answers every lead within 90 seconds, books the slot in the chat, and never speaks over a human.
#[derive(Debug, Parser)]
#[command(name = "forecourt", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the engine. Needs nothing: it starts its own Postgres and shows a demo.
    Serve(Box<ServeArgs>),
    /// Run the engine, and a door through which a load generator publishes made-up events.
    #[command(hide = true)]
    BenchFanout(Box<ServeArgs>),
    /// Run the private Postgres alone, and say its DATABASE_URL: for several nodes on this machine.
    Database(SharedPostgresArgs),
    /// Set things up.
    Admin(AdminArgs),
    /// Look into a conversation.
    Session(SessionArgs),
    /// Play conversations from files against the assistant, and print a scorecard.
    Eval(Box<crate::eval::EvalArgs>),
    /// Live through days of traffic in seconds, with everything breaking, and check what must hold.
    Simulate(crate::simulate::SimulateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What to log, such as `info` or `info,forecourt_actors=debug`.
    #[arg(long, env = "FORECOURT_LOG", default_value = "info", global = true)]
    pub(crate) log: String,
    /// How to log.
    #[arg(long, env = "FORECOURT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub(crate) log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct DatabaseArgs {
    /// Folder of the embedded Postgres and of the demo's mail.
    #[arg(long, env = "FORECOURT_DATA_DIR", default_value = ".forecourt")]
    pub(crate) data_dir: PathBuf,
    /// The owner's way into a Postgres of your own, instead of the embedded one.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<SecretString>,
    /// The application's own way in; derived from DATABASE_URL when not given.
    #[arg(long, env = "DATABASE_APP_URL", hide_env_values = true)]
    pub(crate) database_app_url: Option<SecretString>,
    /// The sweeps' own way in; derived from DATABASE_URL when not given.
    #[arg(long, env = "DATABASE_JOBS_URL", hide_env_values = true)]
    pub(crate) database_jobs_url: Option<SecretString>,
    /// Signs visitors' tokens and links; kept in the database when not given.
    #[arg(long, env = "FORECOURT_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<SecretString>,
    /// Connections to Postgres.
    #[arg(long, env = "FORECOURT_DATABASE_POOL", default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=500))]
    pub(crate) database_pool: u16,
}

/// The private Postgres, run by itself.
#[derive(Debug, Args)]
pub(crate) struct SharedPostgresArgs {
    /// Folder of the Postgres; no engine may use it as its own at the same time.
    #[arg(long, env = "FORECOURT_DATA_DIR", default_value = ".forecourt")]
    pub(crate) data_dir: PathBuf,
    /// Connections it takes: each node wants its pool, and six more.
    #[arg(long, env = "FORECOURT_DATABASE_CONNECTIONS", default_value_t = 200, value_parser = clap::value_parser!(u16).range(20..=5_000))]
    pub(crate) max_connections: u16,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on. Port 0 takes a free one; a taken default port gives way to a free one.
    #[arg(long, env = "FORECOURT_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// How the world reaches this engine, for links in mail.
    #[arg(long, env = "FORECOURT_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) vectors: VectorArgs,
    /// A Redis that several nodes share: `redis://`, `rediss://` or `redis+unix://`. Without it there is
    /// one node.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub(crate) redis_url: Option<SecretString>,
    /// Mail server: `smtp://host:port`, `smtp+starttls://user:password@host:587` or `smtps://…:465`.
    /// Without it, a built-in sink takes all mail and shows it at /dev/mail.
    #[arg(long, env = "FORECOURT_SMTP_URL", hide_env_values = true)]
    pub(crate) smtp_url: Option<SecretString>,
    /// Do not create and show the demo tenants.
    #[arg(long, env = "FORECOURT_NO_DEMO")]
    pub(crate) no_demo: bool,
    /// Proxies whose X-Forwarded-For is believed; may be given several times.
    #[arg(long, env = "FORECOURT_TRUSTED_PROXIES", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<IpAddr>,
    /// Lets others than this machine read /metrics, as a bearer token.
    #[arg(long, env = "FORECOURT_METRICS_TOKEN", hide_env_values = true)]
    pub(crate) metrics_token: Option<SecretString>,
    /// Lets the platform's operator read /debug/actors and /metrics from elsewhere, as a bearer token.
    #[arg(long, env = "FORECOURT_PLATFORM_TOKEN", hide_env_values = true)]
    pub(crate) platform_token: Option<SecretString>,
    /// HTTP threads.
    #[arg(long, env = "FORECOURT_WORKERS", default_value_t = default_threads())]
    pub(crate) workers: usize,
    /// Threads of the actors.
    #[arg(long, env = "FORECOURT_ARBITERS", default_value_t = default_threads())]
    pub(crate) arbiters: usize,
    /// Requests per minute and address that forms and chats take (0: no limit).
    #[arg(long, env = "FORECOURT_RATE_PER_MINUTE", default_value_t = 120)]
    pub(crate) rate_per_minute: u32,
    /// Webhooks may go to this machine, by plain http too: for development.
    #[arg(long, env = "FORECOURT_WEBHOOK_LOOPBACK")]
    pub(crate) webhook_loopback: bool,
    #[command(flatten)]
    pub(crate) calendar: CalendarArgs,
    #[command(flatten)]
    pub(crate) test: TestArgs,
}

/// Where other people's calendars are.
#[derive(Debug, Args)]
pub(crate) struct CalendarArgs {
    /// Cal.com's API, with its version.
    #[arg(long, env = "CAL_COM_BASE_URL", default_value = "https://api.cal.com/v2")]
    pub(crate) cal_com_base_url: String,
    /// The version of bookings that Cal.com is asked for.
    #[arg(long, env = "CAL_COM_BOOKINGS_VERSION", default_value = forecourt_connect::cal_com::BOOKINGS)]
    pub(crate) cal_com_bookings_version: String,
    /// The client that comes to Google for people's calendars; without it they cannot be connected.
    #[arg(long, env = "GOOGLE_CLIENT_ID", requires = "google_client_secret")]
    pub(crate) google_client_id: Option<String>,
    #[arg(long, env = "GOOGLE_CLIENT_SECRET", hide_env_values = true)]
    pub(crate) google_client_secret: Option<SecretString>,
    #[arg(long, env = "GOOGLE_BASE_URL", default_value = "https://www.googleapis.com")]
    pub(crate) google_base_url: String,
    #[arg(
        long,
        env = "GOOGLE_CONSENT_URL",
        default_value = "https://accounts.google.com/o/oauth2/v2/auth"
    )]
    pub(crate) google_consent_url: String,
    #[arg(long, env = "GOOGLE_TOKEN_URL", default_value = "https://oauth2.googleapis.com/token")]
    pub(crate) google_token_url: String,
    /// The client that comes to Microsoft for people's calendars.
    #[arg(long, env = "MICROSOFT_CLIENT_ID", requires = "microsoft_client_secret")]
    pub(crate) microsoft_client_id: Option<String>,
    #[arg(long, env = "MICROSOFT_CLIENT_SECRET", hide_env_values = true)]
    pub(crate) microsoft_client_secret: Option<SecretString>,
    #[arg(long, env = "MICROSOFT_GRAPH_URL", default_value = "https://graph.microsoft.com/v1.0")]
    pub(crate) microsoft_graph_url: String,
    /// Whose accounts may consent: the directory's authority.
    #[arg(
        long,
        env = "MICROSOFT_AUTHORITY_URL",
        default_value = "https://login.microsoftonline.com/common"
    )]
    pub(crate) microsoft_authority_url: String,
    /// CalDAV servers may be on this machine, by plain http too: for development.
    #[arg(long, env = "FORECOURT_CALENDAR_LOOPBACK")]
    pub(crate) calendar_loopback: bool,
    /// Seconds between two readings of a calendar's busy times, on average.
    #[arg(long, env = "FORECOURT_CALENDAR_EVERY_S", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) calendar_every_s: u32,
}

/// Which model answers. Without a key the house responder does, from the tenant's own data.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    #[arg(long, env = "ANTHROPIC_API_KEY", hide_env_values = true)]
    pub(crate) anthropic_api_key: Option<SecretString>,
    #[arg(long, env = "ANTHROPIC_BASE_URL", default_value = "https://api.anthropic.com")]
    pub(crate) anthropic_base_url: String,
    #[arg(long, env = "ANTHROPIC_MODEL", default_value = "claude-haiku-4-5")]
    pub(crate) anthropic_model: String,
    /// Asked when the first model gives up; without it the house responder is.
    #[arg(long, env = "ANTHROPIC_SECOND_MODEL")]
    pub(crate) anthropic_second_model: Option<String>,
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    pub(crate) openai_api_key: Option<SecretString>,
    /// OpenAI, or any server that speaks its chat completions: llama.cpp, vLLM, Ollama. Ends with the
    /// version. A server that wants no key is given any.
    #[arg(long, env = "OPENAI_BASE_URL", default_value = "https://api.openai.com/v1")]
    pub(crate) openai_base_url: String,
    #[arg(long, env = "OPENAI_MODEL", default_value = "gpt-5.4-mini")]
    pub(crate) openai_model: String,
    /// US dollars per million tokens of input and output, such as `0.25/2`: without it, what OPENAI_MODEL
    /// costs is not known and counts for no budget of money.
    #[arg(long, env = "OPENAI_PRICE", value_parser = price)]
    pub(crate) openai_price: Option<Price>,
    #[arg(long, env = "GEMINI_API_KEY", hide_env_values = true)]
    pub(crate) gemini_api_key: Option<SecretString>,
    #[arg(
        long,
        env = "GEMINI_BASE_URL",
        default_value = "https://generativelanguage.googleapis.com"
    )]
    pub(crate) gemini_base_url: String,
    #[arg(long, env = "GEMINI_MODEL", default_value = "gemini-3-flash-preview")]
    pub(crate) gemini_model: String,
    /// As OPENAI_PRICE.
    #[arg(long, env = "GEMINI_PRICE", value_parser = price)]
    pub(crate) gemini_price: Option<Price>,
    /// Who is asked first, and who when they fail; those without a key are passed over. A tenant's
    /// settings may say otherwise.
    #[arg(
        long,
        env = "FORECOURT_MODEL_ORDER",
        value_enum,
        value_delimiter = ',',
        default_values_t = [ModelProvider::Anthropic, ModelProvider::Openai, ModelProvider::Gemini]
    )]
    pub(crate) model_order: Vec<ModelProvider>,
    /// Answers that each model may be writing at once; more wait in line.
    #[arg(long, env = "FORECOURT_MODEL_AT_ONCE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) model_at_once: u16,
    /// API version to speak.
    #[arg(long, env = "ANTHROPIC_VERSION", value_enum, default_value_t = ApiVersion::V2023)]
    pub(crate) anthropic_version: ApiVersion,
    /// Folder of prompts that replaces the built-in ones.
    #[arg(long, env = "FORECOURT_PROMPTS")]
    pub(crate) prompts: Option<PathBuf>,
}

/// Search by meaning: needs pgvector in the database, and a provider of embeddings.
#[derive(Debug, Args)]
pub(crate) struct VectorArgs {
    /// Find what the tenant wrote by its meaning too, and not by its words alone.
    #[arg(
        long,
        env = "FORECOURT_VECTORS",
        value_enum,
        default_value_t = Switch::Off,
        num_args = 0..=1,
        default_missing_value = "on"
    )]
    pub(crate) vectors: Switch,
    /// The key of the embeddings; without it OPENAI_API_KEY.
    #[arg(long, env = "EMBEDDINGS_API_KEY", hide_env_values = true)]
    pub(crate) embeddings_api_key: Option<SecretString>,
    /// OpenAI, or any server that speaks its embeddings: llama.cpp, vLLM, Ollama; without it OPENAI_BASE_URL.
    #[arg(long, env = "EMBEDDINGS_BASE_URL")]
    pub(crate) embeddings_base_url: Option<String>,
    /// With another model all passages are placed anew.
    #[arg(long, env = "EMBEDDINGS_MODEL", default_value = "text-embedding-3-small")]
    pub(crate) embeddings_model: String,
    /// How many numbers its vectors have.
    #[arg(long, env = "EMBEDDINGS_DIMENSIONS", default_value_t = 1_536, value_parser = clap::value_parser!(u16).range(8..=i64::from(MOST_DIMS)))]
    pub(crate) embeddings_dimensions: u16,
    /// US dollars per million tokens, such as `0.02`: without it, what they cost is not known and counts for no
    /// budget of money.
    #[arg(long, env = "EMBEDDINGS_PRICE", value_parser = input_price)]
    pub(crate) embeddings_price: Option<Price>,
    /// How near a passage must be to be found, from 0 to 1: what that means depends on the model.
    #[arg(long, env = "EMBEDDINGS_LEAST_LIKENESS", default_value_t = 0.35, value_parser = likeness)]
    pub(crate) embeddings_least_likeness: f32,
}

impl VectorArgs {
    /// Where vectors lie; `None` while they are switched off.
    pub(crate) fn space(&self) -> Option<Space> {
        let space =
            || Space { model: self.embeddings_model.clone(), dims: self.embeddings_dimensions };
        (self.vectors == Switch::On).then(space)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

/// A provider of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelProvider {
    Anthropic,
    Openai,
    Gemini,
}

fn price(text: &str) -> Result<Price, &'static str> {
    prices::parse(text).ok_or("two prices in US dollars per million tokens, such as `0.25/2`")
}

fn input_price(text: &str) -> Result<Price, &'static str> {
    prices::parse_input(text).ok_or("a price in US dollars per million tokens, such as `0.02`")
}

fn likeness(text: &str) -> Result<f32, &'static str> {
    let given = text.parse::<f32>().ok().filter(|given| (0.0..=1.0).contains(given));
    given.ok_or("a number from 0 to 1, such as `0.35`")
}

/// A version of Anthropic's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApiVersion {
    #[value(name = "2023-06-01")]
    V2023,
    #[value(name = "2026-10-21")]
    V2026,
}

/// Switches for tests; refused by release builds.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Shifts the engine's clock by so many seconds.
    #[arg(
        long,
        env = "FORECOURT_CLOCK_OFFSET_S",
        default_value_t = 0,
        hide = true,
        allow_hyphen_values = true
    )]
    pub(crate) clock_offset_s: i64,
    /// Serves a WebSocket echo at /v1/test/echo.
    #[arg(long, env = "FORECOURT_TEST_ECHO", hide = true)]
    pub(crate) test_echo: bool,
    /// Overrides the demo tenants' promise: five rising numbers of milliseconds.
    #[arg(long, env = "FORECOURT_TEST_PROMISE_MS", value_delimiter = ',', hide = true)]
    pub(crate) test_promise_ms: Vec<u32>,
}

impl TestArgs {
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let used = self.clock_offset_s != 0 || self.test_echo || !self.test_promise_ms.is_empty();
        anyhow::ensure!(cfg!(debug_assertions) || !used, "test switches need a debug build");
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Create the two demo tenants, if they are not there, and print how to sign in.
    Demo {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SessionArgs {
    #[command(subcommand)]
    pub(crate) command: SessionCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Take a conversation's decisions again, and say which rule, timer or guard is behind each. Ends with 0
    /// when all are as they were, with 1 when one is not, with 2 when it cannot be told.
    Replay(Box<ReplayArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Which conversation, as `ses_…`.
    pub(crate) session: SessionId,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also print what people wrote, and who they are.
    #[arg(long)]
    pub(crate) text: bool,
    /// Also write it as a test that fails where a decision differs, into a file or a folder. It holds
    /// personal data.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "engine/core/tests/replays"
    )]
    pub(crate) as_test: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8)
}
