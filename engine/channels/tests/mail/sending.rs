//! Sending in two steps: what each reply, each silence and each hang-up means.

use std::{sync::Arc, time::Duration};

use forecourt_channels::smtp::{PoolLimits, SmtpConfig, SmtpSender, Timeouts};
use forecourt_ports::sender::{Accepted, Outgoing, SendError, Sender};
use jiff::SignedDuration;
use tokio::runtime::Handle;

use crate::{
    fault_server::{Act, FaultServer, Script},
    support::{StillClock, noon, outgoing, to},
};

/// Long enough for a busy machine where no step is meant to time out.
const PATIENT: Timeouts = Timeouts {
    connect: Duration::from_secs(30),
    command: Duration::from_secs(30),
    body: Duration::from_secs(30),
    prepare: Duration::from_mins(1),
};

/// For stories in which the server says nothing.
const HASTY: Timeouts = Timeouts {
    connect: Duration::from_millis(300),
    command: Duration::from_millis(300),
    body: Duration::from_millis(300),
    prepare: Duration::from_mins(1),
};

fn config(url: &str, timeouts: Timeouts) -> SmtpConfig {
    let mut config = SmtpConfig::from_url(url).unwrap();
    config.timeouts = timeouts;
    config
}

fn sender(config: SmtpConfig) -> SmtpSender {
    SmtpSender::new(config, StillClock::new(), Handle::current()).unwrap()
}

async fn send(sender: &SmtpSender, outgoing: &Outgoing) -> Result<Accepted, SendError> {
    sender.prepare(outgoing).await?.hand_over().await
}

/// `temporary smtp-451`, so that a table can say what it expects.
fn word(error: &SendError) -> String {
    match error {
        SendError::Temporary { code, .. } => format!("temporary {code}"),
        SendError::Permanent { code } => format!("permanent {code}"),
        SendError::Uncertain { code } => format!("uncertain {code}"),
    }
}

async fn refusal_in_prepare(script: Script, timeouts: Timeouts) -> String {
    let server = FaultServer::start(&[script]).await;
    let sender = sender(config(&server.url(), timeouts));
    let error = sender.prepare(&outgoing(1)).await.err().expect("prepare succeeded");
    assert_eq!(server.seen.count("BODY"), 0);
    word(&error)
}

/// What became of the handover, after a prepare that went well.
async fn handover(script: Script, timeouts: Timeouts) -> Result<Accepted, String> {
    let server = FaultServer::start(&[script]).await;
    let sender = sender(config(&server.url(), timeouts));
    let prepared = sender.prepare(&outgoing(1)).await.unwrap();
    prepared.hand_over().await.map_err(|error| word(&error))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mail_leaves_in_the_second_step_and_not_before() {
    let server = FaultServer::start(&[Script::default()]).await;
    let clock = StillClock::new();
    let config = config(&server.url(), PATIENT);
    let sender = SmtpSender::new(config, Arc::clone(&clock) as _, Handle::current()).unwrap();

    let prepared = sender.prepare(&outgoing(1)).await.unwrap();
    server.seen.note("- RECORDED");
    clock.advance(SignedDuration::from_secs(3));
    let accepted = prepared.hand_over().await.unwrap();

    let expected =
        ["0 EHLO", "0 MAIL", "0 RCPT", "0 DATA", "- RECORDED", "0 BODY", "0 DOT"].map(String::from);
    assert_eq!(server.seen.verbs(), expected);
    let seen = server.seen.all();
    assert!(seen.contains(&"0 MAIL FROM:<svar@mail.nordlys.example>".into()), "{seen:?}");
    assert!(seen.contains(&"0 RCPT TO:<kari@example.no>".into()), "{seen:?}");
    assert_eq!(accepted.reference.as_deref(), Some("FAULT0001"));
    assert_eq!(accepted.at, noon() + SignedDuration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prepared_mail_that_is_dropped_is_never_sent() {
    let server = FaultServer::start(&[Script::default()]).await;
    let sender = sender(config(&server.url(), PATIENT));
    drop(sender.prepare(&outgoing(1)).await.unwrap());
    server.seen.wait_for("0 GONE").await;
    assert_eq!(server.seen.count("BODY"), 0);
    assert_eq!(server.seen.count("DOT"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_before_the_body_is_temporary_or_permanent_by_its_number() {
    let well = Script::default;
    for (script, expected) in [
        (Script { banner: Act::Say("421 busy"), ..well() }, "temporary smtp-421"),
        (Script { banner: Act::Say("554 no"), ..well() }, "temporary smtp-554"),
        (Script { ehlo: Act::Say("550 who?"), ..well() }, "temporary smtp-550"),
        (Script { mail: Act::Say("451 later"), ..well() }, "temporary smtp-451"),
        (Script { mail: Act::Say("421 bye"), ..well() }, "temporary smtp-421"),
        (Script { mail: Act::Say("530 log in first"), ..well() }, "temporary smtp-530"),
        (Script { mail: Act::Say("553 not you"), ..well() }, "permanent smtp-553"),
        (Script { rcpt: Act::Say("450 grey"), ..well() }, "temporary smtp-450"),
        (Script { rcpt: Act::Say("452 full"), ..well() }, "temporary smtp-452"),
        (Script { rcpt: Act::Say("550 5.1.1 nobody"), ..well() }, "permanent smtp-550"),
        (Script { rcpt: Act::Say("550-no\r\n550 really"), ..well() }, "permanent smtp-550"),
        (Script { data: Act::Say("451 later"), ..well() }, "temporary smtp-451"),
        (Script { data: Act::Say("554 no valid recipients"), ..well() }, "permanent smtp-554"),
        (Script { data: Act::Say("250 fine"), ..well() }, "temporary bad-reply"),
        (Script { mail: Act::Say("354 what"), ..well() }, "temporary bad-reply"),
        (Script { mail: Act::Say("hello there"), ..well() }, "temporary bad-reply"),
    ] {
        assert_eq!(refusal_in_prepare(script, PATIENT).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_up_before_the_body_leaves_no_doubt() {
    let well = Script::default;
    for script in [
        Script { banner: Act::HangUp, ..well() },
        Script { ehlo: Act::HangUp, ..well() },
        Script { mail: Act::HangUp, ..well() },
        Script { rcpt: Act::HangUp, ..well() },
        Script { data: Act::HangUp, ..well() },
    ] {
        assert_eq!(refusal_in_prepare(script, PATIENT).await, "temporary connection-lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_before_the_body_is_given_up_in_time() {
    let well = Script::default;
    for script in [
        Script { banner: Act::Silence, ..well() },
        Script { mail: Act::Silence, ..well() },
        Script { data: Act::Silence, ..well() },
    ] {
        assert_eq!(refusal_in_prepare(script, HASTY).await, "temporary timeout");
    }
    // Each step in time, but all together too slow.
    let hurried = Timeouts { prepare: Duration::from_millis(300), ..PATIENT };
    let script = Script { rcpt: Act::Silence, ..well() };
    assert_eq!(refusal_in_prepare(script, hurried).await, "temporary timeout");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_tried_again_later() {
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap(); // and does not listen
    let url = format!("smtp://{}", bound.local_addr().unwrap());
    let error = sender(config(&url, PATIENT)).prepare(&outgoing(1)).await.err().unwrap();
    assert_eq!(word(&error), "temporary connect-refused");

    let nowhere = sender(config("smtp://no-such-host.invalid", PATIENT));
    let error = nowhere.prepare(&outgoing(1)).await.err().unwrap();
    assert_eq!(word(&error), "temporary connect-failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_the_body_is_an_answer_and_silence_is_doubt() {
    let well = Script::default;
    for (script, timeouts, expected) in [
        (Script { dot: Act::Say("451 later"), ..well() }, PATIENT, "temporary smtp-451"),
        (Script { dot: Act::Say("421 later"), ..well() }, PATIENT, "temporary smtp-421"),
        (Script { dot: Act::Say("554 spam"), ..well() }, PATIENT, "permanent smtp-554"),
        (Script { dot: Act::Say("354 more?"), ..well() }, PATIENT, "uncertain bad-reply"),
        (Script { dot: Act::Say("kthxbye"), ..well() }, PATIENT, "uncertain bad-reply"),
        (Script { dot: Act::Silence, ..well() }, HASTY, "uncertain timeout"),
        (Script { dot: Act::HangUp, ..well() }, PATIENT, "uncertain connection-lost"),
        (Script { first_byte: Act::HangUp, ..well() }, PATIENT, "uncertain connection-lost"),
    ] {
        assert_eq!(handover(script, timeouts).await.unwrap_err(), expected);
    }
    let plain = handover(Script { dot: Act::Say("250 thanks"), ..well() }, PATIENT).await.unwrap();
    assert_eq!(plain.reference, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ack_that_is_lost_is_uncertain_though_the_server_has_the_mail() {
    let server = FaultServer::start(&[Script { dot: Act::HangUp, ..Script::default() }]).await;
    let sender = sender(config(&server.url(), PATIENT));
    let error = send(&sender, &outgoing(1)).await.unwrap_err();
    assert_eq!(word(&error), "uncertain connection-lost");
    server.seen.wait_for("0 DOT").await;
    assert_eq!(server.seen.count("MAIL"), 1, "an uncertain mail was repeated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_in_mid_body_is_heard() {
    let script = Script { first_byte: Act::Say("552 5.3.4 too large"), ..Script::default() };
    assert_eq!(handover(script, PATIENT).await.unwrap_err(), "permanent smtp-552");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_left_while_the_handover_was_recorded_got_nothing_and_leaves_no_doubt() {
    for (act, expected) in [
        (Act::HangUp, "temporary connection-lost"),
        (Act::SayAndHangUp("421 4.4.2 too slow"), "temporary smtp-421"),
    ] {
        let script = Script { after_data: act, ..Script::default() };
        let server = FaultServer::start(&[script]).await;
        let sender = sender(config(&server.url(), PATIENT));
        let prepared = sender.prepare(&outgoing(1)).await.unwrap();
        server.seen.wait_for("0 GONE").await;
        let error = prepared.hand_over().await.unwrap_err();
        assert_eq!(word(&error), expected);
        assert_eq!(server.seen.count("BODY"), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_reused_as_often_as_allowed() {
    let server = FaultServer::start(&[Script::default()]).await;
    let mut config = config(&server.url(), PATIENT);
    config.pool.max_mails = 3;
    let sender = sender(config);
    for number in 0..4 {
        send(&sender, &outgoing(number)).await.unwrap();
    }
    assert_eq!(server.seen.count("EHLO"), 2);
    assert_eq!(server.seen.count("DOT"), 4);
    server.seen.wait_for("0 QUIT").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_survives_the_refusal_of_a_mail() {
    let server =
        FaultServer::start(&[Script { rcpt: Act::Say("550 nobody"), ..Script::default() }]).await;
    let mut config = config(&server.url(), PATIENT);
    config.pool.connections = 1;
    let sender = sender(config);
    let first = sender.prepare(&outgoing(1)).await.err().unwrap();
    let second = sender.prepare(&outgoing(2)).await.err().unwrap();
    assert_eq!(
        (word(&first), word(&second)),
        ("permanent smtp-550".into(), "permanent smtp-550".into())
    );
    assert_eq!((server.seen.count("EHLO"), server.seen.count("MAIL")), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_connection_that_went_stale_is_replaced_without_anyone_noticing() {
    for after_mail in [Act::HangUp, Act::SayAndHangUp("421 4.4.2 idle too long")] {
        let scripts = [Script { after_mail, ..Script::default() }, Script::default()];
        let server = FaultServer::start(&scripts).await;
        let sender = sender(config(&server.url(), PATIENT));
        send(&sender, &outgoing(1)).await.unwrap();
        server.seen.wait_for("0 GONE").await;
        send(&sender, &outgoing(2)).await.unwrap();
        assert_eq!(server.seen.count("DOT"), 2);
        assert_eq!(server.seen.count("EHLO"), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_421_to_the_first_command_on_a_kept_connection_is_tried_once_on_a_fresh_one() {
    let first = Script { second_mail: Act::Say("421 4.7.0 enough"), ..Script::default() };
    let server = FaultServer::start(&[first, Script::default()]).await;
    let sender = sender(config(&server.url(), PATIENT));
    send(&sender, &outgoing(1)).await.unwrap();
    send(&sender, &outgoing(2)).await.unwrap();
    let mails: Vec<String> =
        server.seen.verbs().into_iter().filter(|line| line.ends_with("MAIL")).collect();
    assert_eq!(mails, ["0 MAIL", "0 MAIL", "1 MAIL"]);
    assert_eq!(server.seen.count("DOT"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_idle_is_asked_first_and_closed_when_it_is_old() {
    let server = FaultServer::start(&[Script::default()]).await;
    let mut checked = config(&server.url(), PATIENT);
    checked.pool.check_after = Duration::ZERO;
    let checking = sender(checked);
    send(&checking, &outgoing(1)).await.unwrap();
    send(&checking, &outgoing(2)).await.unwrap();
    assert_eq!((server.seen.count("RSET"), server.seen.count("EHLO")), (1, 1));

    let server = FaultServer::start(&[Script::default()]).await;
    let mut swept = config(&server.url(), PATIENT);
    swept.pool.max_idle = Duration::from_millis(20);
    let sweeping = sender(swept);
    send(&sweeping, &outgoing(1)).await.unwrap();
    server.seen.wait_for("0 QUIT").await;
    drop(sweeping);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn there_are_never_more_connections_than_places() {
    let server = FaultServer::start(&[Script::default()]).await;
    let mut config = config(&server.url(), PATIENT);
    config.pool = PoolLimits { connections: 3, ..PoolLimits::default() };
    let sender = Arc::new(sender(config));
    let sending: Vec<_> = (0..40)
        .map(|number| {
            let sender = Arc::clone(&sender);
            tokio::spawn(async move { send(&sender, &outgoing(number)).await })
        })
        .collect();
    for sent in sending {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(server.seen.count("DOT"), 40);
    assert!(server.seen.most_open() <= 3, "{} connections", server.seen.most_open());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_places_are_taken_a_mail_waits_for_a_while_only() {
    let server = FaultServer::start(&[Script::default()]).await;
    let mut config =
        config(&server.url(), Timeouts { prepare: Duration::from_millis(600), ..PATIENT });
    config.pool.connections = 1;
    let sender = sender(config);
    let holding = sender.prepare(&outgoing(1)).await.unwrap();
    let error = sender.prepare(&outgoing(2)).await.err().unwrap();
    assert_eq!(word(&error), "temporary pool-busy");
    holding.hand_over().await.unwrap();
    send(&sender, &outgoing(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_beyond_ascii_goes_to_servers_that_can_take_it_only() {
    let mut mail = outgoing(1);
    mail.to = to("Åse", "åse@example.no");

    let able = FaultServer::start(&[Script::default()]).await;
    send(&sender(config(&able.url(), PATIENT)), &mail).await.unwrap();
    let mail_from = "0 MAIL FROM:<svar@mail.nordlys.example> BODY=8BITMIME SMTPUTF8";
    assert!(able.seen.all().contains(&mail_from.to_owned()), "{:?}", able.seen.all());

    let unable = FaultServer::start(&[Script { offers: &["8BITMIME"], ..Script::default() }]).await;
    let error = send(&sender(config(&unable.url(), PATIENT)), &mail).await.unwrap_err();
    assert_eq!(word(&error), "permanent smtputf8-unsupported");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_cannot_be_written_never_reaches_the_server() {
    let server = FaultServer::start(&[Script::default()]).await;
    let sender = sender(config(&server.url(), PATIENT));
    let mut mail = outgoing(1);
    mail.to = to("Kari", "kari@example.no>\r\nRCPT TO:<x@example.no");
    assert_eq!(word(&send(&sender, &mail).await.unwrap_err()), "permanent address-invalid");
    let mut mail = outgoing(1);
    let mut settings = (*mail.settings).clone();
    settings.mail.from_address = "none".into();
    mail.settings = Arc::new(settings);
    assert_eq!(word(&send(&sender, &mail).await.unwrap_err()), "temporary sender-address-invalid");
    assert_eq!(server.seen.all(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_fails_is_the_set_ups_fault_not_the_mails() {
    let offers: &[&str] = &["AUTH PLAIN LOGIN"];
    let good = FaultServer::start(&[Script { offers, ..Script::default() }]).await;
    let url = format!("smtp://kari:hemmelig@{}", good.addr);
    send(&sender(config(&url, PATIENT)), &outgoing(1)).await.unwrap();
    // base64 of NUL kari NUL hemmelig
    assert!(good.seen.all().contains(&"0 AUTH PLAIN AGthcmkAaGVtbWVsaWc=".into()));

    let bad = Script { offers, auth: Act::Say("535 5.7.8 wrong"), ..Script::default() };
    let bad = FaultServer::start(&[bad]).await;
    let url = format!("smtp://kari:hemmelig@{}", bad.addr);
    let error = send(&sender(config(&url, PATIENT)), &outgoing(1)).await.unwrap_err();
    assert_eq!(word(&error), "temporary smtp-535");

    let none = FaultServer::start(&[Script::default()]).await;
    let url = format!("smtp://kari:hemmelig@{}", none.addr);
    let error = send(&sender(config(&url, PATIENT)), &outgoing(1)).await.unwrap_err();
    assert_eq!(word(&error), "temporary auth-unsupported");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_writes_about_a_person_gets_into_no_error() {
    let script =
        Script { rcpt: Act::Say("550 5.1.1 <kari@example.no>: unknown"), ..Script::default() };
    let server = FaultServer::start(&[script]).await;
    let error = sender(config(&server.url(), PATIENT)).prepare(&outgoing(1)).await.err().unwrap();
    let printed = format!("{error} {error:?}");
    assert!(!printed.contains("kari") && printed.contains("smtp-550"), "{printed}");
}

#[test]
fn a_prepared_mail_outlives_the_thread_that_prepared_it() {
    let io =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let arbiter = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = io.block_on(FaultServer::start(&[Script::default()]));
    let sender =
        SmtpSender::new(config(&server.url(), PATIENT), StillClock::new(), io.handle().clone())
            .unwrap();

    let first = arbiter();
    let prepared = first.block_on(sender.prepare(&outgoing(1))).unwrap();
    drop(first);
    arbiter().block_on(prepared.hand_over()).unwrap();
    // The connection is kept, too, and serves a third thread.
    arbiter().block_on(send(&sender, &outgoing(2))).unwrap();
    assert_eq!((server.seen.count("EHLO"), server.seen.count("DOT")), (1, 2));
}
