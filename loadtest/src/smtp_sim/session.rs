//! One connection: the dialogue from greeting to goodbye.
//!
//! Lives here: the order of commands, the extensions, the limits, and where faults strike. Replies
//! of pipelined commands go out together; nothing is acknowledged before it is stored.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncWriteExt, BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::Shared;
use super::command::{self, Command, MailFrom};
use super::fault::{Act, Stage};
use super::input::{self, LineEnd};
use super::mail::Mail;
use super::reply::Reply;
use super::store::Full;
use crate::clock;

/// Longest command line: the standard's 512 octets and room for the parameters of extensions.
const MAX_COMMAND: usize = 2048;
/// Wrong commands before the connection is closed.
const MAX_ERRORS: u32 = 20;
/// What a broken middlebox might send in place of a reply.
const GARBAGE: &[u8] = b"\x16\x03\x01\x02\x00 2five0 maybe\r\n\xff\xfe99999 ???\r\n";

/// How a step of the dialogue ends.
enum Next {
    Reply(Reply),
    /// Reply and close.
    Last(Reply),
    Close,
}

/// What a fault leaves of a step.
enum Gate {
    Open,
    LostAck,
    Shut(Next),
}

/// What one envelope collects.
#[derive(Default)]
struct Envelope {
    from: MailFrom,
    to: Vec<String>,
}

pub(super) struct Session {
    shared: Arc<Shared>,
    number: u64,
    peer: SocketAddr,
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
    helo: Option<String>,
    user: Option<String>,
    envelope: Option<Envelope>,
    mails: u32,
    errors: u32,
}

impl Session {
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        number: u64,
        shared: Arc<Shared>,
    ) -> Self {
        let (read, write) = stream.into_split();
        Self {
            shared,
            number,
            peer,
            reader: BufReader::with_capacity(16 * 1024, read),
            writer: BufWriter::new(write),
            helo: None,
            user: None,
            envelope: None,
            mails: 0,
            errors: 0,
        }
    }

    /// Talks until one side has enough.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let busy = self.shared.open.load(Ordering::Relaxed) > self.shared.config.max_connections;
        let first = match self.gate(Stage::Connect).await? {
            // Who is turned away at the door is not asked for a QUIT.
            Gate::Shut(Next::Reply(reply)) => Next::Last(reply),
            Gate::Shut(next) => next,
            _ if busy => Next::Last(Reply::new(421, "4.7.0 Too many connections")),
            _ => Next::Reply(Reply::new(220, "localhost ESMTP Forecourt mail simulator")),
        };
        if !self.answer(first).await? {
            return Ok(());
        }
        let mut line = Vec::new();
        loop {
            // Replies wait while more commands are already here (PIPELINING).
            if self.reader.buffer().is_empty() {
                self.writer.flush().await?;
            }
            let read = input::read_line(&mut self.reader, &mut line, MAX_COMMAND);
            let Ok(end) = tokio::time::timeout(self.shared.config.idle, read).await else {
                let reply = Reply::new(421, "4.4.2 Idle for too long");
                self.answer(Next::Last(reply)).await?;
                return Ok(());
            };
            let next = match end? {
                LineEnd::Eof => return Ok(()),
                LineEnd::TooLong => self.wrong(Reply::new(500, "5.5.2 Line too long")),
                LineEnd::BareLf => self.wrong(Reply::new(500, "5.5.2 A line ends with CRLF")),
                LineEnd::Crlf => match std::str::from_utf8(&line).map(command::parse) {
                    Ok(Ok(command)) => self.obey(command).await?,
                    Ok(Err(reply)) => self.wrong(reply),
                    Err(_) => self.wrong(Reply::new(500, "5.5.2 The line is not UTF-8")),
                },
            };
            if !self.answer(next).await? {
                return Ok(());
            }
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<Next> {
        let stage = match &command {
            Command::Ehlo(_) | Command::Helo(_) => Some(Stage::Ehlo),
            Command::Auth { .. } => Some(Stage::Auth),
            Command::Mail(_) => Some(Stage::Mail),
            Command::Data => Some(Stage::Data),
            // A recipient meets its fault later: it may be meant for this one alone.
            _ => None,
        };
        if let Some(stage) = stage
            && let Gate::Shut(next) = self.gate(stage).await?
        {
            return Ok(next);
        }
        Ok(match command {
            Command::Ehlo(name) => {
                self.greet(name);
                Next::Reply(Reply::lines(250, self.extensions()))
            }
            Command::Helo(name) => {
                self.greet(name);
                Next::Reply(Reply::new(250, "localhost"))
            }
            Command::Auth { mechanism, initial } => self.authenticate(&mechanism, initial).await?,
            Command::Mail(from) => self.begin(from),
            Command::Rcpt { address } => self.recipient(address).await?,
            Command::Data => self.data().await?,
            Command::Rset => {
                self.envelope = None;
                Next::Reply(Reply::new(250, "2.0.0 Reset"))
            }
            Command::Noop => Next::Reply(Reply::new(250, "2.0.0 Nothing done")),
            Command::Help => Next::Reply(Reply::new(214, "2.0.0 See RFC 5321")),
            Command::Verify => {
                Next::Reply(Reply::new(252, "2.1.5 Not verified; send some mail and see"))
            }
            Command::Quit => Next::Last(Reply::new(221, "2.0.0 Bye")),
        })
    }

    fn greet(&mut self, name: String) {
        self.helo = Some(name);
        self.envelope = None;
    }

    fn extensions(&self) -> Vec<String> {
        vec![
            format!("localhost greets {}", self.peer.ip()),
            "PIPELINING".to_owned(),
            format!("SIZE {}", self.shared.config.max_size),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "AUTH PLAIN LOGIN".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
        ]
    }

    fn begin(&mut self, from: MailFrom) -> Next {
        let config = &self.shared.config;
        if self.helo.is_none() {
            return self.wrong(Reply::new(503, "5.5.1 EHLO first"));
        }
        if self.envelope.is_some() {
            return self.wrong(Reply::new(503, "5.5.1 A mail is already under way"));
        }
        if config.login.is_some() && self.user.is_none() {
            return self.wrong(Reply::new(530, "5.7.0 Authentication required"));
        }
        if config.mails_per_connection.is_some_and(|most| self.mails >= most) {
            return Next::Last(Reply::new(421, "4.7.0 Too many mails on this connection"));
        }
        if from.size.is_some_and(|size| size > config.max_size as u64) {
            return self.wrong(Reply::new(552, "5.3.4 Message too big"));
        }
        self.envelope = Some(Envelope { from, to: Vec::new() });
        Next::Reply(Reply::new(250, "2.1.0 Sender ok"))
    }

    async fn recipient(&mut self, address: String) -> io::Result<Next> {
        let Some(envelope) = &self.envelope else {
            return Ok(self.wrong(Reply::new(503, "5.5.1 MAIL first")));
        };
        if !address.is_ascii() && !envelope.from.utf8 {
            return Ok(self.wrong(Reply::new(553, "5.6.7 This address needs SMTPUTF8")));
        }
        if envelope.to.len() >= self.shared.config.max_recipients {
            return Ok(Next::Reply(Reply::new(452, "4.5.3 Too many recipients")));
        }
        if let Gate::Shut(next) = self.gate_for(Stage::Rcpt, std::slice::from_ref(&address)).await?
        {
            return Ok(next);
        }
        if let Some(envelope) = &mut self.envelope {
            envelope.to.push(address);
        }
        Ok(Next::Reply(Reply::new(250, "2.1.5 Recipient ok")))
    }

    async fn data(&mut self) -> io::Result<Next> {
        match &self.envelope {
            None => return Ok(self.wrong(Reply::new(503, "5.5.1 MAIL first"))),
            Some(envelope) if envelope.to.is_empty() => {
                return Ok(self.wrong(Reply::new(554, "5.5.1 No valid recipients")));
            }
            Some(_) => {}
        }
        self.answer(Next::Reply(Reply::new(354, "End with <CRLF>.<CRLF>"))).await?;
        self.writer.flush().await?;
        let read = input::read_data(&mut self.reader, self.shared.config.max_size);
        let Ok(read) = tokio::time::timeout(self.shared.config.idle, read).await else {
            return Ok(Next::Last(Reply::new(421, "4.4.2 Idle for too long")));
        };
        let Some(data) = read? else { return Ok(Next::Close) };
        let envelope = self.envelope.take().unwrap_or_default();
        self.mails += 1;

        if data.too_large {
            return Ok(self.wrong(Reply::new(552, "5.3.4 Message too big")));
        }
        if self.shared.config.strict {
            let fault = if data.bare_newline {
                Some("5.6.0 A carriage return or line feed stands alone")
            } else if data.long_line {
                Some("5.6.0 A line is longer than 1000 octets")
            } else if data.nul {
                Some("5.6.0 The message contains a NUL")
            } else {
                None
            };
            if let Some(fault) = fault {
                return Ok(self.wrong(Reply::new(554, fault)));
            }
        }
        let gate = self.gate_for(Stage::Accept, &envelope.to).await?;
        let acked = match gate {
            Gate::Open => true,
            Gate::LostAck => false,
            Gate::Shut(next) => return Ok(next),
        };
        let mail = Mail {
            number: 0,
            received_at: clock::now(),
            received: Instant::now(),
            connection: self.number,
            helo: self.helo.clone().unwrap_or_default(),
            user: self.user.clone(),
            from: envelope.from.address,
            to: envelope.to,
            raw: data.bytes,
            announced_size: envelope.from.size,
            eight_bit: envelope.from.eight_bit,
            utf8: envelope.from.utf8,
            acked,
        };
        Ok(match self.shared.store.add(mail) {
            Ok(mail) if acked => {
                Next::Reply(Reply::new(250, format!("2.0.0 Ok: queued as {:08}", mail.number)))
            }
            Ok(_) => Next::Close,
            Err(Full) => Next::Reply(Reply::new(452, "4.3.1 Insufficient system storage")),
        })
    }

    async fn authenticate(&mut self, mechanism: &str, initial: Option<String>) -> io::Result<Next> {
        if self.helo.is_none() || self.user.is_some() || self.envelope.is_some() {
            return Ok(self.wrong(Reply::new(503, "5.5.1 AUTH is out of place here")));
        }
        let given = match mechanism {
            "PLAIN" => {
                let response = match initial {
                    Some(initial) => Some(initial),
                    None => self.ask("").await?,
                };
                decode(response).and_then(|text| {
                    let mut parts = text.split('\0').skip(1);
                    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
                })
            }
            "LOGIN" => {
                let user = match initial {
                    Some(initial) => Some(initial),
                    None => self.ask("VXNlcm5hbWU6").await?,
                };
                let password = self.ask("UGFzc3dvcmQ6").await?;
                decode(user).zip(decode(password))
            }
            _ => return Ok(self.wrong(Reply::new(504, "5.5.4 Mechanism not known"))),
        };
        let Some((user, password)) = given else {
            return Ok(self.wrong(Reply::new(501, "5.5.2 The response cannot be decoded")));
        };
        if self.shared.config.login.as_ref().is_none_or(|login| login.fits(&user, &password)) {
            self.user = Some(user);
            return Ok(Next::Reply(Reply::new(235, "2.7.0 Authenticated")));
        }
        Ok(Next::Reply(Reply::new(535, "5.7.8 Authentication credentials invalid")))
    }

    /// Sends a challenge and reads the response; `*` and a hang-up give none.
    async fn ask(&mut self, challenge: &str) -> io::Result<Option<String>> {
        self.answer(Next::Reply(Reply::new(334, challenge))).await?;
        self.writer.flush().await?;
        let mut line = Vec::new();
        let read = input::read_line(&mut self.reader, &mut line, MAX_COMMAND);
        match tokio::time::timeout(self.shared.config.idle, read).await {
            Ok(Ok(LineEnd::Crlf)) if line != b"*" => Ok(String::from_utf8(line).ok()),
            Ok(Err(error)) => Err(error),
            _ => Ok(None),
        }
    }

    async fn gate(&mut self, stage: Stage) -> io::Result<Gate> {
        let recipients =
            self.envelope.as_ref().map_or_else(Vec::new, |envelope| envelope.to.clone());
        self.gate_for(stage, &recipients).await
    }

    /// Lets the faults that stand at `stage` strike.
    async fn gate_for(&mut self, stage: Stage, recipients: &[String]) -> io::Result<Gate> {
        let (wait, act) = self.shared.faults.strike(stage, recipients);
        if !wait.is_zero() {
            self.writer.flush().await?;
            tokio::time::sleep(wait).await;
        }
        Ok(match act {
            None | Some(Act::Wait(_) | Act::Refuse) => Gate::Open,
            Some(Act::LostAck) => Gate::LostAck,
            Some(Act::Reply { code: 421, text }) => Gate::Shut(Next::Last(Reply::new(421, text))),
            Some(Act::Reply { code, text }) => Gate::Shut(Next::Reply(Reply::new(code, text))),
            Some(Act::Cut) => Gate::Shut(Next::Close),
            Some(Act::Garbage) => {
                self.writer.write_all(GARBAGE).await?;
                self.writer.flush().await?;
                Gate::Shut(Next::Close)
            }
            Some(Act::Hang) => {
                self.writer.flush().await?;
                let mut sink = tokio::io::sink();
                let hung_up = tokio::io::copy(&mut self.reader, &mut sink);
                // Whichever comes first, the end is the same.
                tokio::time::timeout(self.shared.config.idle, hung_up).await.ok();
                Gate::Shut(Next::Close)
            }
        })
    }

    /// Notes a mistake of the client; too many of them end the connection.
    fn wrong(&mut self, reply: Reply) -> Next {
        self.errors += 1;
        self.shared.note_mistake(&reply);
        if self.errors > MAX_ERRORS {
            return Next::Last(Reply::new(421, "4.7.0 Too many errors"));
        }
        Next::Reply(reply)
    }

    /// Writes a reply; says whether the dialogue goes on.
    async fn answer(&mut self, next: Next) -> io::Result<bool> {
        let (reply, goes_on) = match next {
            Next::Reply(reply) => (reply, true),
            Next::Last(reply) => (reply, false),
            Next::Close => return Ok(false),
        };
        self.writer.write_all(&reply.to_bytes()).await?;
        if !goes_on {
            self.writer.flush().await?;
            self.writer.shutdown().await?;
        }
        Ok(goes_on)
    }
}

fn decode(response: Option<String>) -> Option<String> {
    String::from_utf8(STANDARD.decode(response?).ok()?).ok()
}
