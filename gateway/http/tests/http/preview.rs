//! Previews over HTTP: whose they are, how many there are, when they end, and that nothing of them is real.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use async_trait::async_trait;
use forecourt_actors::{Engine, EngineConfig, Ports};
use forecourt_bus::LocalBus;
use forecourt_core::id::{MemberId, NodeId, TenantId};
use forecourt_http::{Heard, NoStage, SignedLinks, Stage, Stages};
use forecourt_ports::{
    bus::Bus,
    clock::Clock,
    fake::{
        FakeTools, ManualClock, MemStore, Offered, RecordingSender, Script, ScriptedModel, SeqIds,
    },
    store::{Journal as _, Member, NewMember, Role},
};
use jiff::SignedDuration;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::{ANSWER, World, key, problem, tenant, tenant_id};

/// Each stage's ids are its own, as in production.
static LANES: AtomicU16 = AtomicU16::new(7);

/// Stages in the test's own process, of which each ends with its token.
pub(crate) struct TestStages {
    pub(crate) store: MemStore,
    pub(crate) clock: ManualClock,
}

#[async_trait]
impl Stages for TestStages {
    fn has_models(&self) -> bool {
        true
    }

    async fn open(&self, tenant: TenantId, _: bool) -> Result<Stage, NoStage> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let offered = Offered::read(&self.store, tenant, clock.now()).await?;
        let offered = offered.ok_or(NoStage::NoTenant)?;
        let node = NodeId::from_uuid(Uuid::from_u128(2));
        let store = Arc::new(MemStore::before(Arc::new(self.store.clone()), offered, node));
        let bus: Arc<dyn Bus> = Arc::new(LocalBus::default());
        let post = Arc::new(RecordingSender::new(Arc::clone(&clock)));
        let model = Arc::new(ScriptedModel::new("house", Arc::clone(&clock), Script::say(ANSWER)));
        let ports = Ports {
            store: Arc::<MemStore>::clone(&store),
            bus: Arc::clone(&bus),
            clock,
            ids: Arc::new(SeqIds::lane(LANES.fetch_add(1, Ordering::Relaxed))),
            primary: Arc::<ScriptedModel>::clone(&model),
            second: model,
            sender: Arc::<RecordingSender>::clone(&post),
            links: Arc::new(SignedLinks::new("http://127.0.0.1", &key())),
            tools: Arc::new(FakeTools::default()),
            meaning: None,
            node,
            io: tokio::runtime::Handle::current(),
        };
        let config = EngineConfig { arbiters: 1, sole: true, ..EngineConfig::default() };
        let engine = Engine::start(ports, config);
        let end = CancellationToken::new();
        Ok(Stage { desk: Arc::new(engine), store, bus, post, heard: Heard::default(), end })
    }
}

struct Office {
    world: World,
    cookie: String,
}

impl Office {
    async fn open() -> Self {
        let world = World::start().await;
        let cookie = world.sign_in("nordlys-bil", "eva@nordlys.example").await;
        Self { world, cookie }
    }

    async fn ask_as(
        &self,
        cookie: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let url = format!("{}/v1/preview{path}", self.world.url);
        let mut request = self.world.client.request(method, url).header(header::COOKIE, cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        self.ask_as(&self.cookie, method, path, body).await
    }

    async fn start(&self) -> Value {
        let started = self.ask(Method::POST, "", Some(json!({ "lang": "en" }))).await;
        assert_eq!(started.status(), StatusCode::CREATED);
        started.json().await.unwrap()
    }

    async fn say(&self, preview: &Value, text: &str, client_id: &str) -> Response {
        let id = &preview["preview_id"];
        let body = json!({ "preview_id": id, "text": text, "client_id": client_id });
        self.ask(Method::POST, "/messages", Some(body)).await
    }

    /// A manager more, signed in.
    async fn hire(&self, nth: u128) -> String {
        let template = tenant(1, "nordlys-bil", "nordlys.example").members.remove(1);
        let email = format!("chief{nth}@nordlys.example");
        let member = Member {
            member: MemberId::from_uuid(Uuid::from_u128(9_000 + nth)),
            email: email.clone(),
            role: Role::Manager,
            ..template.member.clone()
        };
        self.world.store.seed_member(NewMember { member, ..template });
        self.world.sign_in("nordlys-bil", &email).await
    }
}

#[actix_web::test]
async fn a_manager_talks_to_the_assistant_and_the_real_store_hears_nothing() {
    let office = Office::open().await;
    let preview = office.start().await;
    assert_eq!((&preview["lang"], &preview["answers"]), (&json!("en"), &json!("models")));
    assert_eq!(preview["messages_left"], 60);
    let head = office.world.store.head(tenant_id(1)).await.unwrap();
    let mut stream = office.ask(Method::GET, "/events", None).await;
    assert_eq!(stream.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(office.say(&preview, "Hi", "c-1").await.status(), StatusCode::ACCEPTED);
    let mut heard = String::new();
    while !heard.contains("\"author\":\"assistant\"") {
        let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    let stands: Value = office.ask(Method::GET, "", None).await.json().await.unwrap();
    assert_eq!(stands["messages"][1]["text"], ANSWER, "{stands}");
    assert_eq!(stands["turns"][0]["message_id"], stands["messages"][1]["message_id"]);
    assert_eq!(stands["turns"][0]["state"], "answered");
    assert_eq!(stands["messages_left"], 59);
    assert_eq!(office.world.store.head(tenant_id(1)).await.unwrap().seq, head.seq);
    assert!(office.world.sender.sent().is_empty());
    office.world.stop().await;
}

#[actix_web::test]
async fn a_preview_is_its_members_alone_and_no_sellers() {
    let office = Office::open().await;
    office.start().await;
    let seller = office.world.ola().await;
    for (method, path) in [(Method::POST, ""), (Method::GET, ""), (Method::GET, "/readiness")] {
        let body = (method == Method::POST).then(|| json!({}));
        problem(office.ask_as(&seller, method, path, body).await, 403, "forbidden").await;
    }
    let other = office.world.sign_in("fjord-auto", "eva@fjord.example").await;
    let colleague = office.hire(1).await;
    for cookie in [&other, &colleague] {
        problem(office.ask_as(cookie, Method::GET, "", None).await, 404, "not-found").await;
        let gone = office.ask_as(cookie, Method::DELETE, "", None).await;
        assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(office.ask(Method::GET, "", None).await.status(), StatusCode::OK);
    office.world.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_said_is_told_by_field_and_costs_no_message() {
    let office = Office::open().await;
    let preview = office.start().await;
    for (text, client_id, pointer) in
        [("", "c", "/text"), ("Hi", "", "/client_id"), (&"x".repeat(5_001), "c", "/text")]
    {
        let refused = problem(office.say(&preview, text, client_id).await, 400, "invalid").await;
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let unknown = office.ask(Method::POST, "", Some(json!({ "model": "x" }))).await;
    problem(unknown, 400, "invalid").await;
    let stands: Value = office.ask(Method::GET, "", None).await.json().await.unwrap();
    assert_eq!(stands["messages_left"], 60);
    office.world.stop().await;
}

#[actix_web::test]
async fn a_preview_ends_when_nobody_writes_and_another_one_replaces_it() {
    let office = Office::open().await;
    let old = office.start().await;
    let preview = office.start().await;
    problem(office.say(&old, "Hi", "late").await, 409, "preview-over").await;
    office.world.clock.advance(SignedDuration::from_mins(14));
    assert_eq!(office.say(&preview, "Hi", "c-1").await.status(), StatusCode::ACCEPTED);
    office.world.clock.advance(SignedDuration::from_mins(14));
    assert_eq!(office.ask(Method::GET, "", None).await.status(), StatusCode::OK, "it was used");
    office.world.clock.advance(SignedDuration::from_mins(2));
    let ended = async {
        while office.ask(Method::GET, "", None).await.status() != StatusCode::NOT_FOUND {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, ended).await.expect("it ends by itself");
    problem(office.say(&preview, "Hi", "c-2").await, 404, "not-found").await;
    office.world.stop().await;
}

#[actix_web::test]
async fn so_many_members_of_a_tenant_have_one_at_once_and_it_has_so_many_messages() {
    let office = Office::open().await;
    let preview = office.start().await;
    let mut cookies = Vec::new();
    for nth in 1..=3 {
        cookies.push(office.hire(nth).await);
    }
    for cookie in &cookies[..2] {
        let begun = office.ask_as(cookie, Method::POST, "", Some(json!({}))).await;
        assert_eq!(begun.status(), StatusCode::CREATED);
    }
    let one_more = async || office.ask_as(&cookies[2], Method::POST, "", Some(json!({}))).await;
    problem(one_more().await, 429, "too-many-requests").await;
    let gone = office.ask_as(&cookies[0], Method::DELETE, "", None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(one_more().await.status(), StatusCode::CREATED);
    for nth in 0..60 {
        let said = office.say(&preview, "Hi", &format!("c-{nth}")).await;
        assert_eq!(said.status(), StatusCode::ACCEPTED, "{nth}");
    }
    problem(office.say(&preview, "Hi", "c-60").await, 409, "preview-over").await;
    office.world.stop().await;
}

#[actix_web::test]
async fn what_is_missing_before_customers_come_is_told() {
    let office = Office::open().await;
    let ready: Value = office.ask(Method::GET, "/readiness", None).await.json().await.unwrap();
    let state = |of: &str| {
        let checks = ready["checks"].as_array().unwrap().iter();
        let check = checks.clone().find(|check| check["of"] == of);
        check.unwrap_or_else(|| panic!("{of}: {ready}"))["state"].clone()
    };
    assert_eq!(state("services"), "missing");
    assert_eq!(state("stock"), "advised", "a dealer's");
    assert_eq!(state("staff"), "ready");
    assert_eq!(state("alerts"), "missing");
    assert_eq!(state("website"), "ready");
    assert_eq!(state("models"), "ready");
    office.world.stop().await;
}
