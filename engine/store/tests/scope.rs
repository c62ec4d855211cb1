//! A8 against a real Postgres: what a scope shows, what it refuses, and what is left of it after a
//! transaction that nobody ended.

use std::time::Duration;

use diesel::{ExpressionMethods, QueryDsl, SelectableHelper, prelude::*};
use diesel_async::RunQueryDsl;
use forecourt_core::id::{MemberId, TenantId};
use forecourt_store::{
    DbError, TenantTx,
    db::Retry,
    schema::{members, platform_settings, staff_sessions, tenants},
    testing::{TestDb, uuid},
};
use jiff::Timestamp;

#[derive(Insertable, Queryable, Selectable, Clone, Debug)]
#[diesel(table_name = members)]
struct MemberRow {
    tenant_id: uuid::Uuid,
    member_id: uuid::Uuid,
    email: String,
    name: String,
    role: String,
    language: String,
    #[diesel(serialize_as = jiff_diesel::Timestamp, deserialize_as = jiff_diesel::Timestamp)]
    created_at: Timestamp,
}

fn member(tenant: TenantId, email: &str) -> MemberRow {
    MemberRow {
        tenant_id: tenant.into_uuid(),
        member_id: uuid(),
        email: email.into(),
        name: "Åse".into(),
        role: "seller".into(),
        language: "nb".into(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

async fn add(db: &TestDb, scope: TenantId, row: MemberRow) -> Result<MemberId, DbError> {
    let id = MemberId::from_uuid(row.member_id);
    db.db()
        .tenant(scope, async |tx| {
            diesel::insert_into(members::table).values(row).execute(tx).await?;
            Ok(id)
        })
        .await
}

async fn emails(tx: &mut TenantTx) -> Result<Vec<String>, DbError> {
    Ok(members::table.order(members::email).select(members::email).load(tx).await?)
}

#[tokio::test]
async fn a_scope_shows_its_own_tenant_and_nobody_else() {
    let db = TestDb::new().await;
    let (a, b) = (db.add_tenant("aaa").await, db.add_tenant("bbb").await);
    add(&db, a, member(a, "a@example.com")).await.unwrap();
    add(&db, b, member(b, "b@example.com")).await.unwrap();

    assert_eq!(db.db().tenant(a, emails).await.unwrap(), ["a@example.com"]);
    assert_eq!(db.db().tenant(b, emails).await.unwrap(), ["b@example.com"]);
    let slugs = db
        .db()
        .tenant(a, async |tx| -> Result<Vec<String>, DbError> {
            Ok(tenants::table.select(tenants::slug).load(tx).await?)
        })
        .await;
    assert_eq!(slugs.unwrap(), ["aaa"]);
}

#[tokio::test]
async fn a_row_of_another_tenant_can_be_neither_written_nor_changed_nor_deleted() {
    let db = TestDb::new().await;
    let (a, b) = (db.add_tenant("aaa").await, db.add_tenant("bbb").await);
    let theirs = add(&db, b, member(b, "b@example.com")).await.unwrap();

    let inserted = add(&db, a, member(b, "planted@example.com")).await;
    assert!(matches!(inserted, Err(DbError::Refused(_))), "{inserted:?}");

    let changed = db
        .db()
        .tenant(a, async |tx| -> Result<usize, DbError> {
            let target = members::table.filter(members::member_id.eq(theirs.into_uuid()));
            Ok(diesel::update(target).set(members::name.eq("mine")).execute(tx).await?)
        })
        .await;
    assert_eq!(changed.unwrap(), 0);

    // Ownership of a row cannot be moved either: the column is in no grant.
    let moved = db
        .db()
        .tenant(b, async |tx| -> Result<usize, DbError> {
            let change = members::tenant_id.eq(a.into_uuid());
            Ok(diesel::update(members::table).set(change).execute(tx).await?)
        })
        .await;
    assert!(matches!(moved, Err(DbError::Refused(_))), "{moved:?}");
}

#[tokio::test]
async fn without_a_scope_the_application_sees_no_row_and_writes_none() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    add(&db, a, member(a, "a@example.com")).await.unwrap();
    let raw = db.raw(&db.access().app).await;

    for table in ["tenants", "members", "staff_sessions"] {
        let count = raw.texts(&format!("SELECT count(*) FROM {table}")).await.unwrap();
        assert_eq!(count, ["0"], "{table}");
    }
    let insert = "INSERT INTO tenants (tenant_id, slug, name, pack, epoch, created_at, updated_at)
                  VALUES (gen_random_uuid(), 'ccc', 'c', 'dealer', 1, now(), now())";
    let refused = raw.run(insert).await.unwrap_err();
    assert!(matches!(refused, DbError::Refused(_)), "{refused}");
}

#[tokio::test]
async fn a_scope_that_was_reset_shows_nothing_and_breaks_nothing() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    let raw = db.raw(&db.access().app).await;
    // After a transaction with a local setting, the setting reads '' for the rest of the session.
    let scoped =
        format!("BEGIN; SELECT set_config('app.tenant_id', '{}', true); COMMIT", a.as_uuid());
    raw.run(&scoped).await.unwrap();
    let left = raw.texts("SELECT current_setting('app.tenant_id', true)").await.unwrap();
    assert_eq!(left, [""]);
    assert_eq!(raw.texts("SELECT count(*) FROM tenants").await.unwrap(), ["0"]);
}

#[tokio::test]
async fn the_application_can_neither_leave_its_role_nor_switch_security_off() {
    let db = TestDb::new().await;
    let raw = db.raw(&db.access().app).await;
    for statement in [
        "SET ROLE forecourt_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION forecourt_owner",
        "ALTER TABLE members DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE members NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY members_own ON members",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER ROLE forecourt_app BYPASSRLS",
        "TRUNCATE members",
        "DELETE FROM tenants",
        "SELECT * FROM __diesel_schema_migrations",
        "COPY members TO PROGRAM 'cat'",
        "SELECT pg_read_file('PG_VERSION')",
    ] {
        assert!(raw.run(statement).await.is_err(), "`{statement}` was allowed");
    }
    // It may ask to see past security, but then its queries fail instead of showing more.
    raw.run("SET row_security = off").await.unwrap();
    assert!(raw.run("SELECT * FROM members").await.is_err());
}

#[tokio::test]
async fn a_slug_leads_to_its_tenant_and_to_no_row_of_it() {
    let db = TestDb::new().await;
    let (a, b) = (db.add_tenant("bil-oslo").await, db.add_tenant("bil-bergen").await);
    assert_eq!(db.db().resolve_slug("bil-oslo").await.unwrap(), Some(a));
    assert_eq!(db.db().resolve_slug("bil-bergen").await.unwrap(), Some(b));
    for unknown in ["bil-nowhere", "", "Bil-Oslo", "bil-oslo'; DROP TABLE tenants; --", "bil\0oslo"]
    {
        assert_eq!(db.db().resolve_slug(unknown).await.unwrap(), None, "{unknown:?}");
    }
    add(&db, a, member(a, "a@example.com")).await.unwrap();

    // What the policy itself allows in such a scope: one row to read, none to change.
    let raw = db.raw(&db.access().app).await;
    raw.run("SELECT set_config('app.tenant_slug', 'bil-oslo', false)").await.unwrap();
    assert_eq!(raw.texts("SELECT slug FROM tenants").await.unwrap(), ["bil-oslo"]);
    assert_eq!(raw.change("UPDATE tenants SET name = 'x'").await.unwrap(), 0);
    assert_eq!(raw.texts("SELECT 1 FROM members").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn the_sweeps_learn_who_owes_work_and_not_what() {
    let db = TestDb::new().await;
    let (a, b) = (db.add_tenant("aaa").await, db.add_tenant("bbb").await);
    let member_id = add(&db, a, member(a, "a@example.com")).await.unwrap();
    let at = |second| jiff_diesel::Timestamp::from(Timestamp::from_second(second).unwrap());
    db.db()
        .tenant(a, async |tx| -> Result<(), DbError> {
            // `tenant_id` is left out: the scope is its default.
            let row = (
                staff_sessions::token_hash.eq(vec![7_u8; 32]),
                staff_sessions::member_id.eq(member_id.into_uuid()),
                staff_sessions::created_at.eq(at(0)),
                staff_sessions::expires_at.eq(at(100)),
                staff_sessions::last_seen_at.eq(at(0)),
            );
            diesel::insert_into(staff_sessions::table).values(row).execute(tx).await?;
            Ok(())
        })
        .await
        .unwrap();

    let jobs = db.jobs();
    assert_eq!(jobs.tenants(None, 10).await.unwrap(), [a, b]);
    assert_eq!(jobs.tenants(None, 1).await.unwrap(), [a]);
    assert_eq!(jobs.tenants(Some(a), 10).await.unwrap(), [b]);
    let due = |second| {
        jobs.tenants_with_expired_staff_sessions(Timestamp::from_second(second).unwrap(), 10)
    };
    assert_eq!(due(100).await.unwrap(), []);
    assert_eq!(due(101).await.unwrap(), [a]);

    let raw = db.raw(&db.access().jobs).await;
    for statement in [
        "SELECT slug FROM tenants",
        "SELECT * FROM tenants",
        "SELECT member_id FROM staff_sessions",
        "SELECT 1 FROM members",
        "SELECT 1 FROM platform_settings",
        "INSERT INTO tenants (tenant_id) VALUES (gen_random_uuid())",
        "DELETE FROM staff_sessions",
        "UPDATE staff_sessions SET expires_at = now()",
    ] {
        assert!(raw.run(statement).await.is_err(), "`{statement}` was allowed");
    }
}

#[tokio::test]
async fn what_belongs_to_the_platform_is_written_once() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    let write = |value: u8| {
        let row = (
            platform_settings::key.eq("stream.epoch"),
            platform_settings::value.eq(vec![value]),
            platform_settings::created_at.eq(jiff_diesel::Timestamp::from(Timestamp::UNIX_EPOCH)),
        );
        db.db().tenant(a, async |tx| -> Result<usize, DbError> {
            let insert = diesel::insert_into(platform_settings::table).values(row);
            Ok(insert.on_conflict_do_nothing().execute(tx).await?)
        })
    };
    assert_eq!((write(1).await.unwrap(), write(2).await.unwrap()), (1, 0));
    let raw = db.raw(&db.access().app).await;
    assert!(raw.run("UPDATE platform_settings SET value = ''").await.is_err());
    assert!(raw.run("DELETE FROM platform_settings").await.is_err());
}

#[tokio::test]
async fn an_error_rolls_back_and_the_connection_serves_on() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    let failed: Result<(), DbError> = db
        .db()
        .tenant(a, async |tx| {
            diesel::insert_into(members::table)
                .values(member(a, "x@example.com"))
                .execute(tx)
                .await?;
            Err(DbError::NotFound)
        })
        .await;
    assert_eq!(failed, Err(DbError::NotFound));
    assert_eq!(db.db().tenant(a, emails).await.unwrap(), Vec::<String>::new());
    assert_eq!(db.db().status().open, 1);
}

#[tokio::test]
async fn a_failure_that_was_ignored_is_not_reported_as_committed() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    add(&db, a, member(a, "taken@example.com")).await.unwrap();
    let outcome: Result<(), DbError> = db
        .db()
        .tenant(a, async |tx| {
            diesel::insert_into(members::table)
                .values(member(a, "new@example.com"))
                .execute(tx)
                .await?;
            let taken = diesel::insert_into(members::table).values(member(a, "TAKEN@example.com"));
            assert!(taken.execute(tx).await.is_err());
            Ok(())
        })
        .await;
    assert_eq!(outcome, Err(DbError::Aborted));
    assert_eq!(db.db().tenant(a, emails).await.unwrap(), ["taken@example.com"]);
}

#[tokio::test]
async fn a_taken_name_and_a_missing_parent_are_told_by_their_constraints() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    add(&db, a, member(a, "Åse@example.com")).await.unwrap();
    let taken = add(&db, a, member(a, "åSE@example.com")).await.unwrap_err();
    assert_eq!(taken, DbError::UniqueViolation { constraint: "members_email_key".into() });
    assert!(!format!("{taken} {taken:?}").contains('@'), "A13: {taken}");

    let nobody = TenantId::from_uuid(uuid());
    let orphan = add(&db, nobody, member(nobody, "x@example.com")).await.unwrap_err();
    assert_eq!(orphan, DbError::ForeignKeyViolation { constraint: "members_tenant_fkey".into() });

    let bad = MemberRow { role: "god".into(), ..member(a, "y@example.com") };
    let refused = add(&db, a, bad).await.unwrap_err();
    assert_eq!(refused.constraint(), Some("members_role_check"));
}

#[tokio::test]
async fn reads_in_one_scope_share_a_round_trip() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    add(&db, a, member(a, "a@example.com")).await.unwrap();
    let both = db
        .db()
        .tenant(a, async |tx| -> Result<(Vec<MemberRow>, i64), DbError> {
            let (mut left, mut right) = (&*tx, &*tx);
            let rows = members::table.select(MemberRow::as_select()).load(&mut left);
            let count = tenants::table.count().get_result(&mut right);
            Ok(futures_util::try_join!(rows, count)?)
        })
        .await;
    let (rows, count) = both.unwrap();
    assert_eq!((rows.len(), count), (1, 1));
}

#[tokio::test]
async fn a_read_sees_one_instant_and_writes_nothing() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    let seen = db
        .db()
        .read(a, async |tx| -> Result<_, DbError> {
            let before = emails(tx).await?;
            add(&db, a, member(a, "late@example.com")).await?;
            Ok((before, emails(tx).await?))
        })
        .await;
    assert_eq!(seen.unwrap(), (vec![], vec![]));
    assert_eq!(db.db().read(a, emails).await.unwrap(), ["late@example.com"]);
    let row = member(a, "x@example.com");
    let written = db.db().read(a, async |tx| -> Result<usize, DbError> {
        Ok(diesel::insert_into(members::table).values(row).execute(tx).await?)
    });
    assert!(matches!(written.await, Err(DbError::Refused(_))));
}

#[tokio::test]
async fn a_raw_batch_cannot_leave_the_scope() {
    use diesel_async::SimpleAsyncConnection;
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    let outcome: Result<(), DbError> =
        db.db().tenant(a, async |tx| Ok(tx.batch_execute("COMMIT").await?)).await;
    assert!(matches!(outcome, Err(DbError::Other(_))), "{outcome:?}");
}

/// G14 in small: a thousand transactions are dropped at random moments, and the next user of the
/// pool never finds another one's scope or an open transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_transaction_leaves_neither_its_scope_nor_its_rows_to_the_next() {
    let db = TestDb::new().await;
    let (a, b) = (db.add_tenant("aaa").await, db.add_tenant("bbb").await);
    add(&db, b, member(b, "b@example.com")).await.unwrap();

    // A fixed seed: a failure repeats.
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut dropped = 0;
    for round in 0..1000 {
        let row = member(a, &format!("{round}@example.com"));
        let work = db.db().tenant(a, async |tx| -> Result<(), DbError> {
            diesel::insert_into(members::table).values(row).execute(tx).await?;
            emails(tx).await?;
            // Never commits: whatever is found later has leaked.
            Err(DbError::NotFound)
        });
        let cut = tokio::time::timeout(Duration::from_micros(next() % 2500), work);
        dropped += usize::from(cut.await.is_err());

        let seen = db.db().tenant(b, emails).await.unwrap();
        assert_eq!(seen, ["b@example.com"], "round {round}");
    }
    assert!(dropped > 100, "only {dropped} were dropped: the test tests nothing");
    assert_eq!(db.db().tenant(a, emails).await.unwrap(), Vec::<String>::new());

    let raw = db.raw(&db.superuser()).await;
    let idle = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(raw.texts(idle).await.unwrap(), ["0"]);
}

#[tokio::test]
async fn a_dropped_transaction_gives_back_its_place_in_the_pool() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    for _ in 0..3 * db.db().status().max {
        let hang =
            db.db().tenant(a, async |_| -> Result<(), DbError> { std::future::pending().await });
        assert!(tokio::time::timeout(Duration::from_millis(20), hang).await.is_err());
    }
    assert_eq!(db.db().tenant(a, emails).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn two_transactions_that_wait_for_each_other_both_succeed_in_the_end() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    let one = add(&db, a, member(a, "1@example.com")).await.unwrap();
    let two = add(&db, a, member(a, "2@example.com")).await.unwrap();
    let met = tokio::sync::Barrier::new(2);
    let rename = async |order: [MemberId; 2], name: &str| {
        let mut repeats = 0;
        let mut retry = Retry::default();
        loop {
            let first = repeats == 0;
            let work = async |tx: &mut TenantTx| -> Result<(), DbError> {
                for (n, id) in order.iter().enumerate() {
                    let target = members::table.filter(members::member_id.eq(id.as_uuid()));
                    diesel::update(target).set(members::name.eq(name)).execute(tx).await?;
                    if n == 0 && first {
                        met.wait().await;
                    }
                }
                Ok(())
            };
            match db.db().tenant(a, work).await {
                Err(error) if retry.again(&error).await => repeats += 1,
                result => return result.map(|()| repeats),
            }
        }
    };
    let (left, right) = tokio::join!(rename([one, two], "left"), rename([two, one], "right"));
    assert_eq!(left.unwrap() + right.unwrap(), 1, "one of them lost, once");
}

/// The client is gone; the server must notice in the middle of a statement, or its locks stay.
#[tokio::test]
async fn a_dropped_statement_lets_go_of_its_locks() {
    diesel::define_sql_function! { fn pg_sleep(seconds: diesel::sql_types::Double) -> diesel::sql_types::Bool }
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    add(&db, a, member(a, "a@example.com")).await.unwrap();
    let rename = async |tx: &mut TenantTx, name: &str| -> Result<(), DbError> {
        diesel::update(members::table).set(members::name.eq(name)).execute(tx).await?;
        Ok(())
    };
    let slow = db.db().tenant(a, async |tx| -> Result<(), DbError> {
        rename(tx, "slow").await?;
        diesel::select(pg_sleep(9.0)).execute(tx).await?;
        Ok(())
    });
    assert!(tokio::time::timeout(Duration::from_millis(300), slow).await.is_err());
    let start = std::time::Instant::now();
    db.db().tenant(a, async |tx| rename(tx, "next").await).await.unwrap();
    // Its own lock timeout is 5 s; the server looks for its client every second.
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// Ports are traits behind `dyn`, whose futures borrow and move between threads.
#[tokio::test]
async fn a_scoped_transaction_fits_behind_a_port() {
    #[async_trait::async_trait]
    trait Directory: Send + Sync {
        async fn named(&self, tenant: TenantId, name: &str) -> Result<Vec<String>, DbError>;
        async fn rename(&self, tenant: TenantId, names: &[&str]) -> Result<(), DbError>;
    }
    struct PgDirectory(forecourt_store::Db);

    async fn named(tx: &mut TenantTx, name: &str) -> Result<Vec<String>, DbError> {
        let rows = members::table.filter(members::name.eq(name)).select(members::email);
        Ok(rows.load(tx).await?)
    }

    #[async_trait::async_trait]
    impl Directory for PgDirectory {
        async fn named(&self, tenant: TenantId, name: &str) -> Result<Vec<String>, DbError> {
            self.0.read(tenant, async |tx| named(tx, name).await).await
        }

        async fn rename(&self, tenant: TenantId, names: &[&str]) -> Result<(), DbError> {
            let mut retry = Retry::default();
            loop {
                let rename = async |tx: &mut TenantTx| {
                    for name in names {
                        named(tx, name).await?;
                        let change = members::name.eq(*name);
                        diesel::update(members::table).set(change).execute(tx).await?;
                    }
                    Ok(())
                };
                match self.0.tenant(tenant, rename).await {
                    Err(error) if retry.again(&error).await => {}
                    result => return result,
                }
            }
        }
    }

    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    add(&db, a, member(a, "a@example.com")).await.unwrap();
    let port: std::sync::Arc<dyn Directory> = std::sync::Arc::new(PgDirectory(db.db().clone()));
    let task = tokio::spawn(async move {
        port.rename(a, &["Kari", "Ola"]).await?;
        port.named(a, "Ola").await
    });
    assert_eq!(task.await.unwrap().unwrap(), ["a@example.com"]);
}

#[tokio::test]
async fn a_scoped_transaction_can_be_spawned() {
    let db = TestDb::new().await;
    let a = db.add_tenant("aaa").await;
    let pool = db.db().clone();
    let name = String::from("borrowed");
    let task = tokio::spawn(async move {
        let name = &name;
        pool.tenant(a, async |tx| -> Result<usize, DbError> {
            let found = members::table.filter(members::name.eq(name)).count();
            Ok(found.get_result::<i64>(tx).await? as usize)
        })
        .await
    });
    assert_eq!(task.await.unwrap().unwrap(), 0);
}
