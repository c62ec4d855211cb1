//! `forecourt admin`: what operators ask for.

use std::sync::Arc;

use anyhow::Context as _;
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, SaltString},
};
use forecourt_core::{id::NodeId, promise::PromiseSettings};
use forecourt_ports::{clock::Clock as _, ids::Ids as _};
use forecourt_store::pg::PgStore;
use forecourt_wire::DemoLogin;
use jiff::{SignedDuration, Timestamp};

use crate::{
    clock::{SystemClock, SystemIds},
    config::{AdminArgs, AdminCommand},
    database,
};

/// The password of the demo's members. The demo is for this machine; `--no-demo` leaves it out.
const DEMO_PASSWORD: &str = "forecourt-demo";

pub(crate) fn run(args: AdminArgs) -> anyhow::Result<()> {
    let AdminCommand::Demo { database, json } = args.command;
    let io = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let node = NodeId::from_uuid(SystemIds.uuid());
    let opened = database::open(&database, None, node, io.handle())?;
    let clock = SystemClock { offset: SignedDuration::ZERO };
    let created = io.block_on(create_demo(&opened.store, clock.now(), &[]));
    opened.store.close();
    if let Some(cluster) = opened.cluster {
        cluster.stop();
    }
    let logins = created?;
    if json {
        println!("{}", serde_json::json!({ "tenants": logins }));
    } else {
        for DemoLogin { tenant, email, password } in logins {
            println!("{tenant}: {email} / {password}");
        }
    }
    Ok(())
}

/// Creates the two demo tenants where they are not there, and says how to sign in to each.
pub(crate) async fn create_demo(
    store: &Arc<PgStore>,
    now: Timestamp,
    promise_ms: &[u32],
) -> anyhow::Result<Vec<DemoLogin>> {
    let salt: [u8; 16] = rand::random();
    let salt = SaltString::encode_b64(&salt).map_err(|error| anyhow::anyhow!("{error}"))?;
    let hash = Argon2::default()
        .hash_password(DEMO_PASSWORD.as_bytes(), &salt)
        .map_err(|error| anyhow::anyhow!("{error}"))?
        .to_string();
    let mut logins = Vec::new();
    for mut tenant in forecourt_store::seed::demo(now, &hash) {
        if let [second_model_ms, models_end_ms, template_ms, alert_ms, deadline_ms] = *promise_ms {
            let promise = PromiseSettings {
                second_model_ms,
                models_end_ms,
                template_ms,
                alert_ms,
                deadline_ms,
            };
            tenant.snapshot.settings.promise = promise.check()?;
        }
        let (slug, email) = (
            tenant.snapshot.slug.clone(),
            tenant.members.first().context("a demo tenant has members")?.member.email.clone(),
        );
        store.create_tenant(&tenant, now).await.context("a demo tenant cannot be created")?;
        logins.push(DemoLogin { tenant: slug, email, password: DEMO_PASSWORD.into() });
    }
    Ok(logins)
}
