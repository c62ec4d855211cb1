//! The mail simulator, met by a real client and by hand.

use std::time::Duration;

use forecourt_loadtest::smtp_sim::{Login, SmtpSim, SmtpSimConfig, SmtpSimError};
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::support::PATIENCE;

type Client = AsyncSmtpTransport<Tokio1Executor>;

fn sim(faults: &[&str]) -> SmtpSim {
    let faults = faults.iter().map(|fault| (*fault).to_owned()).collect();
    SmtpSim::start(SmtpSimConfig { faults, ..SmtpSimConfig::default() }).expect("it starts")
}

fn client(sim: &SmtpSim) -> Client {
    Client::builder_dangerous(sim.addr().ip().to_string())
        .port(sim.addr().port())
        .timeout(Some(PATIENCE))
        .build()
}

fn mail(to: &str) -> Message {
    Message::builder()
        .from("Nordlys Bil <salg@nordlys.example>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject("Prøvekjøring på lørdag")
        .header(ContentType::TEXT_PLAIN)
        .message_id(Some("<lead-42@nordlys.example>".to_owned()))
        .body("Hei Kåre!\n.\n..to prikker\nMvh".to_owned())
        .unwrap()
}

/// A dialogue by hand.
struct Hand {
    stream: BufReader<TcpStream>,
}

impl Hand {
    async fn connect(sim: &SmtpSim) -> Self {
        let stream = TcpStream::connect(sim.addr()).await.expect("it listens");
        Self { stream: BufReader::new(stream) }
    }

    /// Greets and shakes hands.
    async fn greeted(sim: &SmtpSim) -> Self {
        let mut hand = Self::connect(sim).await;
        assert!(hand.reply().await.starts_with("220 "));
        assert!(hand.say("EHLO me").await.starts_with("250 "));
        hand
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the server reads");
    }

    /// The last line of the next reply; empty at the end of the connection.
    async fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(PATIENCE, self.stream.read_line(&mut line));
            if read.await.expect("a reply comes in time").is_err() {
                return String::new();
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    async fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// Everything up to DATA, which must go well.
    async fn envelope(&mut self) {
        assert!(self.say("MAIL FROM:<a@b.example>").await.starts_with("250 "));
        assert!(self.say("RCPT TO:<c@d.example>").await.starts_with("250 "));
        assert!(self.say("DATA").await.starts_with("354 "));
    }
}

#[tokio::test]
async fn a_real_client_delivers_and_the_mail_is_kept_as_it_was_sent() {
    let sim = sim(&[]);
    client(&sim).send(mail("Kåre Å <kare@example.no>")).await.expect("it is accepted");
    let mail = sim.wait_for_mail_to("KARE@example.no", PATIENCE).await.expect("it is kept");
    assert_eq!(mail.from, "salg@nordlys.example");
    assert_eq!(mail.to, ["kare@example.no"]);
    assert_eq!(mail.message_id().as_deref(), Some("lead-42@nordlys.example"));
    assert_eq!(mail.subject().as_deref(), Some("Prøvekjøring på lørdag"));
    let text = mail.text().expect("a text part").replace("\r\n", "\n");
    assert_eq!(text.trim_end(), "Hei Kåre!\n.\n..to prikker\nMvh");
    assert!(mail.acked);
    assert_eq!(sim.mistakes(), Vec::<String>::new(), "a right client makes no mistakes");
}

#[tokio::test]
async fn two_hundred_mails_over_pooled_connections_all_arrive_once() {
    let sim = sim(&[]);
    let client = client(&sim);
    let sends = (0..200).map(|at| {
        let client = client.clone();
        async move { client.send(mail(&format!("kunde{at}@example.no"))).await }
    });
    for sent in futures_util::future::join_all(sends).await {
        sent.expect("it is accepted");
    }
    let mails = sim.wait_for(200, PATIENCE).await.expect("all came");
    let mut addresses: Vec<&str> = mails.iter().map(|mail| mail.to[0].as_str()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!((mails.len(), addresses.len()), (200, 200));
}

#[tokio::test]
async fn faults_at_any_point_are_what_a_client_sees_there() {
    for (fault, code, passing) in [
        ("connect;code=421", Some("421"), true),
        ("mail;code=451", Some("451"), true),
        ("rcpt;code=450", Some("450"), true),
        ("rcpt;code=550", Some("550"), false),
        ("data;code=451", Some("451"), true),
        ("accept;code=451", Some("451"), true),
        ("accept;code=550", Some("550"), false),
        ("garbage;at=accept", None, false),
        ("cut;at=data", None, false),
        ("cut;at=accept", None, false),
    ] {
        let sim =
            sim(&[&format!("{fault};times=1").replace(";text", "").replace("=5.7.1 Spam", "")]);
        let client = client(&sim);
        let error = client.send(mail("kari@example.no")).await.expect_err(fault);
        let seen = error.status().map(|code| code.to_string());
        assert_eq!(seen.as_deref(), code, "{fault}: {error}");
        assert_eq!(error.is_transient(), code.is_some() && passing, "{fault}: {error}");
        assert_eq!(sim.mails().len(), 0, "{fault}: nothing was accepted");
        client.send(mail("kari@example.no")).await.expect("the fault was for one time");
        assert_eq!(sim.mails().len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_lost_acknowledgement_is_an_accepted_mail_and_a_failed_send() {
    let sim = sim(&["lost_ack;times=1"]);
    let client = client(&sim);
    client.send(mail("kari@example.no")).await.expect_err("no 250 came");
    client.send(mail("kari@example.no")).await.expect("the second try is told");
    let acked: Vec<bool> = sim.mails_to("kari@example.no").iter().map(|mail| mail.acked).collect();
    assert_eq!(acked, [false, true]);
}

#[tokio::test]
async fn a_fault_for_one_recipient_leaves_the_others_alone() {
    let sim = sim(&["rcpt;code=550;to=ola@"]);
    let mut hand = Hand::greeted(&sim).await;
    hand.say("MAIL FROM:<a@b.example>").await;
    assert_eq!(hand.say("RCPT TO:<Ola@example.no>").await, "550 5.1.1 Mailbox unavailable");
    assert!(hand.say("RCPT TO:<kari@example.no>").await.starts_with("250 "));
    hand.say("DATA").await;
    assert!(hand.say("Subject: x\r\n\r\nHei\r\n.").await.starts_with("250 "));
    assert_eq!(sim.mails()[0].to, ["kari@example.no"]);
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_comes_back_on_the_same_port() {
    let sim = sim(&[]);
    let client = client(&sim);
    client.send(mail("kari@example.no")).await.expect("it is up");
    let mut open = Hand::greeted(&sim).await;
    for _ in 0..3 {
        sim.set_faults(&["refuse"]).await.unwrap();
        let refused = TcpStream::connect(sim.addr()).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        client.send(mail("kari@example.no")).await.expect_err("it is down");
        sim.set_faults(&[]).await.unwrap();
        client.send(mail("kari@example.no")).await.expect("it is up again");
    }
    assert_eq!(open.reply().await, "", "open connections dropped");
    assert_eq!(sim.mails().len(), 4);
}

#[tokio::test]
async fn a_hang_is_silence_and_the_server_lives_on() {
    let sim = sim(&["hang;at=rcpt;times=1"]);
    let mut hand = Hand::greeted(&sim).await;
    hand.say("MAIL FROM:<a@b.example>").await;
    hand.write(b"RCPT TO:<c@d.example>\r\n").await;
    let mut byte = [0];
    let silence =
        tokio::time::timeout(Duration::from_millis(200), hand.stream.read(&mut byte)).await;
    assert!(silence.is_err(), "no reply and no end");
    client(&sim).send(mail("kari@example.no")).await.expect("others are served");
}

#[tokio::test]
async fn slow_replies_are_late_by_what_was_said() {
    let sim = sim(&["slow;ms=80;at=accept"]);
    let start = std::time::Instant::now();
    client(&sim).send(mail("kari@example.no")).await.expect("late is not never");
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let sim = sim(&[]);
    let mut hand = Hand::greeted(&sim).await;
    hand.write(
        b"MAIL FROM:<a@b.example> SIZE=20\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<bad\r\nDATA\r\n",
    )
    .await;
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(hand.reply().await[..3].to_owned());
    }
    assert_eq!(codes, ["250", "250", "501", "354"]);
    hand.write(b"Subject: x\r\n\r\nHei\r\n.\r\nNOOP\r\nQUIT\r\n").await;
    for code in ["250", "250", "221", ""] {
        assert!(hand.reply().await.starts_with(code));
    }
    assert_eq!(sim.mails()[0].announced_size, Some(20));
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_remembered() {
    let sim = sim(&[]);
    let mut hand = Hand::connect(&sim).await;
    hand.reply().await;
    for (line, code) in [
        ("MAIL FROM:<a@b.example>", "503"),
        ("HELO me", "250"),
        ("RCPT TO:<c@d.example>", "503"),
        ("DATA", "503"),
        ("MAIL FROM:<a@b.example>", "250"),
        ("MAIL FROM:<a@b.example>", "503"),
        ("DATA", "554"),
        ("RSET", "250"),
        ("DATA", "503"),
        ("VRFY kari", "252"),
        ("BDAT 5", "502"),
        ("HELP", "214"),
        ("NOOP", "250"),
    ] {
        let reply = hand.say(line).await;
        assert!(reply.starts_with(code), "{line}: {reply}");
    }
    assert_eq!(sim.mistakes().len(), 7, "{:?}", sim.mistakes());
}

#[tokio::test]
async fn a_client_that_never_learns_is_shown_the_door() {
    let sim = sim(&[]);
    let mut hand = Hand::greeted(&sim).await;
    for _ in 0..20 {
        assert!(hand.say("WHAT").await.starts_with("500 "));
    }
    assert!(hand.say("WHAT").await.starts_with("421 "));
    assert_eq!(hand.reply().await, "");
}

#[tokio::test]
async fn a_message_smuggled_behind_a_bare_line_feed_is_refused_whole() {
    let sim = sim(&[]);
    let mut hand = Hand::greeted(&sim).await;
    hand.envelope().await;
    hand.write(b"Hei\n.\r\nMAIL FROM:<evil@x.example>\r\n.\r\n").await;
    assert!(hand.reply().await.starts_with("554 5.6.0"));
    assert!(hand.say("NOOP").await.starts_with("250 "));
    assert_eq!(sim.mails().len(), 0);
}

#[tokio::test]
async fn sizes_and_counts_have_limits() {
    let sim = SmtpSim::start(SmtpSimConfig {
        max_size: 2000,
        max_recipients: 1,
        mails_per_connection: Some(2),
        max_kept: 1500,
        ..SmtpSimConfig::default()
    })
    .unwrap();
    let mut hand = Hand::greeted(&sim).await;
    assert!(hand.say("MAIL FROM:<a@b.example> SIZE=3000").await.starts_with("552 "));
    hand.envelope().await;
    let big = "0123456789\r\n".repeat(300);
    assert!(hand.say(&format!("{big}.")).await.starts_with("552 "), "announced or not");
    assert!(hand.say("MAIL FROM:<a@b.example>").await.starts_with("250 "));
    assert!(hand.say("RCPT TO:<c@d.example>").await.starts_with("250 "));
    assert!(hand.say("RCPT TO:<e@d.example>").await.starts_with("452 "));
    assert!(hand.say("DATA").await.starts_with("354 "));
    let fits = "0123456789\r\n".repeat(100);
    assert!(hand.say(&format!("{fits}.")).await.starts_with("250 "));
    assert!(hand.say("MAIL FROM:<a@b.example>").await.starts_with("421 "), "two per connection");
    let mut hand = Hand::greeted(&sim).await;
    hand.envelope().await;
    assert!(hand.say(&format!("{fits}.")).await.starts_with("452 "), "the store is full");
    assert_eq!(sim.mails().len(), 1, "and forgot nothing");
    assert_eq!(sim.take_mails().len(), 1);
    hand.envelope().await;
    assert!(hand.say(&format!("{fits}.")).await.starts_with("250 "), "there is room again");
}

#[tokio::test]
async fn a_login_is_checked_where_one_is_required() {
    let sim = SmtpSim::start(SmtpSimConfig {
        login: Some(Login { user: "nordlys".into(), password: "riktig".to_owned().into() }),
        ..SmtpSimConfig::default()
    })
    .unwrap();
    let with = |password: &str| {
        Client::builder_dangerous("127.0.0.1")
            .port(sim.addr().port())
            .credentials(Credentials::new("nordlys".into(), password.into()))
            .build()
    };
    let refused = client(&sim).send(mail("kari@example.no")).await.unwrap_err();
    assert_eq!(refused.status().map(|code| code.to_string()).as_deref(), Some("530"));
    let refused = with("feil").send(mail("kari@example.no")).await.unwrap_err();
    assert_eq!(refused.status().map(|code| code.to_string()).as_deref(), Some("535"));
    with("riktig").send(mail("kari@example.no")).await.expect("the right login");
    assert_eq!(sim.mails()[0].user.as_deref(), Some("nordlys"));
}

#[tokio::test]
async fn addresses_beyond_ascii_need_their_extension() {
    let sim = sim(&[]);
    let mut hand = Hand::greeted(&sim).await;
    assert!(hand.say("MAIL FROM:<a@b.example>").await.starts_with("250 "));
    assert!(hand.say("RCPT TO:<kåre@blåbær.example>").await.starts_with("553 5.6.7"));
    hand.say("RSET").await;
    assert!(hand.say("MAIL FROM:<a@b.example> BODY=8BITMIME SMTPUTF8").await.starts_with("250 "));
    assert!(hand.say("RCPT TO:<kåre@blåbær.example>").await.starts_with("250 "));
}

#[tokio::test]
async fn every_mail_is_a_line_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mails.jsonl");
    let sim =
        SmtpSim::start(SmtpSimConfig { file: Some(path.clone()), ..SmtpSimConfig::default() })
            .unwrap();
    for at in 0..3 {
        client(&sim).send(mail(&format!("kunde{at}@example.no"))).await.unwrap();
    }
    sim.stop();
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["to"][0], "kunde2@example.no");
    assert_eq!(lines[2]["message_id"], "lead-42@nordlys.example");
}

#[tokio::test]
async fn waiting_for_too_many_mails_says_how_many_came() {
    let sim = sim(&[]);
    client(&sim).send(mail("kari@example.no")).await.unwrap();
    let waited = sim.wait_for(2, Duration::from_millis(50)).await;
    assert!(matches!(waited, Err(SmtpSimError::TooFew { came: 1, wanted: 2 })), "{waited:?}");
}
