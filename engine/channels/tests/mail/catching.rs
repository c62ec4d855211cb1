//! The sink: a real mail server that keeps what it gets, shows it, and has it again after a restart.

use std::{net::SocketAddr, path::Path, sync::Arc};

use forecourt_channels::{
    sink::{MailSink, SinkConfig, SinkError},
    smtp::{SmtpConfig, SmtpSender},
};
use forecourt_core::lang::Lang;
use forecourt_ports::{
    mailbox::MailId,
    sender::{Letter, Sender},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Handle,
};

use crate::support::{StillClock, delivery, noon, outgoing, to};

fn start(config: &SinkConfig) -> MailSink {
    MailSink::start(config, StillClock::new(), &Handle::current()).unwrap()
}

fn in_dir(dir: &Path) -> SinkConfig {
    SinkConfig { dir: Some(dir.into()), ..SinkConfig::default() }
}

fn sender(sink: &MailSink) -> SmtpSender {
    let config = SmtpConfig::from_url(&sink.url()).unwrap();
    SmtpSender::new(config, StillClock::new(), Handle::current()).unwrap()
}

/// Writes all of `said` at once and reads until the server closes.
async fn converse(addr: SocketAddr, said: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    heard
}

fn codes(heard: &str) -> Vec<&str> {
    heard.lines().filter(|line| line.get(3..4) == Some(" ")).map(|line| &line[..3]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_is_shown_as_it_was_written() {
    let sink = start(&SinkConfig::default());
    let mut mail = outgoing(1);
    mail.lang = Lang::Ar;
    mail.letter = Letter::Answer {
        subject: Some("Tesla 🚗".into()),
        text: ".نعم\n\n.\n..السيارة متوفرة".into(),
    };
    mail.to = to("محمد", "m.ali@example.ae");
    let accepted = sender(&sink).prepare(&mail).await.unwrap().hand_over().await.unwrap();
    assert_eq!(accepted.reference.as_deref(), Some("sink-1"));

    let mailbox = sink.mailbox();
    let list = mailbox.list(10);
    assert_eq!(list.len(), 1);
    let summary = &list[0];
    assert_eq!(summary.id, MailId(1));
    assert_eq!(summary.at, noon());
    assert_eq!(summary.from, "Nordlys Bil <svar@mail.nordlys.example>");
    assert_eq!(summary.to, ["m.ali@example.ae"]);
    assert_eq!(summary.subject, "Re: Tesla 🚗");
    assert_eq!(summary.delivery, Some(delivery(1)));
    assert!(summary.excerpt.contains("نعم"), "{}", summary.excerpt);

    let mail = mailbox.find(MailId(1)).unwrap();
    assert!(mail.text.as_deref().unwrap().contains("\r\n.\r\n..السيارة"), "{:?}", mail.text);
    assert!(mail.html.as_deref().unwrap().contains("<html lang=\"ar\" dir=\"rtl\">"));
    assert!(mail.headers.contains(&("X-Forecourt-Delivery".into(), delivery(1).to_string())));
    assert_eq!(mail.raw.len(), summary.size);
    assert_eq!(mailbox.find(MailId(2)), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_prepared_and_dropped_is_not_there() {
    let sink = start(&SinkConfig::default());
    let sender = sender(&sink);
    drop(sender.prepare(&outgoing(1)).await.unwrap());
    sender.prepare(&outgoing(2)).await.unwrap().hand_over().await.unwrap();
    let mailbox = sink.mailbox();
    sink.stop().await; // all connections have ended, the dropped one too
    let kept: Vec<_> = mailbox.list(10).iter().map(|mail| mail.delivery).collect();
    assert_eq!(kept, [Some(delivery(2))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_there_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(&in_dir(dir.path()));
    let first = sender(&sink);
    for number in 1..=3 {
        first.prepare(&outgoing(number)).await.unwrap().hand_over().await.unwrap();
    }
    let before = sink.mailbox().list(10);
    sink.stop().await;

    let sink = start(&in_dir(dir.path()));
    assert_eq!(sink.mailbox().list(10), before);
    let accepted = sender(&sink).prepare(&outgoing(4)).await.unwrap().hand_over().await.unwrap();
    assert_eq!(accepted.reference.as_deref(), Some("sink-4"));
    let newest: Vec<u64> = sink.mailbox().list(2).iter().map(|mail| mail.id.0).collect();
    assert_eq!(newest, [4, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipelined_conversation_is_answered_in_order() {
    let sink = start(&SinkConfig::default());
    let heard = converse(
        sink.addr(),
        "EHLO me\r\nMAIL FROM:<a@b.no>\r\nRCPT TO:<c@d.no>\r\nRCPT TO:<no>\r\nDATA\r\n\
         Subject: one\r\n\r\n..dot\r\n.\r\n\
         MAIL FROM:<>\r\nRCPT TO:<c@d.no>\r\nRSET\r\nDATA\r\nVRFY c\r\nFOO\r\nNOOP\r\nQUIT\r\n",
    )
    .await;
    assert_eq!(
        codes(&heard),
        [
            "220", "250", "250", "250", "501", "354", "250", "250", "250", "250", "503", "252",
            "500", "250", "221"
        ],
        "{heard}"
    );
    let mail = sink.mailbox().find(MailId(1)).unwrap();
    assert_eq!(mail.raw, b"Subject: one\r\n\r\n.dot\r\n");
    assert_eq!(mail.summary.from, "a@b.no");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_breaks_the_rules_is_refused_and_the_next_one_is_taken() {
    let sink = start(&SinkConfig { max_mail_bytes: 2000, ..SinkConfig::default() });
    let mail =
        |body: &str| format!("MAIL FROM:<a@b.no>\r\nRCPT TO:<c@d.no>\r\nDATA\r\n{body}\r\n.\r\n");
    let said = [
        "EHLO me\r\n".to_owned(),
        mail(&"x".repeat(1500)),
        mail(&"x\r\n".repeat(1000)),
        mail("bare\nend\n.\nMAIL FROM:<smuggled@b.no>"),
        mail("fine"),
        format!("{}\r\n", "N".repeat(5000)),
        "QUIT\r\n".to_owned(),
    ]
    .concat();
    let heard = converse(sink.addr(), &said).await;
    let of_mails: Vec<&str> = codes(&heard)
        .into_iter()
        .skip(2)
        .collect::<Vec<_>>()
        .chunks(4)
        .map(|four| four[four.len() - 1])
        .collect();
    assert_eq!(of_mails, ["550", "552", "550", "250", "221"], "{heard}");
    assert!(heard.contains("500 5.5.2 the line is too long"), "{heard}");
    let kept = sink.mailbox().list(10);
    assert_eq!(kept.len(), 1);
    assert_eq!(sink.mailbox().find(kept[0].id).unwrap().raw, b"fine\r\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_limit_are_turned_away_and_places_come_back() {
    let sink = start(&SinkConfig { max_connections: 1, ..SinkConfig::default() });
    let mut first = TcpStream::connect(sink.addr()).await.unwrap();
    let mut banner = [0; 3];
    first.read_exact(&mut banner).await.unwrap();
    assert_eq!(&banner, b"220");
    assert!(converse(sink.addr(), "").await.starts_with("421"));

    first.write_all(b"QUIT\r\n").await.unwrap();
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).await.unwrap();
    // The place is free once the server has dropped the connection, a moment after its end is seen.
    loop {
        let mut next = TcpStream::connect(sink.addr()).await.unwrap();
        next.read_exact(&mut banner).await.unwrap();
        if &banner == b"220" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_was_made_to_speak_smtp_is_sent_away() {
    let sink = start(&SinkConfig::default());
    let heard = converse(
        sink.addr(),
        "POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO me\r\nMAIL FROM:<a@b.no>\r\nRCPT TO:<c@d.no>\r\nDATA\r\nx\r\n.\r\n",
    )
    .await;
    assert_eq!(codes(&heard), ["220", "421"]);
    assert!(sink.mailbox().list(1).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_listens_on_this_machine_alone() {
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let config = SinkConfig { addr: addr.parse().unwrap(), ..SinkConfig::default() };
        let refused = MailSink::start(&config, StillClock::new(), &Handle::current()).err();
        assert!(matches!(refused, Some(SinkError::NotLoopback(_))), "{addr}");
    }
    let sink = start(&SinkConfig::default());
    assert!(sink.addr().ip().is_loopback() && sink.addr().port() != 0);
    let taken = SinkConfig { addr: sink.addr(), ..SinkConfig::default() };
    let refused = MailSink::start(&taken, StillClock::new(), &Handle::current()).err();
    assert!(matches!(refused, Some(SinkError::Bind { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_it_cuts_connections_and_leaves_the_mailbox_readable() {
    let sink = start(&SinkConfig::default());
    let sender = sender(&sink);
    sender.prepare(&outgoing(1)).await.unwrap().hand_over().await.unwrap();
    let prepared = sender.prepare(&outgoing(2)).await.unwrap();
    let mailbox = sink.mailbox();
    sink.stop().await;
    assert!(prepared.hand_over().await.is_err());
    assert!(sender.prepare(&outgoing(3)).await.is_err());
    assert_eq!(mailbox.list(10).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_at_once_lose_nothing_and_double_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(&in_dir(dir.path()));
    let sender = Arc::new(sender(&sink));
    let sending: Vec<_> = (0..200)
        .map(|number| {
            let sender = Arc::clone(&sender);
            tokio::spawn(async move {
                sender.prepare(&outgoing(number)).await.unwrap().hand_over().await.unwrap();
            })
        })
        .collect();
    for sent in sending {
        sent.await.unwrap();
    }
    let mut kept: Vec<_> =
        sink.mailbox().list(500).iter().filter_map(|mail| mail.delivery).collect();
    kept.sort_unstable();
    assert_eq!(kept, (0..200).map(delivery).collect::<Vec<_>>());
    sink.stop().await;
    assert_eq!(start(&in_dir(dir.path())).mailbox().list(500).len(), 200);
}
