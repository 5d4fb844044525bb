//! Sessions over HTTP without HTTP, on a clock that the test sets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::Farewell;
use super::frame::Close;
use super::reception::Reception;
use super::session::{Receiver, Session};
use super::sessions::{HttpLink, Sessions};
use super::wire::Wire;
use crate::session::{DisconnectReason, Link, LinkEvent};

const DELAY: Duration = Duration::from_secs(5);
const HEARTBEAT: Duration = Duration::from_secs(25);

fn open() -> (Arc<Sessions>, Arc<Session>, HttpLink) {
    let sessions = Arc::new(Sessions::default());
    let (session, link) = sessions.open("id", DELAY, |frame| format!("{} octets", frame.len()));
    (sessions, session, link.unwrap())
}

fn reception(receiver: Receiver, wire: Wire) -> Reception {
    Reception::new(receiver, wire, HEARTBEAT, 100)
}

/// What one poll is answered.
async fn poll(session: &Arc<Session>) -> String {
    match session.attach(None) {
        Ok(receiver) => {
            let stream = reception(receiver, Wire::Xhr).into_stream();
            // A piece counts as written when it is dropped, and the stream waits for that.
            stream.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap()).collect().await
        }
        Err(close) => close.frame() + "\n",
    }
}

fn say(link: &mut HttpLink, message: &'static str) {
    link.queue(Bytes::from_static(message.as_bytes()), false);
}

#[tokio::test(start_paused = true)]
async fn the_first_poll_opens_and_the_next_gets_what_waits() {
    let (_sessions, session, mut link) = open();
    say(&mut link, "early");
    assert_eq!(poll(&session).await, "o\n");
    say(&mut link, "late\0");
    assert!(link.is_writing());
    assert_eq!(poll(&session).await, "a[\"early\",\"late\\u0000\"]\n");
    assert!(matches!(link.next().await, LinkEvent::Flushed));
    assert!(!link.is_writing());
}

#[tokio::test(start_paused = true)]
async fn a_quiet_poll_is_answered_with_a_heartbeat() {
    let (_sessions, session, _link) = open();
    poll(&session).await;
    let start = Instant::now();
    assert_eq!(poll(&session).await, "h\n");
    assert_eq!(start.elapsed(), HEARTBEAT);
}

#[tokio::test(start_paused = true)]
async fn a_session_without_a_receiver_ends_after_its_delay() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    let start = Instant::now();
    assert!(matches!(link.next().await, LinkEvent::Failed(DisconnectReason::LinkLost)));
    assert_eq!(start.elapsed(), DELAY);
}

#[tokio::test(start_paused = true)]
async fn a_session_with_a_receiver_stays() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    let quiet = tokio::time::timeout(HEARTBEAT - DELAY, link.next());
    let (answer, event) = tokio::join!(poll(&session), quiet);
    assert_eq!(answer, "h\n");
    assert!(event.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_end_is_told_after_what_waits_and_to_everybody_who_comes_later() {
    let (sessions, session, mut link) = open();
    poll(&session).await;
    say(&mut link, "ERROR");
    let ended = tokio::spawn(link.close(DisconnectReason::Protocol));
    tokio::task::yield_now().await;
    let close = "c[1002,\"protocol\"]\n";
    assert_eq!(poll(&session).await, format!("a[\"ERROR\"]\n{close}"));
    ended.await.unwrap();
    for _ in 0..3 {
        assert_eq!(poll(&session).await, close);
    }
    assert!(sessions.get("id").is_some());
    tokio::time::sleep(DELAY + Duration::from_millis(1)).await;
    assert!(sessions.get("id").is_none(), "the session is forgotten");
}

#[tokio::test(start_paused = true)]
async fn a_script_holds_one_frame() {
    let (_sessions, session, mut link) = open();
    let script = async || {
        let stream = reception(session.attach(None).unwrap(), Wire::Jsonp("f".to_owned())).into_stream();
        stream.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap()).collect::<String>().await
    };
    script().await;
    say(&mut link, "x");
    let ended = tokio::spawn(link.close(DisconnectReason::Drain));
    tokio::task::yield_now().await;
    assert_eq!(script().await, "/**/f(\"a[\\\"x\\\"]\");\r\n");
    let close = session.attach(None).unwrap_err();
    assert_eq!(close.frame(), "c[1001,\"drain\"]");
    ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_client_that_does_not_come() {
    let (_sessions, session, link) = open();
    poll(&session).await;
    let start = Instant::now();
    link.close(DisconnectReason::Drain).await;
    assert_eq!(start.elapsed(), DELAY);
    assert_eq!(poll(&session).await, "c[1001,\"drain\"]\n");
}

#[tokio::test(start_paused = true)]
async fn a_link_may_end_with_any_code() {
    let (_sessions, session, link) = open();
    poll(&session).await;
    let ended = tokio::spawn(link.end(Close { code: 3000, reason: "Go \"away\"!".to_owned() }));
    assert_eq!(poll(&session).await, "c[3000,\"Go \\\"away\\\"!\"]\n");
    ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_second_receiver_is_refused_and_the_first_goes_on() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    let first = tokio::spawn({
        let session = Arc::clone(&session);
        async move { poll(&session).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(poll(&session).await, "c[2010,\"Another connection still open\"]\n");
    say(&mut link, "x");
    assert_eq!(first.await.unwrap(), "a[\"x\"]\n");
}

#[tokio::test(start_paused = true)]
async fn an_aborted_receiver_ends_the_session() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    drop(session.attach(None).unwrap());
    assert!(matches!(link.next().await, LinkEvent::Closed));
    assert_eq!(poll(&session).await, "c[1002,\"Connection interrupted\"]\n");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_never_begun_ends_the_session() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    say(&mut link, "x");
    let mut prepared = reception(session.attach(None).unwrap(), Wire::Xhr);
    prepared.prepare().await;
    drop(prepared);
    assert!(matches!(link.next().await, LinkEvent::Closed));
    assert_eq!(poll(&session).await, "c[1002,\"Connection interrupted\"]\n");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_after_its_limit_and_the_next_goes_on() {
    let (_sessions, session, mut link) = open();
    let mut stream = Box::pin(reception(session.attach(None).unwrap(), Wire::XhrStreaming).into_stream());
    assert_eq!(stream.next().await.unwrap().unwrap().len(), 2049);
    assert_eq!(&stream.next().await.unwrap().unwrap()[..], b"o\n");
    let mut pieces = 0;
    loop {
        say(&mut link, "0123456789");
        match stream.next().await {
            Some(piece) => assert_eq!(&piece.unwrap()[..], b"a[\"0123456789\"]\n"),
            None => break,
        }
        pieces += 1;
    }
    assert_eq!(pieces, 7, "as many as it takes to reach the limit");
    assert_eq!(poll(&session).await, "a[\"0123456789\"]\n");
}

#[tokio::test(start_paused = true)]
async fn a_piece_that_is_not_written_holds_up_the_stream_and_nothing_is_flushed() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    let mut stream = Box::pin(reception(session.attach(None).unwrap(), Wire::EventSource).into_stream());
    drop(stream.next().await);
    say(&mut link, "one");
    let piece = stream.next().await.unwrap().unwrap();
    say(&mut link, "two");
    let stuck = Duration::from_secs(60);
    assert!(tokio::time::timeout(stuck, stream.next()).await.is_err());
    assert!(tokio::time::timeout(stuck, link.next()).await.is_err());
    drop(piece);
    let piece = stream.next().await.unwrap().unwrap();
    assert_eq!(&piece[..], b"data: a[\"two\"]\r\n\r\n");
    drop(piece);
    assert!(matches!(link.next().await, LinkEvent::Flushed));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_read_is_cut_when_its_session_is_gone() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    let mut stream = Box::pin(reception(session.attach(None).unwrap(), Wire::EventSource).into_stream());
    drop(stream.next().await);
    say(&mut link, "x");
    let _piece = stream.next().await.unwrap().unwrap();
    let (end, ()) = tokio::join!(stream.next(), link.close(DisconnectReason::SlowConsumer));
    assert!(end.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn what_comes_waits_for_room_and_keeps_its_order() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    session.receive(vec![Bytes::from_static(b"1"), Bytes::from_static(b"2")], 100).await;
    let more = session.receive(vec![Bytes::from_static(b"3")], 100);
    tokio::pin!(more);
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut more).await.is_err());
    let mut received = Vec::new();
    let mut is_sent = false;
    while received.len() < 3 {
        tokio::select! {
            event = link.next() => match event {
                LinkEvent::Received { octets, .. } => received.push(octets),
                other => panic!("{other:?}"),
            },
            () = &mut more, if !is_sent => is_sent = true,
        }
    }
    assert_eq!(received, ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_from_a_client_that_does_not_take_what_waits_for_it() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    link.queue(Bytes::from(vec![b'x'; 300 * 1024]), false);
    session.receive(vec![Bytes::from_static(b"more")], 1000).await;
    assert!(tokio::time::timeout(Duration::from_secs(1), link.next()).await.is_err());
    poll(&session).await;
    assert!(matches!(link.next().await, LinkEvent::Flushed));
    assert!(matches!(link.next().await, LinkEvent::Received { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_no_text_is_given_its_text_form() {
    let (_sessions, session, mut link) = open();
    poll(&session).await;
    link.queue(Bytes::from_static(b"\xff\xfe"), true);
    assert_eq!(poll(&session).await, "a[\"2 octets\"]\n");
}
