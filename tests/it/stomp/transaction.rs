//! C68 to C71: BEGIN, COMMIT and ABORT.

use super::{in_room, receipt, refused, rooms, send};

const BEGIN: &str = "BEGIN\ntransaction:t\n\n\0";

#[tokio::test]
async fn c68_what_is_sent_in_a_transaction_comes_with_its_commit() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    client.say(&format!("{BEGIN}{}{}", send("transaction:t\n", "inside"), send("", "outside"))).await;
    assert_eq!(client.event().await.text(), "outside");
    client.say("COMMIT\ntransaction:t\n\n\0").await;
    let frame = client.event().await;
    assert_eq!((frame.text().as_str(), frame.header("transaction")), ("inside", None));
}

#[tokio::test]
async fn c69_what_is_sent_in_an_aborted_transaction_never_comes() {
    let gateway = rooms().await;
    let mut client = in_room(&gateway, "1.2").await;
    client.say(&format!("{BEGIN}{}ABORT\ntransaction:t\n\n\0", send("transaction:t\n", "inside"))).await;
    client.say(&send("", "outside")).await;
    assert_eq!(client.event().await.text(), "outside");
    client.say(&send("", "after")).await;
    assert_eq!(client.event().await.text(), "after");
}

#[tokio::test]
async fn c70_wrong_uses_are_errors() {
    refused("1.2", &BEGIN.repeat(2), 1002, "open already").await;
    refused("1.2", "COMMIT\ntransaction:u\n\n\0", 1002, "no open transaction `u`").await;
    refused("1.2", &send("transaction:u\n", ""), 1002, "no open transaction `u`").await;
    refused("1.2", "BEGIN\n\n\0", 1002, "`transaction`").await;
}

#[tokio::test]
async fn c71_disconnect_aborts_what_is_open() {
    let gateway = rooms().await;
    let mut witness = in_room(&gateway, "1.2").await;
    let mut client = in_room(&gateway, "1.2").await;
    client.say(&format!("{BEGIN}{}DISCONNECT\nreceipt:bye\n\n\0", send("transaction:t\n", "inside"))).await;
    receipt(&mut client, "bye").await;
    client.closes(1000).await;
    witness.say(&send("", "outside")).await;
    assert_eq!(witness.event().await.text(), "outside");
}
