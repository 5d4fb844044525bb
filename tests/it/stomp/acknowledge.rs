//! C62 to C67: ACK and NACK.

use super::{ana, receipt, refused, rooms, send};
use crate::support::{Frame, StompClient, TestGateway};

/// A client that is subscribed in that mode and got three messages.
async fn with_three(gateway: &TestGateway, version: &str, mode: &str) -> (StompClient, Vec<Frame>) {
    let mut client = ana(gateway, version).await;
    client.say(&format!("SUBSCRIBE\nid:q\ndestination:/topic/room/1\nack:{mode}\nreceipt:s\n\n\0")).await;
    receipt(&mut client, "s").await;
    client.say(&["1", "2", "3"].map(|body| send("", body)).concat()).await;
    let mut frames = Vec::new();
    for body in ["1", "2", "3"] {
        frames.push(client.event().await);
        assert_eq!(frames.last().unwrap().text(), body);
    }
    (client, frames)
}

/// What comes again, and ahead of anything new, when the client subscribes anew.
async fn left(client: &mut StompClient, mode: &str) -> Vec<String> {
    client.say("UNSUBSCRIBE\nid:q\n\n\0").await;
    client.say(&format!("SUBSCRIBE\nid:q\ndestination:/topic/room/1\nack:{mode}\nreceipt:s\n\n\0")).await;
    receipt(client, "s").await;
    client.say(&send("", "new")).await;
    let mut left = Vec::new();
    loop {
        let frame = client.event().await;
        match frame.text().as_str() {
            "new" => return left,
            body => {
                assert_eq!(frame.header("redelivered"), Some("true"), "{frame:?}");
                left.push(body.to_owned());
            }
        }
    }
}

#[tokio::test]
async fn c62_a_message_says_by_what_it_is_acknowledged() {
    let gateway = rooms().await;
    let (mut client, frames) = with_three(&gateway, "1.2", "client").await;
    for frame in &frames {
        let ack = frame.header("ack").unwrap();
        assert!(ack.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._-".contains(&octet)), "{ack}");
        client.say(&format!("ACK\nid:{ack}\nreceipt:{ack}\n\n\0")).await;
        receipt(&mut client, ack).await;
    }
}

#[tokio::test]
async fn c63_client_mode_is_cumulative() {
    let gateway = rooms().await;
    let (mut client, frames) = with_three(&gateway, "1.2", "client").await;
    client.say(&format!("ACK\nid:{}\nsubscription:q\n\n\0", frames[1].header("ack").unwrap())).await;
    assert_eq!(left(&mut client, "client").await, ["3"]);
}

#[tokio::test]
async fn c64_client_individual_mode_is_not() {
    let gateway = rooms().await;
    let (mut client, frames) = with_three(&gateway, "1.2", "client-individual").await;
    client.say(&format!("ACK\nid:{}\n\n\0", frames[1].header("ack").unwrap())).await;
    assert_eq!(left(&mut client, "client-individual").await, ["1", "3"]);
}

#[tokio::test]
async fn c65_1_1_names_the_message_and_the_subscription() {
    let gateway = rooms().await;
    let (mut client, frames) = with_three(&gateway, "1.1", "client").await;
    assert_eq!(frames[1].header("ack"), None);
    let id = frames[1].header("message-id").unwrap();
    client.say(&format!("ACK\nmessage-id:{id}\nsubscription:q\nreceipt:a\n\n\0")).await;
    receipt(&mut client, "a").await;
    assert_eq!(left(&mut client, "client").await, ["3"]);
}

#[tokio::test]
async fn c66_an_ack_of_nothing_is_an_error() {
    refused("1.2", "ACK\n\n\0", 1002, "`id`").await;
    refused("1.2", "ACK\nid:nope\n\n\0", 1002, "acknowledged").await;
    refused("1.1", "ACK\nmessage-id:nope\nsubscription:q\n\n\0", 1002, "acknowledged").await;
}

#[tokio::test]
async fn c67_nack_brings_the_message_again_and_keeps_the_connection() {
    let gateway = rooms().await;
    let (mut client, frames) = with_three(&gateway, "1.2", "client-individual").await;
    client.say(&format!("NACK\nid:{}\nreceipt:n\n\n\0", frames[0].header("ack").unwrap())).await;
    receipt(&mut client, "n").await;
    let again = client.event().await;
    assert_eq!((again.text().as_str(), again.header("redelivered")), ("1", Some("true")));
    assert_eq!(again.header("message-id"), frames[0].header("message-id"));
    client.say(&format!("ACK\nid:{}\n\n\0", again.header("ack").unwrap())).await;
    assert_eq!(left(&mut client, "client-individual").await, ["2", "3"]);
}
