//! The dashboard's socket as a client speaks it.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{Forecourt, PATIENCE};

pub struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The frame that answered our hello.
    pub welcome: Value,
}

impl Live {
    /// Connects as staff and says hello, resuming after `after` if given.
    pub async fn connect(engine: &Forecourt, cookie: &str, after: Option<&str>) -> Self {
        Self::open(&engine.url, cookie, after).await.expect("the socket opens")
    }

    /// The same at an address, such as a proxy's; `None` when it does not come to a welcome.
    pub async fn open(url: &str, cookie: &str, after: Option<&str>) -> Option<Self> {
        let address = format!("{url}/v1/live").replace("http://", "ws://");
        let mut request = address.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", cookie.parse().unwrap());
        headers.insert("origin", url.parse().unwrap());
        headers.insert("sec-websocket-protocol", "forecourt.v1".parse().unwrap());
        let (socket, _) = connect_async(request).await.ok()?;
        let mut live = Self { socket, welcome: Value::Null };
        let hello = json!({ "type": "hello", "ref": "1", "after": after, "topics": ["leads"] });
        live.socket.send(Message::text(hello.to_string())).await.ok()?;
        live.welcome = live.next().await?;
        Some(live)
    }

    pub async fn send(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("sent");
    }

    /// The next frame; `None` when the socket is closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.expect("the socket is alive") {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).expect("frames are JSON"));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
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
