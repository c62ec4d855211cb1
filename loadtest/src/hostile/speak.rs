//! Speaks one case on a connection of its own, and judges what came back.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::frame::{self, CLOSE, PONG, TEXT};
use super::sockets::{Act, Begin, Expect, Who};
use super::{Failure, Target, requests, sockets, upgrades};

/// The longest that anything but a slow head may take; a small machine runs much at once.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read of an answer (A9).
const MOST: usize = 1 << 20;
/// The ref of the question whether the line is alive.
const ALIVE: &str = "still-there";

/// A case of any part of the corpus.
#[derive(Debug, Clone)]
pub enum Spoken {
    Socket(sockets::Case),
    Upgrade(upgrades::Case),
    Request(requests::Case),
}

impl Spoken {
    /// Speaks it; a failure says what was expected and what came.
    pub async fn speak(self, target: &Target) -> Option<Failure> {
        let (case, expected, got) = match self {
            Self::Socket(case) => {
                let expected = format!("{:?}", case.expect);
                (case.name.clone(), expected, socket(&case, target).await)
            }
            Self::Upgrade(case) => {
                let expected = format!("{:?}", case.expect);
                (case.name.clone(), expected, upgrade(&case, target).await)
            }
            Self::Request(case) => {
                let expected = format!("{:?} with {:?}", case.statuses, case.holds);
                (case.name.clone(), expected, request(&case, target).await)
            }
        };
        got.err().map(|got| Failure { case, expected, got: got.chars().take(300).collect() })
    }
}

/// A connection and what came over it.
struct Line {
    stream: TcpStream,
    came: Vec<u8>,
    until: Instant,
}

/// What a server says next.
#[derive(Debug)]
enum Said {
    Frame(Value),
    Pong,
    Closed(Option<u16>),
    /// The end, by close or by reset.
    End,
    Late,
}

impl Line {
    async fn connect(target: &Target, patience: Duration) -> Result<Self, String> {
        let stream = TcpStream::connect(target.to).await.map_err(|error| error.to_string())?;
        // Small parts are to leave as they are written; it fails only where the line is gone.
        stream.set_nodelay(true).ok();
        Ok(Self { stream, came: Vec::new(), until: Instant::now() + patience })
    }

    /// Reads more; false at the end of the line or of the time.
    async fn more(&mut self) -> bool {
        let read = timeout_at(self.until, self.stream.read_buf(&mut self.came)).await;
        matches!(read, Ok(Ok(count)) if count > 0 && self.came.len() <= MOST)
    }

    /// Reads the head of an answer and cuts it off; its status.
    async fn head(&mut self) -> Result<u16, String> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.came, b"\r\n\r\n") {
                let head: Vec<u8> = self.came.drain(..end + 4).collect();
                let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
                return status.and_then(|digits| digits.parse().ok()).ok_or("no status".to_owned());
            }
            if !self.more().await {
                return Err(if Instant::now() >= self.until { "nothing" } else { "an end" }.into());
            }
        }
    }

    async fn said(&mut self) -> Said {
        loop {
            if let Some(heard) = frame::take(&mut self.came) {
                match heard.opcode {
                    TEXT => {
                        let frame = serde_json::from_slice(&heard.payload).unwrap_or(Value::Null);
                        return Said::Frame(frame);
                    }
                    PONG => return Said::Pong,
                    CLOSE => {
                        let code =
                            heard.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                        return Said::Closed(code);
                    }
                    _ => continue,
                }
            }
            if !self.more().await {
                return if Instant::now() >= self.until { Said::Late } else { Said::End };
            }
        }
    }

    /// Writes; a peer that has closed already is for the judgement.
    async fn write(&mut self, bytes: &[u8]) {
        timeout_at(self.until, self.stream.write_all(bytes)).await.ok();
    }
}

async fn socket(case: &sockets::Case, target: &Target) -> Result<(), String> {
    let mut line = Line::connect(target, PATIENCE).await?;
    let who = match &case.begin {
        Begin::Live | Begin::Silent(Who::Member) => {
            format!("Cookie: {}\r\nSec-WebSocket-Protocol: forecourt.v1\r\n", target.cookie)
        }
        Begin::Silent(Who::Headers(headers)) => headers.clone(),
    };
    let request = format!(
        "GET /v1/live HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: Zm9yZWNvdXJ0LWxvYWQhIQ==\r\n{who}\r\n",
        target.to
    );
    line.write(request.as_bytes()).await;
    match line.head().await? {
        101 => {}
        status => return Err(format!("the upgrade was answered with {status}")),
    }
    if case.begin == Begin::Live {
        let hello = r#"{"type":"hello","ref":"hello","after":null,"topics":["leads"]}"#;
        line.write(&frame::text(hello)).await;
        match line.said().await {
            Said::Frame(frame) if frame["type"] == "welcome" => {}
            other => return Err(format!("no welcome, but {other:?}")),
        }
    }
    for act in &case.acts {
        match act {
            Act::Bytes(bytes) => line.write(bytes).await,
            Act::Dribble(bytes) => {
                for byte in bytes {
                    line.write(std::slice::from_ref(byte)).await;
                }
            }
            Act::Wait(wait) => tokio::time::sleep(*wait).await,
        }
    }
    judge(&case.expect, &mut line).await
}

/// What came of it: replies by their `ref`, and whether the line lives.
async fn judge(expect: &Expect, line: &mut Line) -> Result<(), String> {
    let mut replies: Vec<Value> = Vec::new();
    let mut welcomes = Vec::new();
    let mut gaps = 0;
    // What is half said cannot be followed by a question, and replies may outrun a welcome.
    let may_ask = matches!(expect, Expect::Refused(_) | Expect::Reply(_));
    let ask = frame::text(&format!(r#"{{"type":"ping","ref":"{ALIVE}"}}"#));
    if may_ask {
        line.write(&ask).await;
    }
    if *expect == Expect::Nothing {
        line.until = Instant::now() + Duration::from_millis(800);
    }
    loop {
        match line.said().await {
            Said::Frame(frame) => match frame["type"].as_str() {
                Some("reply") if frame["ref"] == ALIVE => break,
                Some("reply") => replies.push(frame),
                Some("welcome") => welcomes.push(frame),
                Some("gap") => {
                    gaps += 1;
                    line.write(&ask).await;
                }
                Some(_) => {}
                None => return Err(format!("a frame that is none: {frame}")),
            },
            Said::Pong => {}
            Said::Closed(code) => {
                return match expect {
                    Expect::Close(codes) if code.is_none_or(|code| codes.contains(&code)) => {
                        ended(line).await
                    }
                    Expect::Goodbye(wanted) if code == Some(*wanted) => ended(line).await,
                    Expect::End => ended(line).await,
                    _ => Err(format!("close code {code:?}, after {replies:?}")),
                };
            }
            Said::End if *expect == Expect::End => return Ok(()),
            Said::End => return Err(format!("an end without a word, after {replies:?}")),
            Said::Late if *expect == Expect::Nothing && replies.is_empty() => return Ok(()),
            Said::Late => return Err(format!("no end in time, after {replies:?}")),
        }
    }
    match expect {
        Expect::Gap => {
            let resumed = welcomes.iter().any(|welcome| welcome["resumed"] == true);
            let good = welcomes.len() == 1 && !resumed && gaps == 1;
            good.then_some(()).ok_or(format!("{welcomes:?} and {gaps} gaps"))
        }
        Expect::Refused(reference) | Expect::Reply(reference) => {
            let [reply] = &replies[..] else { return Err(format!("{replies:?}")) };
            let refused = matches!(expect, Expect::Refused(_));
            let status = reply["problem"]["status"].as_u64().unwrap_or(0);
            let good = reply["ref"] == reference.as_str()
                && (!refused || reply["ok"] == false)
                && (reply["ok"] == true || (400..500).contains(&status));
            good.then_some(()).ok_or(reply.to_string())
        }
        Expect::Close(_) | Expect::Goodbye(_) | Expect::End | Expect::Nothing => {
            Err("it goes on".to_owned())
        }
    }
}

/// After its close frame a server ends the connection.
async fn ended(line: &mut Line) -> Result<(), String> {
    loop {
        match line.said().await {
            Said::End => return Ok(()),
            Said::Late => return Err("a close frame, but no end".to_owned()),
            Said::Frame(_) | Said::Pong | Said::Closed(_) => {}
        }
    }
}

async fn upgrade(case: &upgrades::Case, target: &Target) -> Result<(), String> {
    let (statuses, may_end, patience) = match &case.expect {
        upgrades::Expect::Status(statuses) => (*statuses, false, PATIENCE),
        upgrades::Expect::StatusOrEnd(statuses, within) => (*statuses, true, *within),
    };
    let mut line = Line::connect(target, patience).await?;
    let (last, parts) = case.parts.split_last().ok_or("an empty case")?;
    for part in parts {
        line.write(part).await;
        tokio::time::sleep(case.pause).await;
    }
    line.write(last).await;
    match line.head().await {
        Ok(status) if statuses.contains(&status) => Ok(()),
        Ok(status) => Err(format!("status {status}")),
        Err(end) if may_end && end == "an end" => Ok(()),
        Err(other) => Err(other),
    }
}

async fn request(case: &requests::Case, target: &Target) -> Result<(), String> {
    let mut line = Line::connect(target, PATIENCE).await?;
    let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", case.method, case.path, target.to);
    head.push_str("Accept: text/event-stream\r\n");
    line.write(&[head.as_bytes(), &case.headers, b"\r\n"].concat()).await;
    let status = line.head().await?;
    if !case.statuses.contains(&status) {
        let body = String::from_utf8_lossy(&line.came).into_owned();
        return Err(format!("status {status}: {body}"));
    }
    while memchr::memmem::find(&line.came, case.holds.as_bytes()).is_none() {
        if !line.more().await {
            return Err(format!("status {status}: {}", String::from_utf8_lossy(&line.came)));
        }
    }
    Ok(())
}
