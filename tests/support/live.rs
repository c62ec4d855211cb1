//! The dashboard's socket as a story reads it: the load test's client, with a story's patience.

use forecourt_loadtest::live::{Dial, Ended, Socket};
use serde_json::{Value, json};

use crate::{Forecourt, PATIENCE};

pub struct Live {
    socket: Socket,
    /// The frame that answered our hello.
    pub welcome: Value,
}

impl Live {
    /// Connects as staff and says hello, resuming after `after` if given.
    pub async fn connect(engine: &Forecourt, cookie: &str, after: Option<&str>) -> Self {
        Self::open(&engine.url, cookie, after).await.expect("the socket opens")
    }

    /// Connects as staff and asks for one topic.
    pub async fn of_topic(
        engine: &Forecourt,
        cookie: &str,
        topic: &str,
        after: Option<&str>,
    ) -> Self {
        Self::ask(&engine.url, cookie, topic, after).await.expect("the socket opens")
    }

    /// The same at an address, such as a proxy's; `None` when it does not come to a welcome.
    pub async fn open(url: &str, cookie: &str, after: Option<&str>) -> Option<Self> {
        Self::ask(url, cookie, "leads", after).await
    }

    async fn ask(url: &str, cookie: &str, topic: &str, after: Option<&str>) -> Option<Self> {
        let to = url.trim_start_matches("http://").parse().expect("an address");
        let socket = Socket::open(&Dial::as_member(to, cookie)).await.ok()?;
        let mut live = Self { socket, welcome: Value::Null };
        let hello = json!({ "type": "hello", "ref": "1", "after": after, "topics": [topic] });
        live.socket.say_text(hello.to_string()).await.ok()?;
        live.welcome = live.next().await?;
        Some(live)
    }

    pub async fn send(&mut self, frame: &Value) {
        self.socket.say_text(frame.to_string()).await.expect("sent");
    }

    /// The next frame; `None` when the socket is closed.
    pub async fn next(&mut self) -> Option<Value> {
        self.next_or_end().await.ok()
    }

    /// The next frame, or how the socket ended.
    pub async fn next_or_end(&mut self) -> Result<Value, Ended> {
        let next = tokio::time::timeout(PATIENCE, self.socket.hear_text()).await;
        let text = next.expect("the socket is alive")?;
        Ok(serde_json::from_str(&text).expect("frames are JSON"))
    }

    /// The next frame that is wanted; what comes before it is skipped.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        while let Some(frame) = self.next().await {
            if wanted(&frame) {
                return frame;
            }
        }
        panic!("the socket closed before {what}");
    }
}
