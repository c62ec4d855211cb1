use actix_http::ws::OpCode;
use forecourt_core::{event::Seq, id::SessionId};
use forecourt_ports::store::Role;
use forecourt_wire::LeadEventName;
use futures_util::stream;
use tokio::{io::AsyncReadExt as _, net::TcpListener, time::timeout};
use uuid::Uuid;

use super::{
    super::{
        filter::{About, Told, Whose},
        protocol::Greeting,
    },
    *,
};

const PATIENCE: Duration = Duration::from_secs(20);
const HELLO: &str = r#"{"type":"hello","ref":"1","after":null,"topics":["leads"]}"#;

/// A line that was greeted, and its other end. The kernel keeps little for either.
async fn greeted() -> (Arc<Line>, TcpStream) {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(door.local_addr().unwrap()).await.unwrap();
    let (stream, _) = door.accept().await.unwrap();
    SockRef::from(&peer).set_recv_buffer_size(4 * 1024).unwrap();
    SockRef::from(&stream).set_send_buffer_size(4 * 1024).unwrap();
    let mut protocol = Protocol::new(Role::Seller, None);
    assert!(matches!(protocol.message(HELLO), Some(Act::Greet(_))));
    let replayed = Batch::new(Vec::new());
    protocol.greeted(Greeting { opening: Vec::new(), replayed, seen: Seq(0) });
    (Line::new(stream, protocol), peer)
}

/// Events with these places; those whose place can be divided by seven are of a topic that nobody asked for.
fn batch(seqs: std::ops::Range<i64>) -> Arc<Batch> {
    let told = seqs.map(|seq| Told {
        seq: Seq(seq),
        frame: format!("{seq} {}", "x".repeat(500)).into(),
        about: About::Lead(if seq % 7 == 0 { LeadEventName::Seen } else { LeadEventName::Changed }),
        session: SessionId::from_uuid(Uuid::from_u128(2)),
        whose: Whose::Unknown,
    });
    Batch::new(told.collect())
}

/// What came: the places that were told, and the code of the end.
fn heard(mut bytes: BytesMut) -> (Vec<i64>, Option<u16>) {
    let (mut places, mut code) = (Vec::new(), None);
    while let Some((_, opcode, payload)) = Parser::parse(&mut bytes, false, 1 << 20).unwrap() {
        assert_eq!(code, None, "nothing comes after the end");
        let payload = payload.unwrap_or_default();
        match opcode {
            OpCode::Text => {
                let (place, rest) = payload.split_at(payload.len() - 501);
                assert!(rest.ends_with(&[b'x'; 500]));
                places.push(std::str::from_utf8(place).unwrap().parse().unwrap());
            }
            OpCode::Close => code = Some(u16::from_be_bytes([payload[0], payload[1]])),
            other => panic!("{other:?}"),
        }
    }
    assert!(bytes.is_empty(), "a frame ends in the middle");
    (places, code)
}

async fn read_all(mut peer: TcpStream) -> BytesMut {
    let mut bytes = BytesMut::new();
    while timeout(PATIENCE, peer.read_buf(&mut bytes)).await.unwrap().unwrap() > 0 {}
    bytes
}

fn asked_for(seqs: std::ops::Range<i64>) -> Vec<i64> {
    seqs.filter(|seq| seq % 7 != 0).collect()
}

#[actix_web::test]
async fn what_the_kernel_does_not_take_waits_and_leaves_in_order() {
    let (line, peer) = greeted().await;
    assert!(line.push(&batch(1..20)));
    let mut told = 20;
    while line.state().waiting.is_empty() || line.state().behind < 30_000 {
        assert!(line.push(&batch(told..told + 10)), "not yet too slow");
        told += 10;
    }
    line.close(close::AWAY, "the node is stopping");
    assert!(!line.push(&batch(told..told + 1)), "the end is the end");
    let nothing = stream::pending::<Result<Bytes, io::Error>>();
    let ((), bytes) = tokio::join!(line.run(nothing), read_all(peer));
    assert_eq!(heard(bytes), (asked_for(1..told), Some(close::AWAY)));
    let state = line.state();
    assert_eq!((state.bytes, state.behind, state.waiting.capacity()), (0, 0, 0));
}

#[actix_web::test]
async fn who_never_reads_is_cut_and_told_to_resume_where_whole_frames_end() {
    let (line, peer) = greeted().await;
    let mut told = 1;
    while line.push(&batch(told..told + 10)) {
        told += 10;
        assert!(line.state().behind <= MOST_BEHIND * FURTHEST);
        assert!(told < 20_000, "a socket that does not read is told without end");
    }
    assert!(line.state().bytes < 16 * 1_024, "what it misses is not kept");
    let nothing = stream::pending::<Result<Bytes, io::Error>>();
    let ((), bytes) = tokio::join!(line.run(nothing), read_all(peer));
    let (places, code) = heard(bytes);
    assert_eq!(code, Some(close::SLOW));
    let last = *places.last().unwrap();
    assert_eq!(places, asked_for(1..last + 1), "no hole before the end");
    assert!(last < told);
}

/// Tells so much in one moment; the places that were told.
fn burst(line: &Line, from: i64, bytes: usize) -> std::ops::Range<i64> {
    let (mut told, mut sent) = (from, 0);
    while sent < bytes {
        let batch = batch(told..told + 50);
        sent += batch.wire(0..50).len();
        assert!(line.push(&batch), "cut for a burst");
        told += 50;
    }
    from..told
}

#[actix_web::test]
async fn who_gets_half_a_megabyte_in_one_moment_and_reads_it_is_not_cut_and_nor_the_next_time() {
    let (line, mut peer) = greeted().await;
    let mut run = Box::pin(line.run(stream::pending::<Result<Bytes, io::Error>>()));
    let (mut next, mut bytes) = (1, BytesMut::new());
    let mut all = 0;
    for _ in 0..3 {
        let told = burst(&line, next, 500_000);
        assert!(line.state().late_since.is_some(), "more waits than may stay");
        next = told.end;
        all += asked_for(told).len();
        let reading = async {
            while line.state().bytes > 0 {
                timeout(PATIENCE, peer.read_buf(&mut bytes)).await.unwrap().unwrap();
            }
        };
        tokio::select! {
            () = reading => {}
            () = &mut run => panic!("the line is over"),
        }
        assert_eq!(line.state().late_since, None, "it has kept up");
    }
    line.close(close::AWAY, "the node is stopping");
    let ((), rest) = tokio::join!(run, read_all(peer));
    bytes.extend_from_slice(&rest);
    let (places, code) = heard(bytes);
    assert_eq!((places.len(), code), (all, Some(close::AWAY)));
    assert_eq!(places, asked_for(1..next));
}

#[actix_web::test]
async fn who_stays_behind_is_cut_after_a_while_and_not_before() {
    let (line, _peer) = greeted().await;
    burst(&line, 1, 300_000);
    let since = line.state().late_since.expect("more waits than may stay");
    assert!(line.push(&batch(10_000..10_001)), "it has time");
    assert_eq!(line.state().late_since, Some(since), "its time runs from the first");
    line.state().late_since = Some(since - GRACE);
    assert!(!line.push(&batch(10_001..10_002)), "its time is up");
    assert!(line.state().bytes < 16 * 1_024, "what it misses is not kept");
}

#[actix_web::test]
async fn who_does_not_read_the_answers_is_not_asked_for_more() {
    let (line, peer) = greeted().await;
    let answers = std::cell::Cell::new(0_i64);
    let answer = || {
        answers.set(answers.get() + 1);
        let seqs = batch(answers.get() * 7 + 1..answers.get() * 7 + 2);
        (answers.get() <= 1_000).then(|| (Ok::<_, io::Error>(seqs.wire(0..1)), ()))
    };
    let says = stream::unfold((), |()| async { answer() });
    let mut run = Box::pin(line.run(says));
    // It goes on as long as anything moves, and then stands still.
    assert!(timeout(Duration::from_millis(300), &mut run).await.is_err());
    let asked = answers.get();
    assert!((10..900).contains(&asked), "{asked} answers for nobody");
    let ((), bytes) = tokio::join!(run, read_all(peer));
    assert_eq!(heard(bytes).0.len(), 1_000, "who reads at last gets them all");
}

#[actix_web::test]
async fn a_peer_that_is_gone_ends_the_line() {
    let (line, peer) = greeted().await;
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    let incoming = Incoming::new(Arc::clone(&line), Bytes::new());
    timeout(PATIENCE, line.run(incoming)).await.expect("it ends by itself");
    assert!(!line.push(&batch(1..2)));
}
