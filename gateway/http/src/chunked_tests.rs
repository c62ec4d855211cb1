use std::cell::Cell;

use futures_util::stream;
use socket2::SockRef;
use tokio::net::TcpListener;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

async fn pair() -> (TcpStream, TcpStream) {
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(door.local_addr().unwrap()).await.unwrap();
    let (stream, _) = door.accept().await.unwrap();
    SockRef::from(&peer).set_recv_buffer_size(4 * 1024).unwrap();
    (stream, peer)
}

async fn read_all(mut peer: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, peer.read_to_end(&mut bytes)).await.unwrap().unwrap();
    bytes
}

fn pieces(lengths: &[usize]) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let pieces: Vec<_> = lengths.iter().map(|length| Ok(vec![b'x'; *length].into())).collect();
    stream::iter(pieces)
}

/// The lengths of the chunks, and whether the last one came.
fn chunks(mut bytes: &[u8]) -> (Vec<usize>, bool) {
    let mut lengths = Vec::new();
    while let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&bytes[..line]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        bytes = &bytes[line + 2..];
        if length == 0 {
            assert_eq!(bytes, b"\r\n", "nothing comes behind the last chunk");
            return (lengths, true);
        }
        if bytes.len() < length + 2 {
            break;
        }
        assert_eq!(bytes[length..length + 2], *b"\r\n");
        lengths.push(length);
        bytes = &bytes[length + 2..];
    }
    (lengths, false)
}

#[actix_web::test]
async fn each_piece_is_a_chunk_whatever_its_length_and_an_empty_one_does_not_end_it() {
    let lengths = [1, 15, 16, 0, 255, 4_096, 600_000, 3];
    let (stream, peer) = pair().await;
    let stopping = CancellationToken::new();
    let sent = send(stream, Framing::Chunked, &stopping, pieces(&lengths));
    let ((), bytes) = tokio::join!(sent, read_all(peer));
    let all: Vec<usize> = lengths.into_iter().filter(|length| *length > 0).collect();
    assert_eq!(chunks(&bytes), (all, true));
}

#[actix_web::test]
async fn for_an_old_client_pieces_are_written_as_they_are() {
    let (stream, peer) = pair().await;
    let stopping = CancellationToken::new();
    let sent = send(stream, Framing::Plain, &stopping, pieces(&[3, 500_000]));
    let ((), bytes) = tokio::join!(sent, read_all(peer));
    assert_eq!(bytes, vec![b'x'; 500_003]);
}

#[actix_web::test]
async fn who_does_not_read_is_not_made_pieces_for_and_given_up_when_the_node_stops() {
    let (stream, peer) = pair().await;
    let stopping = CancellationToken::new();
    let made = Cell::new(0);
    let endless = stream::unfold((), |()| async {
        made.set(made.get() + 1);
        Some((Ok(Bytes::from(vec![b'x'; 8 * 1024])), ()))
    });
    let mut sent = Box::pin(send(stream, Framing::Chunked, &stopping, endless));
    assert!(timeout(Duration::from_millis(300), &mut sent).await.is_err());
    let bytes = made.get() * 8 * 1024;
    assert!(bytes < 2 * 1024 * 1024, "{bytes} bytes for nobody");
    stopping.cancel();
    timeout(PATIENCE, sent).await.expect("the node waits for a peer that does not read");
    assert!(!chunks(&read_all(peer).await).1, "what was cut short does not look whole");
}

#[actix_web::test]
async fn who_hangs_up_or_talks_without_end_is_noticed_at_once() {
    let stopping = CancellationToken::new();
    for talks in [false, true] {
        let (stream, mut peer) = pair().await;
        let sent = send(stream, Framing::Chunked, &stopping, stream::pending());
        let peers = async {
            if talks {
                let _cut = peer.write_all(&vec![b'x'; 64 * 1024]).await;
            } else {
                peer.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
                peer.shutdown().await.unwrap();
            }
        };
        let both = async { tokio::join!(sent, peers) };
        timeout(PATIENCE, both).await.expect("a peer that is gone keeps its stream");
    }
}
