//! The reckoning: what the engine knows at the end, against the books.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value;

use crate::books::verdict::{Evidence, Row, Verdict, is_doubled, judge};
use crate::books::{Chat, Form, FormEnd, Reply};
use crate::load::{Answer, Field, PAGE};

/// Examples of each bad verdict in the report.
const EXAMPLES: usize = 10;
/// Conversations looked at together.
const TOGETHER: usize = 32;
/// Most pages of one tenant's list (A9).
const MAX_PAGES: u64 = 20_000;

#[derive(Deserialize)]
struct Page {
    leads: Vec<Row>,
    pages: u64,
}

/// All leads of a tenant by id; `None` when the engine cannot tell.
pub async fn leads(field: &Field, tenant: usize) -> Option<HashMap<String, Row>> {
    let mut all = HashMap::new();
    let (mut page, mut pages) = (1, 1);
    while page <= pages.min(MAX_PAGES) {
        let url = {
            let mut url = field.target.at("/v1/leads");
            url.set_query(Some(&format!("page={page}&per_page={PAGE}")));
            url
        };
        let cookie = field.cookies.get(tenant)?;
        let request = || field.client.get(url.clone()).header("cookie", cookie);
        let Answer::Good(body) = field.send(request).await else { return None };
        let read: Page = serde_json::from_value(body).ok()?;
        pages = read.pages;
        all.extend(read.leads.into_iter().map(|row| (row.lead_id.clone(), row)));
        page += 1;
    }
    Some(all)
}

/// Whether nothing more will come by itself for these leads.
pub async fn all_final(field: &Field, waiting: &[(usize, usize, Option<String>)]) -> bool {
    for (_, tenant, lead) in waiting {
        let Some(lead) = lead else { return false };
        let path = format!("/v1/leads/{lead}");
        let Answer::Good(detail) = field.send(|| field.get(*tenant, &path)).await else {
            return false;
        };
        let row: Option<Row> = serde_json::from_value(detail["lead"].clone()).ok();
        if !row.is_some_and(|row| row.is_final()) {
            return false;
        }
    }
    true
}

/// Figures by name, and examples of what went wrong: ids and numbers, never data of people.
#[derive(Debug, Default)]
pub struct Findings {
    pub figures: HashMap<&'static str, f64>,
    pub examples: Vec<String>,
}

impl Findings {
    fn add(&mut self, figure: &'static str) {
        *self.figures.entry(figure).or_default() += 1.0;
    }

    fn example(&mut self, figure: &'static str, what: &str) {
        self.add(figure);
        let known = self.examples.iter().filter(|text| text.starts_with(figure)).count();
        if known < EXAMPLES {
            self.examples.push(format!("{figure}: {what}"));
        }
    }
}

/// Leads by id.
pub type Rows = HashMap<String, Row>;
/// Ids of leads by the number of their form.
pub type ByNumber = HashMap<usize, String>;

/// Judges all forms and members' messages.
pub fn forms(
    forms: &[Form],
    replies: &[Reply],
    rows: &Rows,
    addresses: &ByNumber,
    deadline: Duration,
) -> Findings {
    let mut found = Findings::default();
    for figure in [
        "lost",
        "doubled",
        "unanswered",
        "unproven",
        "late",
        "late_unflagged",
        "flagged",
        "uncertain",
        "unacked_stored",
        "by_model",
        "by_template",
        "by_member",
        "reply_lost",
        "reply_doubled",
    ] {
        found.figures.insert(figure, 0.0);
    }
    for (number, form) in forms.iter().enumerate() {
        let lead = form.lead.as_ref().or_else(|| addresses.get(&number));
        let row = lead.and_then(|lead| rows.get(lead));
        let waited = form
            .letters
            .first()
            .zip(form.acked)
            .map(|(letter, acked)| letter.saturating_duration_since(acked));
        let evidence = Evidence {
            acked: form.acked.is_some(),
            waited,
            letters: form.letters.len(),
            member_wrote: form.member_wrote,
            row,
            deadline,
        };
        let named = format!("form {number}, {}", lead.map_or("unknown lead", String::as_str));
        if is_doubled(&evidence) {
            let how = if form.other_letters == 0 { "one letter again" } else { "two letters" };
            found.example("doubled", &format!("{named}: {how}"));
        }
        match judge(&evidence) {
            Verdict::Nothing | Verdict::Answered => {}
            Verdict::StoredUnacked => found.add("unacked_stored"),
            Verdict::Lost => found.example("lost", &named),
            Verdict::Late { flagged } => {
                found.add("late");
                if !flagged {
                    found.example("late_unflagged", &named);
                }
            }
            Verdict::Uncertain => found.add("uncertain"),
            Verdict::Flagged => found.example("flagged", &named),
            Verdict::Unproven => found.example("unproven", &named),
            Verdict::Unanswered => found.example("unanswered", &named),
        }
        if let Some(by) = row.and_then(|row| row.promise.by.as_deref()) {
            match by {
                "model" => found.add("by_model"),
                "template" => found.add("by_template"),
                "member" => found.add("by_member"),
                _ => {}
            }
        }
        if let FormEnd::Refused(status) = form.end {
            found.examples.push(format!("refused: {named}: {status}"));
            found.examples.truncate(200);
        }
    }
    for (number, reply) in replies.iter().enumerate() {
        let row = forms.get(reply.form).and_then(|form| rows.get(form.lead.as_ref()?));
        if reply.acked && reply.letters == 0 && !row.is_some_and(Row::is_flagged) {
            found.example("reply_lost", &format!("reply {number} to form {}", reply.form));
        }
        if reply.letters > 1 {
            found.example("reply_doubled", &format!("reply {number} to form {}", reply.form));
        }
    }
    found
}

/// Looks at every conversation as its visitor sees it.
pub async fn chats(field: &Field, chats: &[Chat]) -> Findings {
    let mut found = Findings::default();
    found.figures.insert("chat_unanswered", 0.0);
    let snapshots =
        futures_util::stream::iter(chats.iter().enumerate().map(async |(number, chat)| {
            let url = field.target.at(&format!("/v1/sessions/{}", chat.session));
            let request = || field.client.get(url.clone()).bearer_auth(&chat.token);
            (number, field.send(request).await)
        }));
    let mut snapshots = snapshots.buffer_unordered(TOGETHER);
    while let Some((number, answer)) = snapshots.next().await {
        let Some(chat) = chats.get(number) else { continue };
        match answer {
            Answer::Good(snapshot) => chat_of(chat, &snapshot, &mut found),
            _ if chat.acked.is_empty() => {}
            _ => found.example("lost", &format!("conversation {}", chat.session)),
        }
    }
    found
}

/// Judges one conversation.
fn chat_of(chat: &Chat, snapshot: &Value, found: &mut Findings) {
    let empty = Vec::new();
    let messages = snapshot["messages"].as_array().unwrap_or(&empty);
    for client_id in &chat.acked {
        let named = || format!("message {client_id} of {}", chat.session);
        let places: Vec<usize> = messages
            .iter()
            .enumerate()
            .filter(|(_, message)| message["client_id"] == client_id.as_str())
            .map(|(place, _)| place)
            .collect();
        let Some(place) = places.first() else {
            found.example("lost", &named());
            continue;
        };
        if places.len() > 1 {
            found.example("doubled", &named());
        }
        let after = messages.get(place + 1..).unwrap_or_default();
        let is_customer = |message: &&Value| message["author"] == "customer";
        let answers = after.iter().take_while(|message| !is_customer(message)).count();
        let answered_later = after.iter().any(|message| !is_customer(&message));
        let assistant = after
            .iter()
            .take_while(|message| !is_customer(message))
            .filter(|message| message["author"] == "assistant")
            .count();
        if assistant > 1 {
            found.example("doubled", &format!("{} answers to {}", assistant, named()));
        }
        if answers == 0 && !answered_later && snapshot["status"] != "with_human" {
            found.example("chat_unanswered", &named());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::*;

    fn chat(acked: &[&str]) -> Chat {
        Chat {
            tenant: 0,
            session: "ses_1".into(),
            token: String::new(),
            acked: acked.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    fn said(author: &str, client_id: &str) -> Value {
        json!({ "author": author, "client_id": client_id, "text": "…" })
    }

    #[test]
    fn a_conversation_is_judged_by_what_its_visitor_sees() {
        for (what, messages, status, figure, count) in [
            (
                "answered",
                json!([said("customer", "a"), said("assistant", "")]),
                "open",
                "lost",
                0.0,
            ),
            ("not there", json!([]), "open", "lost", 1.0),
            (
                "there twice",
                json!([said("customer", "a"), said("customer", "a"), said("assistant", "")]),
                "open",
                "doubled",
                1.0,
            ),
            (
                "answered twice",
                json!([said("customer", "a"), said("assistant", ""), said("assistant", "")]),
                "open",
                "doubled",
                1.0,
            ),
            ("no answer", json!([said("customer", "a")]), "open", "chat_unanswered", 1.0),
            ("handed over", json!([said("customer", "a")]), "with_human", "chat_unanswered", 0.0),
            (
                "one answer to a burst",
                json!([said("customer", "a"), said("customer", "b"), said("assistant", "")]),
                "open",
                "chat_unanswered",
                0.0,
            ),
        ] {
            let mut found = Findings::default();
            let snapshot = json!({ "messages": messages, "status": status });
            chat_of(&chat(&["a"]), &snapshot, &mut found);
            let seen = found.figures.get(figure).copied().unwrap_or(0.0);
            assert!((seen - count).abs() < f64::EPSILON, "{what}: {:?}", found.figures);
        }
    }

    #[test]
    fn forms_and_replies_are_counted_by_their_verdicts() {
        let start = Instant::now();
        let books = crate::books::Books::new(start);
        for _ in 0..3 {
            books.form(0, start);
        }
        books.acked(0, Some("lead_0".into()), start);
        books.letter(Some(0), start, Some("x"));
        books.letter(Some(0), start, Some("x"));
        books.acked(1, Some("lead_1".into()), start);
        let reply = books.reply(0);
        books.reply_acked(reply);
        let row = |id: &str, state: &str| Row {
            lead_id: id.into(),
            promise: crate::books::verdict::RowPromise { state: state.into(), by: None },
            ..Row::default()
        };
        let rows = [row("lead_0", "kept"), row("lead_2", "kept")];
        let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.lead_id.clone(), row)).collect();
        let addresses = HashMap::from([(2, "lead_2".to_owned())]);
        let found =
            forms(&books.forms(), &books.replies(), &rows, &addresses, Duration::from_secs(90));
        for (figure, count) in
            [("doubled", 1.0), ("lost", 1.0), ("unacked_stored", 1.0), ("reply_lost", 1.0)]
        {
            assert!((found.figures[figure] - count).abs() < f64::EPSILON, "{figure}: {found:?}");
        }
        assert!(found.examples.contains(&"lost: form 1, lead_1".to_owned()), "{found:?}");
    }
}
