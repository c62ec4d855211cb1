//! What people write down: changes, history, search, what was used, what was missing.

use forecourt_core::{
    entry::{EntryBody, EntryId, EntryKind},
    knowledge::Localized,
    lang::Lang,
    search::{self, FoundBy},
};
use jiff::SignedDuration;
use serde_json::json;

use super::{Ground, Stage};
use crate::{
    ids::Ids as _,
    store::{
        knowledge::{
            Entry, EntryChange, EntryWrite, Passage, PassageSource, QuestionEnd, SettingsWrite,
            SettingsWritten, Subject, Used, Written,
        },
        websites::{PagePassage, WebsiteAdded, WebsiteEnd, WebsiteStatus},
    },
};

fn body(title: &[(Lang, &str)], text: &[(Lang, &str)], keywords: &[&str]) -> EntryBody {
    let localized = |texts: &[(Lang, &str)]| {
        Localized(texts.iter().map(|(lang, text)| (*lang, (*text).to_owned())).collect())
    };
    EntryBody {
        title: localized(title),
        text: localized(text),
        keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        active: true,
        ..EntryBody::default()
    }
}

fn tyres() -> EntryBody {
    body(
        &[(Lang::Nb, "Har dere dekkhotell?"), (Lang::En, "Do you store tyres?")],
        &[(Lang::Nb, "Ja, vi lagrer dekkene dine."), (Lang::En, "Yes, we keep your tyres.")],
        &["lagring"],
    )
}

async fn write(stage: &Stage<'_>, id: EntryId, expected: i64, change: EntryChange) -> Written {
    let write = EntryWrite { id, expected, change, by: Some(stage.member), now: stage.now };
    stage.store.write_entry(stage.tenant, &write).await.expect("a write")
}

async fn put(stage: &Stage<'_>, id: EntryId, body: EntryBody) -> Entry {
    match write(stage, id, 0, EntryChange::Put(body)).await {
        Written::Stored(entry) => entry,
        other => panic!("not stored: {other:?}"),
    }
}

async fn find(stage: &Stage<'_>, question: &str, lang: Lang) -> Vec<Passage> {
    let found = stage.other.search_knowledge(stage.tenant, question, lang, 5);
    found.await.expect("a search")
}

pub async fn an_entry_is_said_as_soon_as_it_is_stored_and_no_longer_once_it_is_deleted(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let said = async || {
        let known = stage.other.load_knowledge(stage.tenant).await.expect("a read");
        let version = stage.other.knowledge_version(stage.tenant).await.expect("a read");
        (known, version)
    };
    let (_, before) = said().await;
    let faq = EntryId::Faq(stage.ids.faq());
    let stored = put(&stage, faq, tyres()).await;
    assert_eq!((stored.version, &stored.body), (1, &tyres()));
    let (known, after) = said().await;
    assert!(before < after);
    assert!(known.faqs.iter().any(|known| known.question == tyres().title));
    let rule = EntryId::Policy(stage.ids.policy());
    put(&stage, rule, body(&[(Lang::En, "Returns")], &[(Lang::En, "14 days.")], &[])).await;
    let wash = EntryId::Service(stage.ids.service());
    let service =
        EntryBody { minutes: Some(45), ..body(&[(Lang::En, "Car wash")], &[], &["wash"]) };
    put(&stage, wash, service).await;
    let (known, _) = said().await;
    assert!(known.faqs.iter().any(|known| known.question.get(Lang::En) == "Returns"));
    let offered = known.services.iter().find(|one| EntryId::Service(one.id) == wash);
    assert_eq!(offered.map(|one| one.minutes), Some(45));
    let catalogue = stage.other.load_catalogue(stage.tenant).await.expect("a read");
    assert!(catalogue.terms.iter().any(|terms| EntryId::Service(terms.service) == wash));
    let gone = write(&stage, faq, 1, EntryChange::Delete).await;
    assert!(matches!(&gone, Written::Stored(entry) if entry.deleted_at == Some(stage.now)));
    let (known, _) = said().await;
    assert!(known.faqs.iter().all(|known| known.question != tyres().title));
    assert!(find(&stage, "dekkhotell", Lang::Nb).await.is_empty());
    assert_eq!(stage.store.list_entries(stage.tenant, EntryKind::Faq).await.expect("a read"), []);
    assert!(matches!(write(&stage, faq, 2, EntryChange::Restore).await, Written::Stored(_)));
    assert_eq!(find(&stage, "dekkhotell", Lang::Nb).await.len(), 1);
}

pub async fn of_two_who_change_an_entry_the_second_is_told_of_the_first(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let faq = EntryId::Faq(stage.ids.faq());
    put(&stage, faq, tyres()).await;
    let theirs = EntryBody { keywords: vec!["dekk".into()], ..tyres() };
    let stored = write(&stage, faq, 1, EntryChange::Put(theirs.clone())).await;
    assert!(matches!(stored, Written::Stored(entry) if entry.version == 2));
    for expected in [0, 1, 3] {
        let late = write(&stage, faq, expected, EntryChange::Put(tyres())).await;
        assert!(
            matches!(&late, Written::Conflict(entry) if entry.version == 2 && entry.body == theirs),
            "from {expected}"
        );
    }
    let nobody = EntryId::Faq(stage.ids.faq());
    assert_eq!(write(&stage, nobody, 1, EntryChange::Put(tyres())).await, Written::NotFound);
    assert_eq!(write(&stage, nobody, 0, EntryChange::Delete).await, Written::NotFound);
    let other = stage.set_another("annen-bil").await;
    assert_eq!(write(&other, faq, 2, EntryChange::Delete).await, Written::NotFound, "A8");
    let history = stage.store.history(stage.tenant, Subject::Entry(faq), 10).await.expect("a read");
    let lines: Vec<_> = history.iter().map(|line| (line.version, line.action.as_str())).collect();
    assert_eq!(lines, [(2, "changed"), (1, "made")]);
    assert_eq!(history[0].member, Some(stage.member));
    assert_eq!(history[0].member_name.as_deref(), Some("Åse Ødegård"));
    assert_eq!(history[0].body["keywords"], json!(["dekk"]));
    let theirs = other.store.history(other.tenant, Subject::Entry(faq), 10).await.expect("a read");
    assert!(theirs.is_empty(), "A8");
}

pub async fn a_question_finds_what_is_about_it_in_its_language_and_nearly_right_words_do_too(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    put(&stage, EntryId::Faq(stage.ids.faq()), tyres()).await;
    let rule = body(
        &[(Lang::Fr, "Retours"), (Lang::Ar, "سياسة الإرجاع")],
        &[
            (Lang::Fr, "Les véhicules se rendent sous quatorze jours."),
            (Lang::Ar, "يمكن إرجاع السيارة خلال ١٤ يوما."),
        ],
        &[],
    );
    put(&stage, EntryId::Policy(stage.ids.policy()), rule).await;
    let service = body(&[(Lang::En, "Car wash")], &[(Lang::En, "By hand, with wax.")], &["vask"]);
    put(&stage, EntryId::Service(stage.ids.service()), service).await;
    for (question, lang, source, text) in [
        ("Hei, har dere dekkhotell?", Lang::Nb, PassageSource::Faq, "dekkene"),
        ("Do you keep tyres for customers?", Lang::En, PassageSource::Faq, "keep your tyres"),
        ("Puis-je rendre un véhicule ?", Lang::Fr, PassageSource::Policy, "quatorze jours"),
        ("إرجاع السيارة", Lang::Ar, PassageSource::Policy, "١٤"),
        ("vask", Lang::En, PassageSource::Service, "wax"),
        // Nobody writes `dekhotel`, but somebody types it.
        ("dekkhotel", Lang::Nb, PassageSource::Faq, "dekkene"),
    ] {
        let found = find(&stage, question, lang).await;
        let first = found.first().unwrap_or_else(|| panic!("nothing found for {question}"));
        assert!(first.source == source && first.text.contains(text), "{question}: {found:?}");
    }
    let both = find(&stage, "tyres dekkhotell", Lang::En).await;
    assert_eq!(both.len(), 2);
    assert!(both[0].text.contains("tyres") && both[0].score >= both[1].score, "{both:?}");
    for nothing in ["", "?!", "og i på", "helikopter", "'); DROP TABLE passages; --", "\"-or & |"]
    {
        assert_eq!(find(&stage, nothing, Lang::Nb).await, [], "{nothing}");
    }
    let none = stage.store.search_knowledge(stage.tenant, "dekkhotell", Lang::Nb, 0).await;
    assert_eq!(none.expect("a search"), []);
    let other = stage.set_another("annen-bil").await;
    assert_eq!(find(&other, "dekkhotell", Lang::Nb).await, [], "A8");
}

pub async fn what_an_answer_stood_on_is_kept_as_it_read_then(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let faq = EntryId::Faq(stage.ids.faq());
    put(&stage, faq, tyres()).await;
    let (session, turn) = (stage.new_session().id, stage.ids.turn());
    let used = Used::Passage(EntryBody::passage_id(faq, Lang::Nb));
    let unknown = Used::Passage(EntryBody::passage_id(faq, Lang::Ar));
    for _ in 0..2 {
        let by = Some(FoundBy::Both);
        let uses = [(used, by), (used, by), (unknown, None)];
        let noted = stage.store.note_uses(stage.tenant, session, turn, &uses, stage.now);
        noted.await.expect("a write");
    }
    let later = EntryBody { title: [(Lang::Nb, "Noe annet?")].into(), ..tyres() };
    let later = EntryBody { text: [(Lang::Nb, "Nei.")].into(), ..later };
    write(&stage, faq, 1, EntryChange::Put(later)).await;
    let grounds = stage.other.grounds(stage.tenant, session).await.expect("a read");
    assert_eq!(grounds.len(), 2, "each once");
    let ground = grounds.iter().find(|ground| ground.used == used).expect("it was noted");
    assert_eq!((ground.turn, ground.source.as_str()), (turn, "faq"));
    assert_eq!(ground.found_by, Some(FoundBy::Both), "which way it was found is kept too");
    assert_eq!(ground.title, "Har dere dekkhotell?");
    assert_eq!(ground.excerpt, "Ja, vi lagrer dekkene dine.");
    assert!(grounds.iter().any(|ground| ground.used == unknown && ground.source == "gone"));
    let other = stage.set_another("annen-bil").await;
    assert_eq!(other.store.grounds(other.tenant, session).await.expect("a read"), [], "A8");
}

pub async fn a_question_without_an_answer_is_counted_until_it_is_settled(ground: &dyn Ground) {
    let mut stage = Stage::set(ground).await;
    let session = stage.new_session().id;
    let ask = async |stage: &Stage<'_>, text: &str| {
        let id = stage.ids.question();
        let noted =
            stage.store.note_unanswered(stage.tenant, session, Lang::Nb, text, id, stage.now);
        noted.await.expect("a write");
    };
    let open =
        async |stage: &Stage<'_>| stage.other.unanswered(stage.tenant, 10).await.expect("a read");
    ask(&stage, "Kan jeg leie tilhenger? Ring 912 34 567").await;
    stage.pass(60);
    ask(&stage, "kan jeg leie TILHENGER, ring 912 34 567?").await;
    ask(&stage, "Tar dere hunder?").await;
    ask(&stage, " ?! ").await;
    let found = open(&stage).await;
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].times, found[0].text.as_str()), (2, "Kan jeg leie tilhenger? Ring […]"));
    assert!(found[0].first_at < found[0].last_at && found[0].session == session);
    let settle = async |stage: &Stage<'_>, id, end| {
        stage.store.settle_question(stage.tenant, id, end).await.expect("a write")
    };
    assert!(settle(&stage, found[0].id, QuestionEnd::Answered(stage.ids.faq())).await);
    assert!(settle(&stage, found[1].id, QuestionEnd::Dismissed).await);
    assert!(!settle(&stage, stage.ids.question(), QuestionEnd::Dismissed).await);
    assert_eq!(open(&stage).await, []);
    ask(&stage, "Kan jeg leie tilhenger? Ring 912 34 567").await;
    ask(&stage, "Tar dere hunder?").await;
    let back = open(&stage).await;
    assert_eq!(back.len(), 1, "what was dismissed stays away");
    assert_eq!((back[0].id, back[0].times), (found[0].id, 3));
    let other = stage.set_another("annen-bil").await;
    assert_eq!(open(&other).await, [], "A8");
    assert!(!settle(&other, found[0].id, QuestionEnd::Dismissed).await, "A8");
}

pub async fn settings_are_changed_over_what_was_read_and_over_nothing_else(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let snapshot = stage.store.load_tenant(stage.tenant).await.expect("a read").expect("there");
    let mut settings = snapshot.settings.clone();
    settings.brand.phone = Some("+4722000099".into());
    let write = SettingsWrite {
        settings: settings.clone(),
        expected: snapshot.settings.print(),
        part: Subject::Profile,
        body: json!({"phone": "+4722000099"}),
        by: Some(stage.member),
        now: stage.now,
    };
    let before = stage.store.knowledge_version(stage.tenant).await.expect("a read");
    let stored = stage.store.write_settings(stage.tenant, &write).await.expect("a write");
    assert_eq!(stored, SettingsWritten::Stored);
    let again = stage.store.write_settings(stage.tenant, &write).await.expect("a write");
    assert_eq!(again, SettingsWritten::Conflict);
    let now = stage.other.load_tenant(stage.tenant).await.expect("a read").expect("there");
    assert_eq!(now.settings, settings);
    assert!(before < stage.other.knowledge_version(stage.tenant).await.expect("a read"));
    let history = stage.store.history(stage.tenant, Subject::Profile, 5).await.expect("a read");
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].version, history[0].action.as_str()), (1, "changed"));
    let hours = stage.store.history(stage.tenant, Subject::Hours, 5).await.expect("a read");
    assert_eq!(hours, []);
}

pub async fn a_website_is_read_by_one_node_and_what_did_not_change_keeps_its_id(
    ground: &dyn Ground,
) {
    let mut stage = Stage::set(ground).await;
    let (tenant, lease) = (stage.tenant, SignedDuration::from_secs(15));
    let id = stage.ids.website();
    let url = "https://nordlys.example/";
    let added = stage.store.add_website(tenant, id, url, stage.now).await.expect("a write");
    assert!(matches!(&added, WebsiteAdded::Stored(site) if site.status == WebsiteStatus::Waiting));
    let again = stage.ids.website();
    let again = stage.store.add_website(tenant, again, url, stage.now).await.expect("a write");
    assert_eq!(again, added, "one address is one website");
    let claim = async |stage: &Stage<'_>, node, limit| {
        stage.store.claim_websites(node, stage.now, lease, limit).await.expect("a claim")
    };
    assert_eq!(claim(&stage, stage.node, 0).await.len(), 0);
    let claimed = claim(&stage, stage.node, 2).await;
    assert_eq!((claimed.len(), claimed[0].0, claimed[0].1.id), (1, tenant, id));
    assert_eq!(claim(&stage, stage.other_node, 2).await.len(), 0, "one reads it");
    // It is held as long as it is told of; nobody else's word counts.
    stage.pass(10);
    let tell = async |stage: &Stage<'_>, node, seen| {
        stage
            .store
            .tell_website(tenant, id, node, (seen, 3), stage.now, lease)
            .await
            .expect("a write")
    };
    assert!(tell(&stage, stage.node, 7).await);
    assert!(!tell(&stage, stage.other_node, 99).await, "somebody else reads it");
    stage.pass(10);
    assert_eq!(claim(&stage, stage.other_node, 2).await.len(), 0, "the claim was renewed");
    let shown = &stage.other.list_websites(tenant).await.expect("a read")[0];
    assert_eq!((shown.status, shown.pages_seen, shown.pages_read), (WebsiteStatus::Reading, 7, 3));
    let piece = |heading: &str, text: &str| PagePassage {
        id: search::passage_id(&[url, heading, text]),
        url: url.to_owned(),
        heading: heading.to_owned(),
        text: text.to_owned(),
        lang: Lang::Nb,
    };
    let read =
        |passages: Vec<PagePassage>| WebsiteEnd::Read { passages, seen: 2, pages: 1, code: None };
    let both =
        vec![piece("Dekk", "Vi lagrer vinterdekk."), piece("Olje", "Oljeskift tar en time.")];
    let next = stage.now + SignedDuration::from_hours(24 * 7);
    let end = async |stage: &Stage<'_>, node, end: &WebsiteEnd| {
        let ended = stage.store.end_website(tenant, id, node, end, next, stage.now);
        ended.await.expect("a write")
    };
    assert!(!end(&stage, stage.other_node, &read(both.clone())).await, "it is not theirs");
    assert!(end(&stage, stage.node, &read(both)).await);
    let found = find(&stage, "vinterdekk", Lang::Nb).await;
    assert_eq!(found.len(), 1);
    let title = "Dekk".to_owned();
    assert_eq!(found[0].source, PassageSource::Page { url: url.to_owned(), title });
    assert_eq!(claim(&stage, stage.node, 2).await.len(), 0, "not before a week");
    stage.now = next;
    assert_eq!(claim(&stage, stage.other_node, 2).await.len(), 1);
    let changed =
        vec![piece("Dekk", "Vi lagrer vinterdekk."), piece("Olje", "Oljeskift tar to timer.")];
    assert!(end(&stage, stage.other_node, &read(changed)).await);
    assert_eq!(find(&stage, "vinterdekk", Lang::Nb).await[0].id, found[0].id);
    let oil = find(&stage, "oljeskift", Lang::Nb).await;
    assert!(oil.len() == 1 && oil[0].text.contains("to timer"), "{oil:?}");
    assert!(stage.store.read_website(tenant, id, stage.now).await.expect("a write"));
    assert_eq!(claim(&stage, stage.node, 2).await.len(), 1, "asked for, it is read at once");
    assert!(end(&stage, stage.node, &WebsiteEnd::Failed { code: "robots" }).await);
    let failed = &stage.store.list_websites(tenant).await.expect("a read")[0];
    assert_eq!((failed.status, failed.code.as_deref()), (WebsiteStatus::Failed, Some("robots")));
    assert_eq!(find(&stage, "vinterdekk", Lang::Nb).await.len(), 1, "what was read stays");
    let other = stage.set_another("annen-bil").await;
    assert!(!stage.store.delete_website(other.tenant, id, stage.now).await.expect("a write"), "A8");
    assert_eq!(stage.store.list_websites(other.tenant).await.expect("a read"), [], "A8");
    assert!(stage.store.delete_website(tenant, id, stage.now).await.expect("a write"));
    assert!(!stage.store.read_website(tenant, id, stage.now).await.expect("a write"));
    assert_eq!(find(&stage, "vinterdekk", Lang::Nb).await, []);
}
