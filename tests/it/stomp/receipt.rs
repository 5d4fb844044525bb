//! C47 to C52: receipts, and the ERROR that takes their place.

use super::{ana, receipt, rooms, send};

#[tokio::test]
async fn c47_every_frame_has_its_receipt() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    for (number, frame) in [
        "SUBSCRIBE\nid:0\ndestination:/user/queue/errors\n",
        "SEND\ndestination:/topic/room/1\n",
        "BEGIN\ntransaction:a\n",
        "SEND\ndestination:/topic/room/1\ntransaction:a\n",
        "COMMIT\ntransaction:a\n",
        "BEGIN\ntransaction:b\n",
        "ABORT\ntransaction:b\n",
        "UNSUBSCRIBE\nid:0\n",
    ]
    .iter()
    .enumerate()
    {
        client.say(&format!("{frame}receipt:r{number}\n\n\0")).await;
        receipt(&mut client, &format!("r{number}")).await;
    }
}

#[tokio::test]
async fn c48_the_receipt_id_is_the_same_value_escaped() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    client.say("BEGIN\ntransaction:t\nreceipt:a\\cb\\\\c\n\n\0").await;
    receipt(&mut client, "a\\cb\\\\c").await;
}

#[tokio::test]
async fn c49_disconnect_has_its_receipt_and_then_the_close() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    client.say("DISCONNECT\nreceipt:bye\n\n\0").await;
    receipt(&mut client, "bye").await;
    client.closes(1000).await;
}

#[tokio::test]
async fn c50_disconnect_without_a_receipt_just_closes() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    client.say("DISCONNECT\n\n\0").await;
    client.closes(1000).await;
}

#[tokio::test]
async fn c51_many_receipts_at_once_all_come() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    let frames: String = (0..20).map(|number| send(&format!("receipt:{number}\n"), "hi")).collect();
    client.say(&frames).await;
    for number in 0..20 {
        receipt(&mut client, &number.to_string()).await;
    }
}

#[tokio::test]
async fn c52_an_error_names_the_receipt_and_says_what_was_wrong() {
    let gateway = rooms().await;
    let mut client = ana(&gateway, "1.2").await;
    client.say("SEND\nreceipt:q1\n\nhi\0").await;
    let frame = client.frame().await;
    assert_eq!((frame.command.as_str(), frame.header("receipt-id")), ("ERROR", Some("q1")));
    assert!(frame.header("message").unwrap().contains("`destination`"), "{frame:?}");
    assert_eq!(frame.header("content-type"), Some("text/plain"));
    assert_eq!(frame.header("content-length"), Some(frame.body.len().to_string().as_str()));
    assert!(!frame.body.is_empty());
    client.closes(1002).await;
}
