//! A mail server that misbehaves by script, and remembers what it saw.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

/// What the server does at one step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Does what a good server does.
    Well,
    /// Answers this.
    Say(&'static str),
    /// Says nothing more, and leaves the connection open.
    Silence,
    HangUp,
    /// Answers this and closes at once.
    SayAndHangUp(&'static str),
}

/// One connection's script.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) banner: Act,
    pub(crate) ehlo: Act,
    pub(crate) auth: Act,
    pub(crate) mail: Act,
    pub(crate) rcpt: Act,
    pub(crate) data: Act,
    /// As soon as the first byte of the body is there.
    pub(crate) first_byte: Act,
    /// After the final dot.
    pub(crate) dot: Act,
    pub(crate) rset: Act,
    /// After the reply to a mail, unasked.
    pub(crate) after_mail: Act,
    /// To the second `MAIL` of the connection.
    pub(crate) second_mail: Act,
    /// Right after `354`, unasked.
    pub(crate) after_data: Act,
    /// What `EHLO` offers.
    pub(crate) offers: &'static [&'static str],
}

impl Default for Script {
    fn default() -> Self {
        Self {
            banner: Act::Well,
            ehlo: Act::Well,
            auth: Act::Well,
            mail: Act::Well,
            rcpt: Act::Well,
            data: Act::Well,
            first_byte: Act::Well,
            dot: Act::Well,
            rset: Act::Well,
            after_mail: Act::Well,
            second_mail: Act::Well,
            after_data: Act::Well,
            offers: &["8BITMIME", "SMTPUTF8"],
        }
    }
}

/// What it has seen, oldest first: `0 MAIL FROM:<a@b.no>` is a command on the first connection.
#[derive(Default)]
pub(crate) struct Seen {
    lines: Mutex<Vec<String>>,
    changed: Notify,
    open: Mutex<(usize, usize)>,
}

impl Seen {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.lines.lock().unwrap().push(line.into());
        self.changed.notify_waiters();
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Only the verbs: `0 MAIL`.
    pub(crate) fn verbs(&self) -> Vec<String> {
        let verb = |line: &String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        self.all().iter().map(verb).collect()
    }

    pub(crate) fn count(&self, verb: &str) -> usize {
        self.verbs().iter().filter(|line| line.ends_with(&format!(" {verb}"))).count()
    }

    /// The most connections that were open at the same time.
    pub(crate) fn most_open(&self) -> usize {
        self.open.lock().unwrap().1
    }

    /// Waits until a line is there.
    pub(crate) async fn wait_for(&self, line: &str) {
        loop {
            let changed = self.changed.notified();
            if self.all().iter().any(|seen| seen == line) {
                return;
            }
            changed.await;
        }
    }
}

pub(crate) struct FaultServer {
    pub(crate) addr: SocketAddr,
    pub(crate) seen: Arc<Seen>,
}

/// How the server encrypts.
#[derive(Clone)]
pub(crate) enum Tls {
    None,
    AtOnce(TlsAcceptor),
    Later(TlsAcceptor),
}

impl FaultServer {
    pub(crate) async fn start(scripts: &[Script]) -> Self {
        Self::start_with(scripts, Tls::None).await
    }

    /// The first connection follows the first script, and so on; the last script is for all that follow.
    pub(crate) async fn start_with(scripts: &[Script], tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (scripts, noted) = (scripts.to_vec(), Arc::clone(&seen));
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let script = scripts[number.min(scripts.len() - 1)].clone();
                let (seen, tls) = (Arc::clone(&noted), tls.clone());
                tokio::spawn(async move {
                    {
                        let mut open = seen.open.lock().unwrap();
                        open.0 += 1;
                        open.1 = open.1.max(open.0);
                    }
                    let talk = Talk { number, script, seen: Arc::clone(&seen) };
                    // A client that hangs up is what many stories are about.
                    let _ended = talk.serve(stream, tls).await;
                    seen.open.lock().unwrap().0 -= 1;
                    seen.note(format!("{number} GONE"));
                });
            }
        });
        Self { addr, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.addr)
    }
}

struct Talk {
    number: usize,
    script: Script,
    seen: Arc<Seen>,
}

/// Ends a conversation.
fn hang_up<T>() -> io::Result<T> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

impl Talk {
    async fn serve(&self, stream: tokio::net::TcpStream, tls: Tls) -> io::Result<()> {
        match tls {
            Tls::AtOnce(acceptor) => {
                let mut stream = BufReader::new(acceptor.accept(stream).await?);
                self.seen.note(format!("{} ENCRYPTED", self.number));
                self.act(&mut stream, self.script.banner, "220 fault server").await?;
                self.talk(&mut stream, false).await?;
                Ok(())
            }
            Tls::None => {
                let mut stream = BufReader::new(stream);
                self.act(&mut stream, self.script.banner, "220 fault server").await?;
                self.talk(&mut stream, false).await?;
                Ok(())
            }
            Tls::Later(acceptor) => {
                let mut stream = BufReader::new(stream);
                self.act(&mut stream, self.script.banner, "220 fault server").await?;
                if self.talk(&mut stream, true).await? {
                    let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
                    self.seen.note(format!("{} ENCRYPTED", self.number));
                    self.talk(&mut stream, false).await?;
                }
                Ok(())
            }
        }
    }

    /// Says what is scripted; `well` is what a good server says.
    async fn act(
        &self,
        stream: &mut (impl AsyncWrite + Unpin),
        act: Act,
        well: &str,
    ) -> io::Result<()> {
        match act {
            Act::Well => stream.write_all(format!("{well}\r\n").as_bytes()).await,
            Act::Say(text) => stream.write_all(format!("{text}\r\n").as_bytes()).await,
            Act::Silence => std::future::pending().await,
            Act::HangUp => hang_up(),
            Act::SayAndHangUp(text) => {
                stream.write_all(format!("{text}\r\n").as_bytes()).await?;
                stream.shutdown().await?;
                hang_up()
            }
        }?;
        stream.flush().await
    }

    /// Answers commands; `true` when TLS is to follow.
    async fn talk<S>(&self, stream: &mut BufReader<S>, starttls: bool) -> io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut mails = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(false);
            }
            let line = line.trim_end();
            self.seen.note(format!("{} {line}", self.number));
            match line.split(' ').next().unwrap_or_default() {
                "EHLO" => {
                    let mut lines = vec!["fault.example".to_owned()];
                    lines.extend(self.script.offers.iter().map(|offer| (*offer).to_owned()));
                    lines.extend(starttls.then(|| "STARTTLS".to_owned()));
                    let last = lines.len() - 1;
                    let mark = |index| if index == last { ' ' } else { '-' };
                    let lines: Vec<String> = lines
                        .iter()
                        .enumerate()
                        .map(|(index, text)| format!("250{}{text}", mark(index)))
                        .collect();
                    self.act(stream, self.script.ehlo, &lines.join("\r\n")).await?;
                }
                "STARTTLS" if starttls => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(true);
                }
                "AUTH" => self.act(stream, self.script.auth, "235 2.7.0 welcome").await?,
                "MAIL" => {
                    mails += 1;
                    let act = if mails == 2 { self.script.second_mail } else { self.script.mail };
                    self.act(stream, act, "250 2.1.0 ok").await?;
                }
                "RCPT" => self.act(stream, self.script.rcpt, "250 2.1.5 ok").await?,
                "RSET" => self.act(stream, self.script.rset, "250 2.0.0 ok").await?,
                "NOOP" => stream.write_all(b"250 2.0.0 ok\r\n").await?,
                "QUIT" => {
                    stream.write_all(b"221 2.0.0 bye\r\n").await?;
                    return Ok(false);
                }
                "DATA" => {
                    self.act(stream, self.script.data, "354 go ahead").await?;
                    if matches!(self.script.data, Act::Well) {
                        self.body(stream).await?;
                    }
                }
                _ => stream.write_all(b"500 5.5.2 what?\r\n").await?,
            }
        }
    }

    async fn body<S>(&self, stream: &mut BufReader<S>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if !matches!(self.script.after_data, Act::Well) {
            let done = self.act(stream, self.script.after_data, "").await;
            self.seen.note(format!("{} SPOKE", self.number));
            done?;
        }
        let mut body = vec![stream.read_u8().await?];
        self.seen.note(format!("{} BODY", self.number));
        if !matches!(self.script.first_byte, Act::Well) {
            self.act(stream, self.script.first_byte, "").await?;
        }
        while !body.ends_with(b"\r\n.\r\n") {
            if stream.read_until(b'\n', &mut body).await? == 0 {
                return hang_up();
            }
        }
        self.seen.note(format!("{} DOT", self.number));
        self.act(stream, self.script.dot, "250 2.0.0 Ok: queued as FAULT0001").await?;
        if !matches!(self.script.after_mail, Act::Well) {
            let done = self.act(stream, self.script.after_mail, "").await;
            self.seen.note(format!("{} SPOKE", self.number));
            done?;
        }
        Ok(())
    }
}
