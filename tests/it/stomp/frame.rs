//! C20 to C30: frames, however they are cut and whatever is in them.

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as WebSocketFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::{ana, in_room, refused, rooms, say_octets, send, sent};

#[tokio::test]
async fn c20_a_1_2_header_loses_the_cr_of_its_line_end() {
    let frame = sent(&send("foo:bar\n", "").replace('\n', "\r\n")).await;
    assert_eq!(frame.header("foo"), Some("bar"));
}

#[tokio::test]
async fn c21_several_frames_in_one_message() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    let subscribe = "SUBSCRIBE\nid:0\ndestination:/topic/room/1\n\n\0";
    client.say(&format!("{subscribe}\n\n\r\n{}\n{}", send("", "one"), send("", "two"))).await;
    assert_eq!(client.event().await.text(), "one");
    assert_eq!(client.event().await.text(), "two");
}

#[tokio::test]
async fn c22_one_frame_in_many_messages() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    for piece in send("content-length:26\n", "abcdefghijklmnopqrstuvwxyz").as_bytes().chunks(7) {
        client.say(std::str::from_utf8(piece).unwrap()).await;
    }
    assert_eq!(client.event().await.text(), "abcdefghijklmnopqrstuvwxyz");
}

#[tokio::test]
async fn c23_a_message_in_fragments_cut_inside_a_character() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    let octets = send("", "5 €").into_bytes();
    let cut = octets.len() - 2;
    for (piece, opcode, is_last) in [(&octets[..cut], Data::Text, false), (&octets[cut..], Data::Continue, true)] {
        let fragment = WebSocketFrame::message(piece.to_vec(), OpCode::Data(opcode), is_last);
        client.socket.send(Message::Frame(fragment)).await.unwrap();
    }
    assert_eq!(client.event().await.text(), "5 €");
}

#[tokio::test]
async fn c24_binary_messages_are_read_like_text() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    say_octets(&mut client, send("", "hi").as_bytes()).await;
    assert_eq!(client.event().await.text(), "hi");
}

#[tokio::test]
async fn c25_content_length_lets_a_body_hold_nul() {
    let frame = sent(&send("content-length:6\n", "a\0b\0\0c")).await;
    assert_eq!(frame.body, b"a\0b\0\0c");
    assert_eq!(frame.header("content-length"), Some("6"));
}

#[tokio::test]
async fn c26_content_length_counts_octets() {
    let body = "ä€😀";
    assert_eq!(body.len(), 9);
    assert_eq!(sent(&send("content-length:9\n", body)).await.text(), body);
}

#[tokio::test]
async fn c27_without_content_length_the_body_ends_at_the_first_nul() {
    assert_eq!(sent(&send("", "hi")).await.text(), "hi");
}

#[tokio::test]
async fn c28_a_content_length_that_is_too_short_is_an_error() {
    refused("1.2", &send("content-length:2\n", "hello"), 1002, "no NUL follows").await;
}

#[tokio::test]
async fn c29_a_content_length_that_is_no_number_is_an_error() {
    refused("1.2", &send("content-length:abc\n", ""), 1002, "content-length `abc`").await;
}

#[tokio::test]
async fn c30_a_body_that_is_no_utf8_goes_out_as_binary() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    let mut text_client = in_room(&gateway, "1.2").await;
    let body = [0x00, 0xff, 0xfe, 0x80, 0x0a];
    let octets = [b"SEND\ndestination:/topic/room/1\ncontent-length:5\n\n".as_slice(), &body, b"\0"].concat();
    say_octets(&mut client, &octets).await;
    assert_eq!(client.event().await.body, body);
    match text_client.message().await {
        Some(Ok(Message::Binary(octets))) => assert!(octets.ends_with(&[0x00, 0xff, 0xfe, 0x80, 0x0a, 0x00])),
        other => panic!("{other:?}"),
    }
}
