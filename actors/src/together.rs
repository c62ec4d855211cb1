//! What is asked of the store at the same time is asked in one call.
//!
//! While one call is under way the next questions gather, as decisions do for their commit; a lone question is
//! asked at once. One call of a kind is under way per tenant, so they never crowd the commits out (A9).

use forecourt_ports::store::StoreError;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// Questions that may wait; whoever comes then waits at the door.
const QUEUE: usize = 1_024;

struct Waiting<Ask, Answer> {
    ask: Ask,
    answer: oneshot::Sender<Result<Answer, StoreError>>,
}

#[derive(Debug)]
pub(crate) struct Together<Ask, Answer> {
    queue: mpsc::Sender<Waiting<Ask, Answer>>,
}

impl<Ask, Answer> Together<Ask, Answer>
where
    Ask: Send + 'static,
    Answer: Send + 'static,
{
    /// Starts asking on the io runtime, `most` at a time. `call` answers each question, in order; an error is
    /// everybody's. It ends when the handle is dropped, after its queue.
    pub(crate) fn start<Call, Asked>(io: &Handle, most: usize, call: Call) -> Self
    where
        Call: Fn(Vec<Ask>) -> Asked + Send + 'static,
        Asked: Future<Output = Result<Vec<Answer>, StoreError>> + Send,
    {
        let (queue, mut waiting) = mpsc::channel::<Waiting<Ask, Answer>>(QUEUE);
        io.spawn(async move {
            let mut gathered = Vec::with_capacity(most);
            while waiting.recv_many(&mut gathered, most).await > 0 {
                // Who has gone asks nothing any more.
                gathered.retain(|one| !one.answer.is_closed());
                let (asks, answers): (Vec<_>, Vec<_>) =
                    gathered.drain(..).map(|one| (one.ask, one.answer)).unzip();
                if asks.is_empty() {
                    continue;
                }
                match call(asks).await {
                    Ok(found) => {
                        // One that is left without an answer hears that there is none.
                        for (answer, found) in answers.into_iter().zip(found) {
                            let _gone = answer.send(Ok(found));
                        }
                    }
                    Err(error) => {
                        for answer in answers {
                            let _gone = answer.send(Err(error.clone()));
                        }
                    }
                }
            }
        });
        Self { queue }
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Result<Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { ask, answer };
        self.queue.send(waiting).await.map_err(|_| StoreError::Unavailable)?;
        answered.await.unwrap_or(Err(StoreError::Unavailable))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::future::join_all;
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn what_waits_during_a_call_is_asked_in_the_next_and_each_hears_its_own_answer() {
        let (calls, go) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (seen, gate) = (Arc::clone(&calls), Arc::clone(&go));
        let together = Together::start(&Handle::current(), 3, move |asks: Vec<u32>| {
            seen.lock().unwrap().push(asks.len());
            let gate = Arc::clone(&gate);
            async move {
                gate.notified().await;
                if asks.contains(&7) {
                    return Err(StoreError::Unavailable);
                }
                Ok(asks.into_iter().map(|ask| ask * 2).collect())
            }
        });
        let asked = async {
            let asks = (0..5).map(|n| together.ask(n));
            join_all(asks).await
        };
        let open = async {
            while calls.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            for _ in 0..5 {
                go.notify_one();
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
        };
        let (answers, ()) = tokio::join!(asked, open);
        let answers: Vec<u32> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, [0, 2, 4, 6, 8]);
        let calls = calls.lock().unwrap().clone();
        assert_eq!(calls.iter().sum::<usize>(), 5);
        assert!(calls.len() < 5 && calls.iter().all(|asked| *asked <= 3), "{calls:?}");
        let failed = together.ask(7);
        let open = async {
            loop {
                go.notify_one();
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            failed = failed => assert_eq!(failed, Err(StoreError::Unavailable)),
            () = open => {}
        }
    }
}
