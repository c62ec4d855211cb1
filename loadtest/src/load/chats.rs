//! Visitors of the chat: open a session, listen, write, wait for the answer, write again.

use std::time::{Duration, Instant};

use forecourt_wire::{Author, Cursor, SessionEvent};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Answer, Field, at_rate};
use crate::books::{Chat, Metric};
use crate::live::visitor::Place;
use crate::live::{Heard, Visitor as Stream};
use crate::scenario::ChatLoad;

const QUESTIONS: &[(&str, &[&str])] = &[
    (
        "nb",
        &[
            "Hei! Er Tesla Model 3 fortsatt til salgs?",
            "Når har dere åpent på lørdag?",
            "Kan jeg prøvekjøre den på mandag?",
        ],
    ),
    (
        "en",
        &[
            "Hi, is the Tesla Model 3 still available?",
            "When are you open on Saturday?",
            "Could I book a test drive on Monday?",
        ],
    ),
    (
        "fr",
        &[
            "Bonjour, la Tesla Model 3 est-elle toujours disponible ?",
            "Quand êtes-vous ouverts samedi ?",
            "Puis-je l'essayer lundi ?",
        ],
    ),
    ("ar", &["مرحبا، هل سيارة Tesla Model 3 ما زالت متوفرة؟", "متى تفتحون يوم السبت؟"]),
];

/// Lets visitors come for a phase, and waits until each has had their say.
pub async fn run(
    field: Field,
    load: ChatLoad,
    start: Instant,
    lasts: Duration,
    phase: u64,
    deadline: Duration,
) {
    let mut running = JoinSet::new();
    at_rate(load.rate, start, lasts, |number, _| {
        while running.try_join_next().is_some() {}
        let visitor = Visitor { field: field.clone(), load: load.clone(), deadline };
        running.spawn(visitor.visit((phase << 32) | number));
        std::future::ready(())
    })
    .await;
    while running.join_next().await.is_some() {}
}

struct Visitor {
    field: Field,
    load: ChatLoad,
    deadline: Duration,
}

impl Visitor {
    async fn visit(self, number: u64) {
        let mut random = StdRng::seed_from_u64(self.field.seed.wrapping_add(number) ^ 0xC4A7);
        let Some((lang, questions)) = QUESTIONS.choose(&mut random) else { return };
        let tenant = random.random_range(0..self.field.tenants.len());
        if self.talk(number, tenant, lang, questions).await.is_none() {
            self.field.books.count(|counts| counts.chat_failed += 1);
        }
    }

    /// `None` when the conversation could not be carried through.
    async fn talk(&self, number: u64, tenant: usize, lang: &str, questions: &[&str]) -> Option<()> {
        let field = &self.field;
        let body = json!({ "tenant": field.tenants.get(tenant)?, "lang": lang });
        let url = field.target.at("/v1/sessions");
        let Answer::Good(opened) = field.send(|| field.client.post(url.clone()).json(&body)).await
        else {
            return None;
        };
        let (session, token) = (opened["session_id"].as_str()?, opened["token"].as_str()?);
        let cursor = Cursor { epoch: opened["epoch"].as_i64()?, seq: opened["seq"].as_i64()? };
        let (session, token) = (session.to_owned(), token.to_owned());
        let place = Place {
            http: field.client.clone(),
            target: field.target.clone(),
            session: session.clone(),
            token: token.clone(),
        };
        let random = StdRng::seed_from_u64(field.seed.wrapping_add(number));
        let mut stream = Stream::new(place, Some(cursor), random);
        let chat = Chat { tenant, session, token, acked: Vec::new() };
        let (session, token) = (chat.session.clone(), chat.token.clone());
        let entry = field.books.chat(chat);
        let url = field.target.at(&format!("/v1/sessions/{session}/messages"));
        for (turn, text) in (0..self.load.messages).zip(questions.iter().cycle()) {
            let client_id = format!("v{number}m{turn}");
            let body = json!({ "text": text, "client_id": client_id });
            let post =
                field.send(|| field.client.post(url.clone()).bearer_auth(&token).json(&body));
            let mut turn_of = Listening::new(client_id, Instant::now());
            let answered = self.until_answered(entry, &mut stream, post, &mut turn_of);
            let within = self.deadline + Duration::from_secs(10);
            tokio::time::timeout(within, answered).await.ok()??;
            field.books.count(|counts| counts.chat_answered += 1);
            let drops = self.load.drop_every > 0 && (turn + 1).is_multiple_of(self.load.drop_every);
            if drops {
                stream.drop_connection(Duration::ZERO);
            }
            tokio::time::sleep(self.load.think.0).await;
        }
        field.books.count(|counts| counts.chat_repeated_events += stream.repeated);
        Some(())
    }

    /// Waits for acknowledgement and answer, in whatever order they come.
    async fn until_answered(
        &self,
        entry: usize,
        stream: &mut Stream,
        post: impl Future<Output = Answer>,
        turn: &mut Listening,
    ) -> Option<()> {
        tokio::pin!(post);
        let books = &self.field.books;
        while turn.place.is_none() || !turn.answered {
            tokio::select! {
                answer = &mut post, if turn.place.is_none() => {
                    let Answer::Good(accepted) = answer else { return None };
                    turn.place = Some(accepted["seq"].as_i64()?);
                    books.chat_acked(entry, turn.client_id.clone(), turn.sent.elapsed());
                    turn.judge();
                }
                heard = stream.next() => {
                    match heard {
                        Heard::Gap(_) => books.count(|counts| counts.chat_gaps += 1),
                        Heard::Over(_) => return None,
                        _ => {}
                    }
                    if turn.hear(&heard) {
                        books.time(Metric::FirstToken, turn.sent.elapsed());
                    }
                    turn.judge();
                }
            }
        }
        books.time(Metric::ChatAnswered, turn.sent.elapsed());
        Some(())
    }
}

/// One message and what was heard of its answer.
struct Listening {
    client_id: String,
    sent: Instant,
    /// The message's place in the conversation, once it is known.
    place: Option<i64>,
    words: bool,
    /// The highest place of an answer heard so far.
    heard: i64,
    answered: bool,
}

impl Listening {
    fn new(client_id: String, sent: Instant) -> Self {
        Self { client_id, sent, place: None, words: false, heard: 0, answered: false }
    }

    /// Takes what was heard; says whether it brought the first words.
    fn hear(&mut self, heard: &Heard) -> bool {
        let words = match heard {
            Heard::Stored(_, event) | Heard::Now(event) => match &**event {
                SessionEvent::DraftDelta(_) => true,
                SessionEvent::MessagePosted(posted)
                    if posted.message.author != Author::Customer =>
                {
                    self.heard = self.heard.max(posted.message.seq);
                    true
                }
                _ => false,
            },
            _ => false,
        };
        let first = words && !self.words;
        self.words |= words;
        first
    }

    fn judge(&mut self) {
        self.answered = self.place.is_some_and(|place| self.heard > place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(author: &str, seq: i64) -> Heard {
        let event = json!({ "type": "message.posted", "seq": seq, "at": "2026-11-21T08:00:00Z",
            "message": { "message_id": "msg_0192f8e0c0de7000800000000000000a", "seq": seq,
                "at": "2026-11-21T08:00:00Z", "author": author, "text": "Hei" } });
        let event = serde_json::from_value(event).unwrap();
        Heard::Stored(Cursor { epoch: 1, seq }, Box::new(event))
    }

    #[test]
    fn an_answer_may_come_before_the_acknowledgement() {
        let mut turn = Listening::new("c".into(), Instant::now());
        let delta = json!({ "type": "draft.delta", "offset": 0, "text": "Hei",
            "draft_id": "turn_0192f8e0c0de7000800000000000000a" });
        assert!(turn.hear(&Heard::Now(Box::new(serde_json::from_value(delta).unwrap()))));
        assert!(!turn.hear(&posted("assistant", 2)), "the first words came before");
        turn.judge();
        assert!(!turn.answered, "nobody knows yet which message it answers");
        turn.place = Some(1);
        turn.judge();
        assert!(turn.answered);
    }

    #[test]
    fn an_earlier_answer_and_one_s_own_message_answer_nothing() {
        let mut turn = Listening::new("c".into(), Instant::now());
        turn.place = Some(3);
        for (author, seq) in [("assistant", 2), ("customer", 4)] {
            turn.hear(&posted(author, seq));
            turn.judge();
            assert!(!turn.answered, "{author} {seq}");
        }
    }
}
