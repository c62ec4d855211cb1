//! The wire: every body and frame that passes between the engine and the outside.
//!
//! Lives here: shapes, their documentation, and how they are made from the values of the core and the
//! ports. Field names are `snake_case`, times RFC 3339 in UTC, ids prefixed strings (`ses_…`). What a
//! client sends refuses unknown fields; what the server sends may gain fields, so a client must pass
//! over what it does not know.
//!
//! May depend on: `forecourt-core`, `forecourt-ports`, serde. May be used by: the gateway, the load test.
//!
//! # Invariants
//! - a shape is changed by adding to it; the snapshots in `tests/` tell when one changed otherwise;
//! - `gateway/web/sdk/wire.gen.ts` says the same in TypeScript, and a test fails when it does not.

pub mod attachment;
pub mod booking;
pub mod calendar;
pub mod callback;
pub mod dialogue;
pub mod ephemeral;
pub mod form;
pub mod health;
pub mod inventory;
pub mod knowledge;
pub mod lead;
pub mod live;
pub mod operations;
pub mod preview;
pub mod problem;
pub mod public;
pub mod replies;
pub mod session;
pub mod staff;
pub mod timeline;
pub mod tools;
pub mod typescript;
pub mod webhook;
mod words;

pub use self::{
    attachment::{
        AnnounceAttachment, AttachmentFailure, AttachmentState, AttachmentView, AttachmentsChanged,
        FileKind,
    },
    booking::{
        AcceptOffer, BlockCreated, BlockKind, BlockList, BlockView, BookingCustomer, BookingDetail,
        BookingEventName, BookingLetter, BookingNow, BookingPage, BookingRules, BookingStatus,
        BookingStep, BookingView, BringCode, CancelBooking, CodeAsked, ConfirmBooking,
        FindBookings, FreeSlot, FreeSlots, HoldBooking, LedgerEntry, NewBlock, NewWait,
        NoSlotReason, OwnBooking, OwnBookings, PublicBooking, PutResource, PutTerms,
        RescheduleBooking, ResourceKind, ResourceLedger, ResourceList, ResourceView, ServiceNeed,
        ServiceTerms, ServiceTermsList, WaitCreated, WaitList, WaitView,
    },
    calendar::{
        AskConsent, CalendarChecked, CalendarChoice, CalendarList, CalendarProvider, CalendarState,
        CalendarView, ChooseCalendar, ConnectCalendar, ConsentPage,
    },
    callback::{
        AgreeCall, AgreedCall, CallChanged, CallEnd, CallNews, CallOfferReason, CallOutcome,
        CallTime, CallTimes, ChatCall, EndCall,
    },
    dialogue::{BookingChanged, ChatBooking, OfferedTime, Pressed, TimesOffered},
    ephemeral::{
        AssistantState, DraftDiscardedFrame, DraftFrame, MemberFrame, PresenceFrame, ProgressFrame,
        RatingFrame, Step, TokensFrame, Viewer,
    },
    form::{FormLead, FormReceipt, FormStatus},
    health::{BusCheck, NodeCheck, Readiness, ReadyChecks, ReadyStatus, StoreCheck},
    inventory::{
        ChangeVehicle, ImportCounts, ImportDone, ImportFault, ImportOutcome, ImportPreview,
        ImportRow, PublicStock, SetVehicleStatus, StockVehicle, VehicleBody, VehicleDrive,
        VehicleFieldChange, VehicleFields, VehicleFuel, VehicleNote, VehiclePage, VehicleStatus,
        VehicleStep, VehicleStepKind, VehicleStory, VehicleTransmission, VehicleView,
    },
    knowledge::{
        AddWebsite, EntryPrice, FoundPassage, FoundPassages, Ground, Grounds, Hours,
        HoursException, KnowledgeChange, KnowledgeEntries, KnowledgeEntry, KnowledgeHistory,
        Profile, PutEntry, RestoreEntry, UnansweredQuestion, UnansweredQuestions, WebsiteView,
        Websites,
    },
    lead::{
        Answerer, DeliveryView, HandoffNote, HumanReason, Lead, LeadChanges, LeadDetail, LeadPage,
        LeadPromise, LeadSource, LeadStatus, Missing, PromiseState,
    },
    live::{
        AssignFrame, Availability, AvailabilityFrame, BeatFrame, BookingFrame, ClientFrame,
        EventFrame, GapFrame, HelloFrame, LeadEventName, LiveTicket, Only, PingFrame, ReplyFrame,
        SaveDraftFrame, Seen, SeenFrame, SendFrame, ServerFrame, SessionFrame, Topic, TypingFrame,
        ViewFrame, WelcomeFrame,
    },
    operations::{
        DeadStatus, DeliveryEntry, DeliveryKind, DeliveryList, DeliveryReplayed, DeliveryStatus,
        DeliveryStep, DeliveryStory, Held, ProviderEntry, ProviderList, ProviderState,
        ReplayChoice, ReplayDeliveries, ReplayDelivery, ReplayOutcome, ReplayReport, ReplayResult,
        TimerEntry, TimerList, TimerName, TimerStatus, Waits,
    },
    preview::{
        Preview, PreviewAnswers, PreviewLetter, PreviewLetterKind, PreviewMessage,
        PreviewReadiness, PreviewService, PreviewTool, PreviewTurn, PreviewTurnState,
        ReadinessCheck, ReadinessOf, ReadinessState, StartPreview,
    },
    problem::{FieldError, Problem},
    public::{DemoLogin, OpeningDay, OpeningSpan, PublicService, PublicTenant, PublicVehicle},
    replies::{MessageRating, PutRating, Rating, ReplyFigures, ReplyReport},
    session::{
        Author, Cursor, CursorError, CustomerSeen, CustomerTyping, Draft, DraftDelta,
        DraftDiscarded, DraftProgress, Message, MessageAccepted, MessagePosted, MessagesSeen,
        OpenSession, PostMessage, QueuePlace, SessionError, SessionEvent, SessionGap,
        SessionOpened, SessionPoll, SessionSnapshot, SessionStatus, SessionStatusChanged, Speaker,
        TenantBrand, TurnFailed, TurnStarted, Typing,
    },
    staff::{Login, Me, MyPromise, MyTenant, Role},
    timeline::{TimelineEntry, WithheldSentence},
    tools::{
        BuiltInTool, PutTool, Tool, ToolAccess, ToolCall, ToolCalls, ToolDryRun, ToolField,
        ToolFieldKind, ToolMethod, ToolRequest, ToolSent, ToolTrial, ToolVersion, ToolVersions,
        Tools, TryTool,
    },
    webhook::{
        ReplayWebhooks, ResumeWebhook, WebhookCall, WebhookCallStatus, WebhookCallStory,
        WebhookCalls, WebhookData, WebhookEndpoint, WebhookEndpoints, WebhookEvent, WebhookNotice,
        WebhookPauseReason, WebhookPaused, WebhookQueued, WebhookSettings, WebhookTopic,
        WebhookTry, WebhookWithSecret, WebhooksReplayed, WireEncode,
    },
};
