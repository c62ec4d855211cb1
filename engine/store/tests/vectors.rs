//! Vectors on a real Postgres with pgvector, which `make pgvector` puts together.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

#[expect(dead_code, reason = "it also makes databases without vectors")]
mod ground;
#[path = "ground/rules.rs"]
mod rules;

use forecourt_core::{
    entry::{EntryBody, EntryId},
    id::{FaqId, TenantId},
    knowledge::Localized,
    lang::Lang,
    search::FoundBy,
};
use forecourt_ports::{
    contract::Stage,
    embedder::Space,
    ids::Ids as _,
    store::{
        knowledge::{EntryChange, EntryWrite, KnowledgeBase as _, Passage},
        vectors::{Lacking, Placed, Unplaced, Vectors as _},
    },
};
use forecourt_store::{PgStore, testing::TestDb};
use ground::Postgres;
use jiff::{SignedDuration, Timestamp};

const LEASE: SignedDuration = SignedDuration::from_secs(60);

fn space(model: &str) -> Space {
    Space { model: model.to_owned(), dims: 8 }
}

/// A made-up model that knows five subjects.
fn vector(text: &str) -> Vec<f32> {
    const SUBJECTS: [&[&str]; 5] = [
        &["dekk", "hjul", "tyre", "wheel", "pneu", "إطار"],
        &["lakk", "polish", "paint"],
        &["lån", "loan", "crédit", "finans"],
        &["åpen", "open", "klokka"],
        &["hund", "dog", "chien"],
    ];
    let text = text.to_lowercase();
    let mut vector = [0.0_f32; 8];
    for (at, words) in SUBJECTS.iter().enumerate() {
        vector[at] = words.iter().filter(|word| text.contains(**word)).count() as f32;
    }
    // Whoever is about nothing known is far from everything.
    vector[7] = 0.1;
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
    vector.iter().map(|part| part / length).collect()
}

fn faq(texts: &[(Lang, &str, &str)]) -> EntryBody {
    let pick = |which: fn(&(Lang, &str, &str)) -> String| {
        Localized(texts.iter().map(|text| (text.0, which(text))).collect())
    };
    EntryBody {
        title: pick(|text| text.1.to_owned()),
        text: pick(|text| text.2.to_owned()),
        active: true,
        ..EntryBody::default()
    }
}

fn tyres() -> EntryBody {
    faq(&[
        (Lang::Nb, "Har dere dekkhotell?", "Ja, vi lagrer dekkene dine."),
        (Lang::En, "Do you store tyres?", "Yes, all winter."),
    ])
}

async fn put(store: &PgStore, tenant: TenantId, id: FaqId, expected: i64, body: EntryBody) {
    let (id, change, now) = (EntryId::Faq(id), EntryChange::Put(body), Timestamp::UNIX_EPOCH);
    let write = EntryWrite { id, expected, change, by: None, now };
    store.write_entry(tenant, &write).await.unwrap();
}

/// Places all that lacks a place; says the texts.
async fn place_all(
    ground: &Postgres,
    n: u8,
    space: &Space,
    now: Timestamp,
) -> Vec<(TenantId, String)> {
    let (node, store) = ground.store(n);
    let mut done = Vec::new();
    for work in store.claim_vectors(space, node, now, LEASE, 10).await.unwrap() {
        while let Lacking::Some(found) =
            store.lacking(work.tenant, space, node, now + LEASE, 2).await.unwrap()
        {
            let placed: Vec<_> = found.iter().map(placed).collect();
            assert!(store.place(work.tenant, space, node, &placed).await.unwrap());
            done.extend(found.into_iter().map(|one| (work.tenant, one.text)));
        }
    }
    done
}

fn placed(one: &Unplaced) -> Placed {
    Placed { id: one.id, text: one.text.clone(), vector: Some(vector(&one.text)) }
}

async fn near(store: &PgStore, tenant: TenantId, space: &Space, text: &str) -> Vec<Passage> {
    store.near(tenant, space, &vector(text), Lang::Nb, 0.5, 5).await.unwrap()
}

async fn ground(space: &Space) -> Postgres {
    Postgres { db: TestDb::with_vectors(space).await }
}

#[tokio::test]
async fn a_paraphrase_without_a_word_in_common_is_found_by_vector_and_not_by_words() {
    let space = space("toy-1");
    let ground = ground(&space).await;
    let stage = Stage::set(&ground).await;
    let (_, store) = ground.store(1);
    put(&store, stage.tenant, stage.ids.faq(), 0, tyres()).await;
    let question = "Kan jeg la hjulene stå hos noen?";
    let words = store.search_knowledge(stage.tenant, question, Lang::Nb, 5).await.unwrap();
    assert_eq!(words, [], "no word of it stands anywhere");
    assert_eq!(near(&store, stage.tenant, &space, question).await, [], "nothing has a place yet");
    let done = place_all(&ground, 1, &space, stage.now).await;
    let all = store.placed_of(stage.tenant, &space).await.unwrap();
    assert_eq!((all.0, all.1), (all.1, done.len() as u32), "all of them, each once");
    let found = near(&store, stage.tenant, &space, question).await;
    let own: Vec<_> = found.iter().filter(|one| one.text.contains("dekkhotell")).collect();
    assert_eq!(own.len(), 1, "one entry once, in the customer's language: {found:?}");
    assert_eq!((own[0].found_by, own[0].source.as_str()), (FoundBy::Meaning, "faq"));
    assert!(found.iter().all(|one| !one.text.contains("tyres") && one.score >= 0.5), "{found:?}");
    assert_eq!(near(&store, stage.tenant, &space, "Tar dere imot katter?").await, []);
    let none = store.near(stage.tenant, &space, &vector(question), Lang::Nb, 0.5, 0).await;
    assert_eq!(none.unwrap(), []);
}

#[tokio::test]
async fn tenants_never_see_each_others_vectors() {
    let space = space("toy-1");
    let ground = ground(&space).await;
    let stage = Stage::set(&ground).await;
    let other = stage.set_another("annen-bil").await;
    let (_, store) = ground.store(1);
    put(&store, stage.tenant, stage.ids.faq(), 0, tyres()).await;
    // Many and nearer: an index over all tenants meets these first.
    for n in 0..60 {
        let title = format!("Hund nummer {n}");
        let body = faq(&[(Lang::Nb, &title, "Hunder er velkomne, hund etter hund.")]);
        put(&store, other.tenant, stage.ids.faq(), 0, body).await;
    }
    let dogs = faq(&[(Lang::Nb, "Tar dere hund med dekk?", "Ja, en hund.")]);
    put(&store, stage.tenant, stage.ids.faq(), 0, dogs).await;
    place_all(&ground, 1, &space, stage.now).await;
    let own = near(&store, stage.tenant, &space, "Hvor kan hunden min vente?").await;
    assert_eq!(own.len(), 1, "A8: {own:?}");
    assert!(own[0].text.contains("hund med dekk"));
    let theirs = near(&store, other.tenant, &space, "hjul").await;
    assert!(theirs.iter().all(|one| !one.text.contains("dekk")), "A8: {theirs:?}");
    // The same through the index alone.
    let raw = ground.db.raw(&ground.db.access().app).await;
    let nobody = raw.texts("SELECT passage_id FROM passage_vectors").await.unwrap();
    assert_eq!(nobody, Vec::<String>::new(), "A8: without a scope there are no rows");
    let scoped = format!(
        "BEGIN; SELECT set_config('app.tenant_id', '{}', true); SET LOCAL enable_seqscan = off; \
         SET LOCAL enable_sort = off; SET LOCAL hnsw.iterative_scan = strict_order; \
         SELECT count(*) FROM (SELECT FROM passage_vectors ORDER BY place <=> '[0,0,0,0,1,0,0,0.1]' LIMIT 5) AS near; \
         ROLLBACK",
        stage.tenant.as_uuid()
    );
    let counted = raw.texts(&scoped).await.unwrap();
    let all = store.placed_of(stage.tenant, &space).await.unwrap().1;
    assert_eq!(
        counted.last(),
        Some(&all.min(5).to_string()),
        "its own are found behind the others'"
    );
}

#[tokio::test]
async fn another_model_places_all_anew_and_a_node_with_the_old_one_stands_back() {
    let (old, new) = (space("toy-1"), space("toy-2"));
    let ground = ground(&old).await;
    let stage = Stage::set(&ground).await;
    let (node, store) = ground.store(1);
    put(&store, stage.tenant, stage.ids.faq(), 0, tyres()).await;
    let first = place_all(&ground, 1, &old, stage.now).await;
    assert!(!near(&store, stage.tenant, &old, "hjul").await.is_empty());
    // The same again is no change.
    ground.db.prepare_vectors(&old).await.unwrap();
    assert_eq!(place_all(&ground, 1, &old, stage.now).await, []);
    ground.db.prepare_vectors(&new).await.unwrap();
    assert_eq!(near(&store, stage.tenant, &old, "hjul").await, [], "two models are never compared");
    assert_eq!(
        near(&store, stage.tenant, &new, "hjul").await,
        [],
        "the new one has placed nothing"
    );
    let late = store.claim_vectors(&old, node, stage.now, LEASE, 10).await.unwrap();
    assert_eq!(late, [], "the old node would undo what the new one does");
    let again = place_all(&ground, 2, &new, stage.now).await;
    assert_eq!(again.len(), first.len());
    assert!(!near(&store, stage.tenant, &new, "hjul").await.is_empty());
    // Other dimensions are another table.
    let wide = Space { model: "toy-3".into(), dims: 16 };
    ground.db.prepare_vectors(&wide).await.unwrap();
    assert_eq!(near(&store, stage.tenant, &new, "hjul").await, []);
    assert_eq!(store.placed_of(stage.tenant, &wide).await.unwrap().0, 0);
    let due = store.claim_vectors(&wide, node, stage.now, LEASE, 10).await.unwrap();
    assert_eq!(due.len(), 1);
}

#[tokio::test]
async fn what_changes_loses_its_place_at_once_and_gets_a_new_one_later() {
    let space = space("toy-1");
    let ground = ground(&space).await;
    let stage = Stage::set(&ground).await;
    let (node, store) = ground.store(1);
    let id = stage.ids.faq();
    put(&store, stage.tenant, id, 0, tyres()).await;
    place_all(&ground, 1, &space, stage.now).await;
    let polish = faq(&[(Lang::Nb, "Polerer dere?", "Ja, lakken blir som ny.")]);
    put(&store, stage.tenant, id, 1, polish.clone()).await;
    let stale = near(&store, stage.tenant, &space, "hjul").await;
    assert!(stale.iter().all(|one| !one.text.contains("dekk")), "{stale:?}");
    // A place for what it said before comes too late.
    let work = store.claim_vectors(&space, node, stage.now, LEASE, 10).await.unwrap();
    assert_eq!((work.len(), work[0].failures), (1, 0));
    let until = stage.now + LEASE;
    let Lacking::Some(found) = store.lacking(stage.tenant, &space, node, until, 9).await.unwrap()
    else {
        panic!("it lacks a place")
    };
    put(&store, stage.tenant, id, 2, tyres()).await;
    let places: Vec<_> = found.iter().map(placed).collect();
    assert!(store.place(stage.tenant, &space, node, &places).await.unwrap());
    assert!(
        near(&store, stage.tenant, &space, "lakk").await.is_empty(),
        "it says nothing of it now"
    );
    let Lacking::Some(left) = store.lacking(stage.tenant, &space, node, until, 9).await.unwrap()
    else {
        panic!("it lacks a place")
    };
    assert_eq!(left.len(), 2, "{left:?}");
    let places: Vec<_> = left.iter().map(placed).collect();
    assert!(store.place(stage.tenant, &space, node, &places).await.unwrap());
    assert_eq!(
        store.lacking(stage.tenant, &space, node, until, 9).await.unwrap(),
        Lacking::Nothing
    );
    assert_eq!(near(&store, stage.tenant, &space, "hjul").await.len(), 1);
}

#[tokio::test]
async fn work_is_claimed_by_one_node_until_its_lease_ends_and_failures_are_counted() {
    let space = space("toy-1");
    let ground = ground(&space).await;
    let mut stage = Stage::set(&ground).await;
    let ((one, store), (two, _)) = (ground.store(1), ground.store(2));
    put(&store, stage.tenant, stage.ids.faq(), 0, tyres()).await;
    let claim = async |node, now| store.claim_vectors(&space, node, now, LEASE, 10).await.unwrap();
    assert_eq!(claim(one, stage.now).await.len(), 1);
    assert_eq!(claim(two, stage.now).await.len(), 0, "one does it");
    let lost = store.lacking(stage.tenant, &space, two, stage.now + LEASE, 9).await.unwrap();
    assert_eq!(lost, Lacking::Lost);
    stage.pass(61);
    assert_eq!(claim(two, stage.now).await.len(), 1, "its lease has ended");
    assert!(!store.place(stage.tenant, &space, one, &[]).await.unwrap(), "it is the other's now");
    let later = stage.now + SignedDuration::from_secs(30);
    store.give_back_vectors(stage.tenant, two, true, later).await.unwrap();
    assert_eq!(claim(one, stage.now).await.len(), 0, "not before its time");
    let again = claim(one, later).await;
    assert_eq!((again.len(), again[0].failures), (1, 1));
    // A text that the provider does not take is not asked again.
    let until = later + LEASE;
    while let Lacking::Some(found) =
        store.lacking(stage.tenant, &space, one, until, 9).await.unwrap()
    {
        let none: Vec<_> = found
            .into_iter()
            .map(|one| Placed { id: one.id, text: one.text, vector: None })
            .collect();
        assert!(store.place(stage.tenant, &space, one, &none).await.unwrap());
    }
    assert_eq!(near(&store, stage.tenant, &space, "hjul").await, []);
    assert_eq!(claim(one, until).await.len(), 0, "all is done");
}

#[tokio::test]
async fn the_tables_of_vectors_keep_the_rules_of_all_tables() {
    let db = TestDb::with_vectors(&space("toy-1")).await;
    let raw = rules::superuser(&db).await;
    let tables = raw.texts("SELECT relname FROM tenant_tables ORDER BY 1").await.unwrap();
    for known in ["passage_vectors", "passage_work"] {
        assert!(tables.iter().any(|table| table == known), "{known} is missing: {tables:?}");
    }
    assert_eq!(rules::broken(&raw).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_postgres_without_the_extension_is_told_apart_and_says_what_to_install() {
    let space = space("toy-1");
    let db = TestDb::with_vectors(&space).await;
    // As on a server where nobody gave us a superuser.
    let raw = db.raw(&db.superuser()).await;
    raw.run("DROP EXTENSION vector CASCADE").await.unwrap();
    let access = db.access().clone();
    let refused = tokio::task::spawn_blocking(move || {
        forecourt_store::bootstrap::prepare_vectors(&access, None, &space)
    });
    let error = refused.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("CREATE EXTENSION vector;") && error.contains("--vectors"), "{error}");
}
