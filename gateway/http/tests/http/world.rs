//! A world to test in: two tenants with members, a model that says what it is told, a bound server.

use std::{
    net::TcpListener,
    sync::{Arc, Once},
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version, password_hash::SaltString};
use forecourt_actors::{Engine, EngineConfig, Ports};
use forecourt_bus::LocalLimiter;
use forecourt_core::{
    id::{MemberId, NodeId, TenantId},
    knowledge::Knowledge,
    lang::Lang,
    promise::PromiseSettings,
    settings::{Brand, MailSettings, TenantSettings},
    webhook::target::Loopback,
};
use forecourt_http::{Gateway, Hooks, HttpConfig, Limits, Parts, SignedLinks, SigningKey, server};
use forecourt_ports::{
    fake::{
        FakeTools, ManualClock, MemStore, OpenVault, RecordingSender, Script, ScriptedModel, SeqIds,
    },
    sender::Letter,
    store::{Member, NewMember, NewTenant, Role, TenantSnapshot},
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{bus::TestBus, preview::TestStages};

pub(crate) const ANSWER: &str =
    "Hei! Takk for meldingen. En av oss ser gjerne på den sammen med deg.";
pub(crate) const PASSWORD: &str = "et langt passord";
/// Longer than anything here takes; only a test that fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) addr: std::net::SocketAddr,
    pub(crate) client: Client,
    pub(crate) store: MemStore,
    pub(crate) bus: Arc<TestBus>,
    pub(crate) clock: ManualClock,
    pub(crate) model: Arc<ScriptedModel>,
    pub(crate) sender: Arc<RecordingSender>,
    pub(crate) gateway: Gateway,
    pub(crate) engine: Engine,
    /// Systems of tenants' own.
    pub(crate) tools: FakeTools,
    pub(crate) links: Arc<SignedLinks>,
    handle: actix_web::dev::ServerHandle,
}

pub(crate) fn tenant_id(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn key() -> SigningKey {
    SigningKey::new(vec![7; 32]).unwrap()
}

fn phc() -> String {
    let cheap = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
    let salt = SaltString::encode_b64(b"salt for a test").unwrap();
    argon2.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string()
}

pub(crate) fn tenant(number: u128, slug: &str, domain: &str) -> NewTenant {
    let id = tenant_id(number);
    let member = |nth: u128, name: &str, role| NewMember {
        member: Member {
            tenant: id,
            member: MemberId::from_uuid(Uuid::from_u128(number * 100 + nth)),
            name: name.to_owned(),
            email: format!("{}@{domain}", name.to_lowercase()),
            role,
        },
        lang: Lang::Nb,
        password_hash: Some(phc()),
    };
    let settings = TenantSettings {
        brand: Brand {
            name: format!("{slug} & Sønner"),
            phone: Some("+47 22 00 00 00".into()),
            email: None,
            address: None,
            website: None,
            logo_url: None,
            color: "#0b5fff".into(),
        },
        languages: vec![Lang::Nb, Lang::En],
        zone: "Europe/Oslo".into(),
        country: "NO".into(),
        hours: forecourt_core::hours::OpeningHours::default(),
        promise: PromiseSettings::default(),
        // Its clock stands still: a turn that waited for more text would never begin.
        gather: forecourt_core::gather::GatherSettings {
            shortest_ms: 0,
            longest_ms: 0,
            ..Default::default()
        },
        handoff: forecourt_core::handoff::HandoffSettings::default(),
        dialogue: forecourt_core::dialogue::DialogueSettings::default(),
        bookings: forecourt_core::booking::BookingSettings::default(),
        mail: MailSettings {
            from_name: slug.into(),
            from_address: format!("post@{domain}"),
            reply_to: None,
            alert_to: vec![],
        },
        allowed_origins: vec![format!("https://{domain}")],
        models: forecourt_core::models::ModelSettings::default(),
    };
    NewTenant {
        snapshot: TenantSnapshot { id, slug: slug.into(), pack: "dealer".into(), settings },
        name: slug.into(),
        knowledge: Knowledge::default(),
        busy: vec![],
        members: vec![member(1, "Ola", Role::Seller), member(2, "Eva", Role::Owner)],
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|config| config.limits = Limits::unlimited()).await
    }

    pub(crate) async fn with(configure: impl FnOnce(&mut HttpConfig)) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _first = rustls::crypto::ring::default_provider().install_default();
        });
        let clock = ManualClock::new("2026-11-21T12:00:00Z".parse().unwrap());
        let shared: Arc<dyn forecourt_ports::clock::Clock> = Arc::new(clock.clone());
        let node = NodeId::from_uuid(Uuid::from_u128(1));
        let store = MemStore::new(node);
        store.seed_tenant(tenant(1, "nordlys-bil", "nordlys.example"));
        store.seed_tenant(tenant(2, "fjord-auto", "fjord.example"));
        let bus = Arc::new(TestBus::default());
        let ids = Arc::new(SeqIds::new());
        let model = Arc::new(ScriptedModel::new("house", Arc::clone(&shared), Script::say(ANSWER)));
        let sender = Arc::new(RecordingSender::new(Arc::clone(&shared)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let url = format!("http://{addr}");
        let links = Arc::new(SignedLinks::new(&url, &key()));
        let tools = FakeTools::default();
        let ports = Ports {
            store: Arc::new(store.clone()),
            bus: Arc::<TestBus>::clone(&bus),
            clock: Arc::clone(&shared),
            ids: Arc::<SeqIds>::clone(&ids),
            primary: Arc::<ScriptedModel>::clone(&model),
            second: Arc::<ScriptedModel>::clone(&model),
            sender: Arc::<RecordingSender>::clone(&sender),
            links: Arc::<SignedLinks>::clone(&links),
            tools: Arc::new(tools.clone()),
            meaning: None,
            node,
            io: tokio::runtime::Handle::current(),
        };
        let layout = EngineConfig { arbiters: 1, sole: true, idle: Duration::from_mins(1) };
        let engine = Engine::start(ports, layout);
        let mut config = HttpConfig::new(key());
        configure(&mut config);
        let gateway = Gateway::new(Parts {
            stages: Some(Arc::new(TestStages { store: store.clone(), clock: clock.clone() })),
            desk: Arc::new(engine.clone()),
            store: Arc::new(store.clone()),
            hooks: Hooks {
                store: Arc::new(store.clone()),
                vault: Arc::new(OpenVault),
                encode: Arc::new(forecourt_wire::WireEncode),
                loopback: Loopback::Refused,
                wake: Arc::new(|| {}),
            },
            calendars: None,
            bus: Arc::<TestBus>::clone(&bus),
            limiter: Arc::new(LocalLimiter::default()),
            clock: shared,
            ids,
            config,
        });
        let server = server(listener, gateway.clone(), 2).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let world = Self {
            url,
            addr,
            client,
            store,
            bus,
            clock,
            model,
            sender,
            gateway,
            engine,
            tools,
            links,
            handle,
        };
        assert_eq!(world.get("/healthz").send().await.unwrap().status(), StatusCode::OK);
        world
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    /// Opens a conversation.
    pub(crate) async fn open(&self) -> Visitor {
        self.open_at("nordlys-bil").await
    }

    pub(crate) async fn open_at(&self, tenant: &str) -> Visitor {
        let body = json!({ "tenant": tenant, "page_url": "https://nordlys.example/tesla?x=1" });
        let answer = self.post("/v1/sessions").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let opened: Value = answer.json().await.unwrap();
        Visitor {
            session: opened["session_id"].as_str().unwrap().to_owned(),
            token: opened["token"].as_str().unwrap().to_owned(),
            cursor: format!("{}-{}", opened["epoch"], opened["seq"]),
        }
    }

    /// Writes as the customer.
    pub(crate) async fn say(&self, visitor: &Visitor, text: &str, client_id: &str) -> Value {
        let answer = self
            .post(&format!("/v1/sessions/{}/messages", visitor.session))
            .bearer_auth(&visitor.token)
            .json(&json!({ "text": text, "client_id": client_id }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        answer.json().await.unwrap()
    }

    pub(crate) async fn read(&self, visitor: &Visitor) -> Value {
        let answer = self
            .get(&format!("/v1/sessions/{}", visitor.session))
            .bearer_auth(&visitor.token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// The six digits of the last letter that carries some, once it has left.
    pub(crate) async fn code_by_mail(&self) -> String {
        let code = |word: &str| {
            let word = word.trim_end_matches('.');
            let is = word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
            is.then(|| word.to_owned())
        };
        let find = async {
            loop {
                for sent in self.sender.sent().iter().rev() {
                    let Letter::Booking { text, .. } = &sent.outgoing.letter else { continue };
                    if let Some(code) = text.split_whitespace().find_map(code) {
                        return code;
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, find).await.expect("no code was sent")
    }

    /// Signs a member in and gives the `Cookie` header.
    pub(crate) async fn sign_in(&self, tenant: &str, email: &str) -> String {
        let body = json!({ "tenant": tenant, "email": email, "password": PASSWORD });
        let answer = self.post("/v1/login").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub(crate) async fn ola(&self) -> String {
        self.sign_in("nordlys-bil", "ola@nordlys.example").await
    }

    /// Sends a form.
    pub(crate) async fn submit(&self, email: &str, message: &str) -> Value {
        let form = json!({ "name": "Kari Nordmann", "email": email, "message": message });
        let answer = self.post("/v1/webhooks/form/nordlys-bil").json(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    pub(crate) async fn stop(self) {
        self.gateway.begin_stop();
        self.handle.stop(false).await;
    }
}

pub(crate) struct Visitor {
    pub(crate) session: String,
    pub(crate) token: String,
    pub(crate) cursor: String,
}

/// Checks that an answer is a problem of this status and code, and gives it.
pub(crate) async fn problem(answer: Response, status: u16, code: &str) -> Value {
    let got = answer.status().as_u16();
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let headers = answer.headers().clone();
    let body: Value = answer.json().await.unwrap_or_default();
    assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(kind.unwrap(), "application/problem+json");
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["instance"], headers["x-request-id"].to_str().unwrap());
    if matches!(status, 429 | 503) {
        let seconds: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(seconds >= 1 && body["retry_after_s"] == seconds);
    }
    body
}
