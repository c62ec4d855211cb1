//! Tools of a tenant's own: changes, versions, names, sealed headers, calls.

use forecourt_core::tools::custom::{MOST_TOOLS, ToolBody};
use jiff::SignedDuration;
use serde_json::json;

use super::{Ground, Stage};
use crate::{
    ids::Ids as _,
    store::tools::{MOST_CALLS_KEPT, ToolCall, ToolChange, ToolRecord, ToolWrite, ToolWritten},
};

fn body(name: &str) -> ToolBody {
    let body = json!({
        "name": name,
        "description": { "en": "When a vehicle was serviced." },
        "arguments": {
            "type": "object",
            "properties": { "registration": { "type": "string", "description": "AB12345" } },
            "required": ["registration"],
        },
        "method": "GET",
        "url": "https://api.example.com/{registration}",
        "headers": ["x-api-key"],
        "timeout_ms": 2000,
        "access": "read",
        "budget": 3,
        "answer": [{ "name": "on", "pointer": "/on", "label": { "en": "Serviced on" }, "kind": "date" }],
        "active": true,
    });
    serde_json::from_value(body).expect("a body")
}

fn put(body: ToolBody, headers: Option<&[u8]>) -> ToolChange {
    ToolChange::Put { body, headers: headers.map(<[u8]>::to_vec) }
}

async fn write(
    stage: &Stage<'_>,
    id: forecourt_core::id::ToolId,
    expected: i64,
    change: ToolChange,
) -> ToolWritten {
    let write = ToolWrite { id, expected, change, by: stage.member, now: stage.now };
    stage.store.write_tool(stage.tenant, &write).await.expect("a write")
}

async fn made(stage: &Stage<'_>, name: &str) -> ToolRecord {
    match write(stage, stage.ids.tool(), 0, put(body(name), Some(b"sealed"))).await {
        ToolWritten::Stored(record) => record,
        other => panic!("not stored: {other:?}"),
    }
}

pub async fn a_tool_is_offered_as_soon_as_it_is_stored_and_no_longer_once_it_is_deleted(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let offered = async || {
        let known = stage.other.load_knowledge(stage.tenant).await.expect("a read");
        let names = known.tools.into_iter().map(|tool| (tool.body.name, tool.version));
        let version = stage.other.knowledge_version(stage.tenant).await.expect("a read");
        (names.collect::<Vec<_>>(), version)
    };
    let (none, before) = offered().await;
    assert_eq!(none, []);
    let tool = made(&stage, "service_history").await;
    assert_eq!((tool.version, &tool.body), (1, &body("service_history")));
    made(&stage, "recalls").await;
    let (names, after) = offered().await;
    assert_eq!(names, [("recalls".to_owned(), 1), ("service_history".to_owned(), 1)]);
    assert!(before < after, "no node would read it anew");
    let resting = ToolBody { active: false, ..body("service_history") };
    write(&stage, tool.id, 1, put(resting, None)).await;
    assert_eq!(offered().await.0, [("recalls".to_owned(), 1)]);
    let found = stage.other.find_tool(stage.tenant, tool.id).await.expect("a read");
    assert_eq!(found.map(|found| found.version), Some(2));
    let gone = write(&stage, tool.id, 2, ToolChange::Delete).await;
    assert!(matches!(gone, ToolWritten::Stored(ref record) if record.version == 3), "{gone:?}");
    assert_eq!(stage.other.find_tool(stage.tenant, tool.id).await.expect("a read"), None);
    assert_eq!(write(&stage, tool.id, 3, ToolChange::Delete).await, ToolWritten::NotFound);
    let listed = stage.other.list_tools(stage.tenant).await.expect("a read");
    assert_eq!(listed.len(), 1);
}

pub async fn of_two_who_change_a_tool_the_second_is_told_of_the_first_and_versions_are_kept(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let tool = made(&stage, "service_history").await;
    let changed = ToolBody { budget: 7, ..body("service_history") };
    let first = write(&stage, tool.id, 1, put(changed.clone(), None)).await;
    assert!(matches!(first, ToolWritten::Stored(ref record) if record.version == 2), "{first:?}");
    let second = write(&stage, tool.id, 1, put(body("service_history"), None)).await;
    assert!(
        matches!(second, ToolWritten::Conflict(ref stands) if stands.body == changed),
        "{second:?}"
    );
    assert_eq!(
        write(&stage, stage.ids.tool(), 4, put(body("other"), None)).await,
        ToolWritten::NotFound
    );
    let versions = stage.other.tool_versions(stage.tenant, tool.id, 10).await.expect("a read");
    let told: Vec<_> =
        versions.iter().map(|one| (one.version, one.action.as_str(), one.body.budget)).collect();
    assert_eq!(told, [(2, "changed", 7), (1, "made", 3)]);
    assert_eq!(versions[0].by, Some(stage.member));
}

pub async fn a_tools_name_is_its_own_and_a_tenant_has_so_many(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let first = made(&stage, "tool_0").await;
    let twin = write(&stage, stage.ids.tool(), 0, put(body("tool_0"), None)).await;
    assert_eq!(twin, ToolWritten::NameTaken);
    for nth in 1..MOST_TOOLS {
        made(&stage, &format!("tool_{nth}")).await;
    }
    let renamed = write(&stage, first.id, 1, put(body("tool_1"), None)).await;
    assert_eq!(renamed, ToolWritten::NameTaken);
    let more = write(&stage, stage.ids.tool(), 0, put(body("one_more"), None)).await;
    assert_eq!(more, ToolWritten::TooMany);
    write(&stage, first.id, 1, ToolChange::Delete).await;
    made(&stage, "tool_0").await;
}

pub async fn a_tools_headers_stay_until_others_are_given_and_go_with_it(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let tool = made(&stage, "service_history").await;
    let headers = async || stage.other.tool_headers(stage.tenant, tool.id).await.expect("a read");
    assert_eq!(headers().await.as_deref(), Some(b"sealed".as_slice()));
    write(&stage, tool.id, 1, put(body("service_history"), None)).await;
    assert_eq!(headers().await.as_deref(), Some(b"sealed".as_slice()));
    write(&stage, tool.id, 2, put(body("service_history"), Some(b"newer"))).await;
    assert_eq!(headers().await.as_deref(), Some(b"newer".as_slice()));
    write(&stage, tool.id, 3, ToolChange::Delete).await;
    assert_eq!(headers().await, None);
}

pub async fn the_last_calls_of_a_tool_are_kept_and_no_more(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let tool = made(&stage, "service_history").await;
    let much = MOST_CALLS_KEPT + 5;
    for nth in 0..much {
        let call = ToolCall {
            tool: tool.id,
            version: 1,
            session: None,
            member: Some(stage.member),
            at: stage.now + SignedDuration::from_secs(nth.into()),
            took_ms: nth,
            status: Some(200),
            code: "done".into(),
        };
        stage.store.note_tool_call(stage.tenant, &call).await.expect("a write");
    }
    let calls = stage.other.tool_calls(stage.tenant, tool.id, 1_000).await.expect("a read");
    assert_eq!(calls.len(), MOST_CALLS_KEPT as usize);
    assert_eq!((calls[0].took_ms, calls[0].status), (much - 1, Some(200)));
    let few = stage.other.tool_calls(stage.tenant, tool.id, 2).await.expect("a read");
    assert_eq!(few, calls[..2]);
}
