//! The same shapes in TypeScript, as one file.

use ts_rs::{Config, TS};

/// The text of `gateway/web/sdk/wire.gen.ts`.
pub fn file() -> String {
    let config = Config::default().with_large_int("number");
    let mut out = String::from(
        "// Made from gateway/wire by `cargo run -p forecourt-wire --example export_types`; not to be edited.\n",
    );
    macro_rules! declare {
        ($($shape:ident),* $(,)?) => {$(
            out.push('\n');
            if let Some(docs) = crate::$shape::docs() {
                out.push_str(&docs);
            }
            out.push_str("export ");
            out.push_str(&crate::$shape::decl(&config));
            out.push('\n');
        )*};
    }
    declare!(
        FieldError,
        Problem,
        FormLead,
        FormStatus,
        FormReceipt,
        OpenSession,
        TenantBrand,
        SessionOpened,
        SessionStatus,
        Author,
        Speaker,
        Message,
        Draft,
        SessionSnapshot,
        PostMessage,
        MessageAccepted,
        MessagePosted,
        SessionStatusChanged,
        TurnStarted,
        TurnFailed,
        DraftDelta,
        DraftDiscarded,
        SessionGap,
        SessionError,
        SessionEvent,
        PublicVehicle,
        PublicService,
        OpeningSpan,
        OpeningDay,
        PublicTenant,
        DemoLogin,
        Login,
        Role,
        MyPromise,
        MyTenant,
        Me,
        LeadStatus,
        LeadSource,
        PromiseState,
        Answerer,
        HumanReason,
        LeadPromise,
        Lead,
        LeadPage,
        TimelineEntry,
        DeliveryView,
        LeadDetail,
        DeadStatus,
        DeliveryEntry,
        DeliveryKind,
        DeliveryList,
        DeliveryReplayed,
        DeliveryStatus,
        DeliveryStep,
        DeliveryStory,
        Held,
        ProviderEntry,
        ProviderList,
        ProviderState,
        ReplayChoice,
        ReplayDeliveries,
        ReplayDelivery,
        ReplayOutcome,
        ReplayReport,
        ReplayResult,
        TimerEntry,
        TimerList,
        TimerName,
        TimerStatus,
        Waits,
        Topic,
        HelloFrame,
        PingFrame,
        ClientFrame,
        WelcomeFrame,
        GapFrame,
        ReplyFrame,
        LeadEventName,
        EventFrame,
        BeatFrame,
        ServerFrame,
    );
    out
}
