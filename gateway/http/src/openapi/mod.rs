//! `GET /openapi.json`: every operation, who may call it, and every answer it can give.
//!
//! The shapes come from `forecourt-wire`; the operations from [`operations`], which tests compare with the
//! routes.

mod attachments;
mod bookings;
mod calendars;
mod calls;
mod knowledge;
mod operations;
mod preview;
mod replies;
mod running;
mod tools;
mod vehicles;
mod webhooks;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::LazyLock,
};

use actix_web::{HttpResponse, http::header};
use forecourt_wire as wire;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

pub(crate) use self::operations::{Good, Operation, Who};
use crate::problem::{Answer, Code};

#[derive(OpenApi)]
#[openapi(components(schemas(
    wire::Problem,
    wire::FieldError,
    wire::FormLead,
    wire::FormReceipt,
    wire::FormStatus,
    wire::OpenSession,
    wire::TenantBrand,
    wire::SessionOpened,
    wire::SessionStatus,
    wire::Author,
    wire::Speaker,
    wire::Message,
    wire::Draft,
    wire::SessionSnapshot,
    wire::PostMessage,
    wire::MessageAccepted,
    wire::MessagePosted,
    wire::SessionStatusChanged,
    wire::TurnStarted,
    wire::TurnFailed,
    wire::MessagesSeen,
    wire::AnnounceAttachment,
    wire::AttachmentView,
    wire::AttachmentState,
    wire::AttachmentFailure,
    wire::FileKind,
    wire::AttachmentsChanged,
    wire::Typing,
    wire::QueuePlace,
    wire::CallTime,
    wire::CallOfferReason,
    wire::CallEnd,
    wire::ChatCall,
    wire::CallNews,
    wire::CallChanged,
    wire::AgreedCall,
    wire::CallTimes,
    wire::AgreeCall,
    wire::CallOutcome,
    wire::EndCall,
    wire::CustomerTyping,
    wire::CustomerSeen,
    wire::SessionPoll,
    wire::DraftProgress,
    wire::LiveTicket,
    wire::DraftDelta,
    wire::DraftDiscarded,
    wire::SessionGap,
    wire::SessionError,
    wire::SessionEvent,
    wire::PublicTenant,
    wire::PublicVehicle,
    wire::PublicService,
    wire::OpeningDay,
    wire::OpeningSpan,
    wire::BlockCreated,
    wire::BlockKind,
    wire::BookingCustomer,
    wire::BookingDetail,
    wire::BookingLetter,
    wire::BookingPage,
    wire::BookingStatus,
    wire::BookingStep,
    wire::BookingView,
    wire::BlockList,
    wire::BlockView,
    wire::NewWait,
    wire::WaitCreated,
    wire::WaitList,
    wire::WaitView,
    wire::AcceptOffer,
    wire::BookingRules,
    wire::BookingEventName,
    wire::BookingNow,
    wire::BringCode,
    wire::CancelBooking,
    wire::CodeAsked,
    wire::ConfirmBooking,
    wire::FreeSlot,
    wire::FreeSlots,
    wire::FindBookings,
    wire::HoldBooking,
    wire::LedgerEntry,
    wire::NewBlock,
    wire::NoSlotReason,
    wire::OwnBooking,
    wire::OwnBookings,
    wire::PublicBooking,
    wire::PutResource,
    wire::PutTerms,
    wire::RescheduleBooking,
    wire::ResourceKind,
    wire::ResourceLedger,
    wire::ResourceList,
    wire::ResourceView,
    wire::ServiceNeed,
    wire::ServiceTerms,
    wire::ServiceTermsList,
    wire::EntryPrice,
    wire::FoundPassage,
    wire::FoundPassages,
    wire::Ground,
    wire::Preview,
    wire::PreviewAnswers,
    wire::PreviewLetter,
    wire::PreviewLetterKind,
    wire::PreviewMessage,
    wire::PreviewReadiness,
    wire::PreviewService,
    wire::PreviewTool,
    wire::PreviewTurn,
    wire::PreviewTurnState,
    wire::ReadinessCheck,
    wire::ReadinessOf,
    wire::ReadinessState,
    wire::StartPreview,
    wire::Grounds,
    wire::Hours,
    wire::HoursException,
    wire::KnowledgeChange,
    wire::KnowledgeEntries,
    wire::KnowledgeEntry,
    wire::KnowledgeHistory,
    wire::Profile,
    wire::PutEntry,
    wire::ToolMethod,
    wire::ToolAccess,
    wire::ToolFieldKind,
    wire::ToolField,
    wire::PutTool,
    wire::Tool,
    wire::BuiltInTool,
    wire::Tools,
    wire::ToolVersion,
    wire::ToolVersions,
    wire::ToolCall,
    wire::ToolCalls,
    wire::TryTool,
    wire::ToolRequest,
    wire::ToolSent,
    wire::ToolDryRun,
    wire::ToolTrial,
    wire::RestoreEntry,
    wire::UnansweredQuestion,
    wire::UnansweredQuestions,
    wire::Websites,
    wire::WebsiteView,
    wire::AddWebsite,
    wire::VehicleFuel,
    wire::VehicleStatus,
    wire::VehicleBody,
    wire::VehicleTransmission,
    wire::VehicleDrive,
    wire::VehicleFields,
    wire::VehicleNote,
    wire::VehicleView,
    wire::VehiclePage,
    wire::ChangeVehicle,
    wire::SetVehicleStatus,
    wire::VehicleFieldChange,
    wire::VehicleStepKind,
    wire::VehicleStep,
    wire::VehicleStory,
    wire::ImportCounts,
    wire::ImportOutcome,
    wire::ImportFault,
    wire::ImportRow,
    wire::ImportPreview,
    wire::ImportDone,
    wire::StockVehicle,
    wire::PublicStock,
    wire::DemoLogin,
    wire::Login,
    wire::Role,
    wire::Me,
    wire::MyTenant,
    wire::MyPromise,
    wire::Lead,
    wire::LeadStatus,
    wire::LeadSource,
    wire::LeadPromise,
    wire::PromiseState,
    wire::Answerer,
    wire::HumanReason,
    wire::LeadPage,
    wire::LeadDetail,
    wire::Rating,
    wire::PutRating,
    wire::MessageRating,
    wire::ReplyFigures,
    wire::ReplyReport,
    wire::TimelineEntry,
    wire::DeliveryView,
    wire::HandoffNote,
    wire::Missing,
    wire::DeliveryStatus,
    wire::DeliveryKind,
    wire::ReplayChoice,
    wire::Held,
    wire::DeliveryEntry,
    wire::DeliveryList,
    wire::Waits,
    wire::DeliveryStep,
    wire::DeliveryStory,
    wire::ReplayDelivery,
    wire::DeliveryReplayed,
    wire::DeadStatus,
    wire::ReplayDeliveries,
    wire::ReplayOutcome,
    wire::ReplayResult,
    wire::ReplayReport,
    wire::TimerName,
    wire::TimerStatus,
    wire::TimerEntry,
    wire::TimerList,
    wire::ProviderState,
    wire::ProviderEntry,
    wire::ProviderList,
    wire::ClientFrame,
    wire::HelloFrame,
    wire::PingFrame,
    wire::Topic,
    wire::ServerFrame,
    wire::WelcomeFrame,
    wire::GapFrame,
    wire::ReplyFrame,
    wire::EventFrame,
    wire::LeadEventName,
    wire::BeatFrame,
    wire::BookingFrame,
    wire::WebhookTopic,
    wire::WebhookData,
    wire::WebhookEvent,
    wire::WebhookSettings,
    wire::WebhookPauseReason,
    wire::WebhookPaused,
    wire::WebhookNotice,
    wire::WebhookEndpoint,
    wire::WebhookEndpoints,
    wire::WebhookWithSecret,
    wire::ResumeWebhook,
    wire::WebhookCallStatus,
    wire::WebhookCall,
    wire::WebhookCalls,
    wire::WebhookTry,
    wire::WebhookCallStory,
    wire::WebhookQueued,
    wire::ReplayWebhooks,
    wire::WebhooksReplayed,
    wire::CalendarProvider,
    wire::CalendarState,
    wire::ConnectCalendar,
    wire::CalendarView,
    wire::CalendarList,
    wire::CalendarChoice,
    wire::CalendarChecked,
    wire::ChooseCalendar,
    wire::AskConsent,
    wire::ConsentPage,
    wire::Readiness,
    wire::ReadyStatus,
    wire::ReadyChecks,
    wire::StoreCheck,
    wire::NodeCheck,
    wire::BusCheck,
)))]
struct Shapes;

static DOCUMENT: LazyLock<Value> = LazyLock::new(build);

/// Every operation.
pub(crate) fn all() -> impl Iterator<Item = &'static Operation> {
    operations::ALL
        .iter()
        .chain(running::ALL)
        .chain(calls::ALL)
        .chain(attachments::ALL)
        .chain(preview::ALL)
        .chain(replies::ALL)
        .chain(webhooks::ALL)
        .chain(bookings::ALL)
        .chain(knowledge::ALL)
        .chain(tools::ALL)
        .chain(calendars::ALL)
        .chain(vehicles::ALL)
}

/// The OpenAPI document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

pub(crate) async fn get() -> Answer {
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .json(document()))
}

fn build() -> Value {
    let shapes = serde_json::to_value(Shapes::openapi()).unwrap_or_default();
    let schemas = shapes["components"]["schemas"].clone();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in all() {
        let path = paths.entry(operation.path).or_default();
        path.insert(operation.method.to_lowercase(), described(operation));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Forecourt",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Answers every lead within 90 seconds. Errors are application/problem+json (RFC 9457); each code has a page at /problems/{code}.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        // What we send to an integrator's endpoint.
        "webhooks": { "event": { "post": {
            "summary": "Something happened",
            "description": "Signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp`, `webhook-signature`. Answer 2xx within 15 seconds; any other answer is tried again, 410 pauses the endpoint.",
            "requestBody": { "required": true, "content": {
                "application/json": { "schema": reference("WebhookEvent") },
            } },
            "responses": { "2XX": { "description": "It is yours." } },
        } } },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "visitor": {
                    "type": "http", "scheme": "bearer",
                    "description": "The token of POST /v1/sessions: opens that one conversation, from the page's own origin, for 24 hours at most.",
                },
                "platform": {
                    "type": "http", "scheme": "bearer",
                    "description": "FORECOURT_PLATFORM_TOKEN: the operator of the engine. From the engine's own machine none is needed.",
                },
                "staff": {
                    "type": "apiKey", "in": "cookie", "name": "forecourt",
                    "description": "Set by POST /v1/login; over TLS its name is __Host-forecourt. What changes something answers only to the engine's own pages.",
                },
            },
        },
    })
}

fn described(operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    for query in operation.query {
        let schema: Value = serde_json::from_str(query.schema).unwrap_or_default();
        let (name, required, about) = (query.name, query.required, query.about);
        let place = query.place;
        parameters.push(json!({ "name": name, "in": place, "required": required, "description": about, "schema": schema }));
    }
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for good in operation.good {
        // One status may have answers of several media types.
        let told = answer(good);
        match responses.entry(good.status.to_string()) {
            Entry::Vacant(first) => drop(first.insert(told)),
            Entry::Occupied(mut known) => {
                let about =
                    format!("{} {}", known.get()["description"].as_str().unwrap_or(""), good.about);
                known.get_mut()["description"] = about.into();
                if let (Some(all), Some(more)) =
                    (known.get_mut()["content"].as_object_mut(), told["content"].as_object())
                {
                    all.extend(more.clone());
                }
            }
        }
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in operation.bad {
        by_status.entry(code.status().as_u16()).or_default().push(*code);
    }
    for (status, codes) in by_status {
        responses.insert(status.to_string(), refusal(&codes));
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.about,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": responses,
        "security": operation.who.security(),
        "x-min-role": operation.who.least(),
    });
    if !operation.body.is_empty() {
        let content: Map<String, Value> = operation
            .body
            .iter()
            .map(|(media, shape)| ((*media).to_owned(), json!({ "schema": reference(shape) })))
            .collect();
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    described
}

fn reference(shape: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{shape}") })
}

fn answer(good: &Good) -> Value {
    let mut answer = json!({ "description": good.about });
    if let Some(media) = good.media {
        let schema = match good.shape {
            Some(shape) => reference(shape),
            None if media == "application/json" => json!({ "type": ["object", "array"] }),
            None => json!({ "type": "string" }),
        };
        answer["content"] = json!({ media: { "schema": schema } });
    }
    answer
}

fn refusal(codes: &[Code]) -> Value {
    let told: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.name(), code.title())).collect();
    let mut refusal = json!({
        "description": told.join("; "),
        "content": { "application/problem+json": { "schema": reference("Problem") } },
    });
    if codes.iter().any(|code| matches!(code.status().as_u16(), 429 | 503)) {
        refusal["headers"] = json!({
            "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer", "minimum": 1 } },
        });
    }
    refusal
}

impl Who {
    /// The `security` of an operation: any one of the entries is enough.
    fn security(self) -> Value {
        match self {
            Self::Anyone => json!([]),
            Self::Visitor => json!([{ "visitor": [] }]),
            Self::Seller | Self::Manager => json!([{ "staff": [] }]),
            Self::VisitorOrSeller => json!([{ "visitor": [] }, { "staff": [] }]),
            Self::Platform => json!([{ "platform": [] }]),
        }
    }

    /// The least role that may call it, from `anonymous` over `visitor` and `seller` to `manager`; `platform` is none of
    /// them.
    pub(crate) const fn least(self) -> &'static str {
        match self {
            Self::Anyone => "anonymous",
            Self::Visitor | Self::VisitorOrSeller => "visitor",
            Self::Seller => "seller",
            Self::Manager => "manager",
            Self::Platform => "platform",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` below a value.
    fn references(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    out.push(reference.clone());
                }
                map.values().for_each(|value| references(value, out));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, out)),
            _ => {}
        }
    }

    #[test]
    fn every_shape_that_is_named_is_there() {
        let mut named = Vec::new();
        references(document(), &mut named);
        assert!(named.len() > 50);
        for name in named {
            let pointer = name.strip_prefix('#').unwrap();
            assert!(document().pointer(pointer).is_some(), "{name}");
        }
    }

    #[test]
    fn every_operation_says_who_may_call_it_and_what_it_answers() {
        for (path, item) in document()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{method} {path}");
                assert!(operation["security"].is_array(), "{name}");
                assert!(operation["x-min-role"].is_string(), "{name}");
                assert!(
                    operation["responses"].as_object().unwrap().len() > 1 || path.len() < 12,
                    "{name}"
                );
                let secured = !operation["security"].as_array().unwrap().is_empty();
                assert_eq!(
                    secured,
                    operation["responses"].get("401").is_some() && !name.contains("login"),
                    "{name}"
                );
            }
        }
    }
}
