//! Who gets what, in which order, and at what cost.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::*;
use crate::record::{Partition, Position, Record};

const OUTBOX_BYTES: usize = 10_000;

fn event(number: u128) -> Event {
    let partition = Arc::new(Partition::new("cluster", "topic", Uuid::nil(), 0));
    let record = Record {
        position: Position { partition, epoch: 0, number },
        timestamp_ms: 0,
        key: None,
        headers: Vec::new(),
        body: Some(Bytes::from_static(b"{}")),
    };
    Event::new(&record, "type".into(), serde_json::Value::Null)
}

fn publish(hub: &Hub, number: u128, channels: &[(&str, Priority)]) -> usize {
    let event = event(number);
    let delivery =
        |&(channel, priority)| Delivery { channel, body: &event.body, content_type: "application/json", priority };
    hub.publish(&event, &channels.iter().map(delivery).collect::<Vec<_>>())
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn outbox() -> Arc<Outbox> {
    Arc::new(Outbox::new(OUTBOX_BYTES))
}

/// What waits, as `subscription destination number`.
fn waiting(outbox: &Outbox) -> Vec<String> {
    let mut batch = Vec::new();
    outbox.take(&mut batch, Room::ALL);
    let describe = |entry: Entry| {
        let number = entry.message.id.rsplit('-').next().unwrap().to_owned();
        format!("{} {} {number}", entry.subscription.id, entry.message.destination)
    };
    batch.into_iter().map(describe).collect()
}

#[test]
fn exact_and_wildcard_subscriptions_get_what_they_match() {
    let hub = Hub::new();
    let outbox = outbox();
    hub.subscribe(&pattern("/topic/a"), "exact", &outbox);
    hub.subscribe(&pattern("/topic/*"), "one", &outbox);
    hub.subscribe(&pattern("/topic/a/**"), "rest", &outbox);
    publish(&hub, 1, &[("/topic/a", Priority::Normal)]);
    publish(&hub, 2, &[("/topic/a/b/c", Priority::Normal)]);
    publish(&hub, 3, &[("/other", Priority::Normal)]);
    let mut got = waiting(&outbox);
    got.sort();
    assert_eq!(got, ["exact /topic/a 1", "one /topic/a 1", "rest /topic/a 1", "rest /topic/a/b/c 2"]);
}

#[test]
fn a_subscription_gets_an_event_once_by_the_first_route_that_leads_to_it() {
    let hub = Hub::new();
    let outbox = outbox();
    hub.subscribe(&pattern("/topic/**"), "all", &outbox);
    publish(&hub, 1, &[("/topic/first", Priority::Normal), ("/topic/second", Priority::Normal)]);
    assert_eq!(waiting(&outbox), ["all /topic/first 1"]);
}

#[test]
fn after_unsubscribe_nothing_comes_and_nothing_is_kept() {
    let hub = Hub::new();
    let outbox = outbox();
    for text in ["/topic/a", "/topic/*/b", "/topic/a/**"] {
        let subscription = hub.subscribe(&pattern(text), "s", &outbox);
        hub.unsubscribe(&pattern(text), &subscription);
        assert!(!subscription.is_active());
    }
    assert_eq!(publish(&hub, 1, &[("/topic/a", Priority::Normal)]), 0);
    assert!(hub.index.read().is_empty());
}

#[test]
fn the_index_does_not_scan_other_subscriptions() {
    let hub = Hub::new();
    let outbox = outbox();
    for number in 0..10_000 {
        hub.subscribe(&pattern(&format!("/topic/user/{number}/session/7")), "exact", &outbox);
        hub.subscribe(&pattern(&format!("/topic/user/{number}/**")), "rest", &outbox);
    }
    let mut found = 0;
    let steps = hub.index.read().visit("/topic/user/42/session/7", &mut |_: &Subscriber| found += 1);
    assert_eq!(found, 2);
    assert!(steps < 10, "{steps} nodes looked at for 20,000 subscriptions");
}

#[test]
fn urgent_lanes_go_first_and_each_keeps_its_order() {
    let hub = Hub::new();
    let outbox = outbox();
    hub.subscribe(&pattern("/a"), "s", &outbox);
    for (number, priority) in
        [(1, Priority::Low), (2, Priority::Normal), (3, Priority::Critical), (4, Priority::Normal), (5, Priority::High)]
    {
        publish(&hub, number, &[("/a", priority)]);
    }
    assert_eq!(waiting(&outbox), ["s /a 3", "s /a 5", "s /a 2", "s /a 4", "s /a 1"]);
}

#[test]
fn a_full_outbox_overflows_and_frees_what_it_held() {
    let hub = Hub::new();
    let (slow, other) = (outbox(), outbox());
    hub.subscribe(&pattern("/a"), "slow", &slow);
    hub.subscribe(&pattern("/a"), "other", &other);
    let mut number = 0;
    while slow.state() == OutboxState::Open {
        number += 1;
        assert!(number < 1_000, "the outbox has no bound");
        publish(&hub, number, &[("/a", Priority::Normal)]);
        assert_eq!(waiting(&other), [format!("other /a {number}")]);
    }
    assert_eq!(slow.state(), OutboxState::Overflowed);
    assert_eq!(waiting(&slow), [] as [String; 0]);
    assert_eq!(publish(&hub, 0, &[("/a", Priority::Normal)]), 1);
}

#[test]
fn an_event_larger_than_the_outbox_goes_alone() {
    let hub = Hub::new();
    let outbox = Arc::new(Outbox::new(1));
    hub.subscribe(&pattern("/a"), "s", &outbox);
    assert_eq!(publish(&hub, 1, &[("/a", Priority::Normal)]), 1);
    assert_eq!(waiting(&outbox), ["s /a 1"]);
}

fn filter(selector: &str) -> Filter {
    let selector = crate::selector::Condition::parse(selector).unwrap();
    Filter { selector: Some(Arc::new(selector)), only: None }
}

#[test]
fn a_filter_keeps_out_what_it_does_not_admit_until_it_is_changed() {
    let hub = Hub::new();
    let outbox = outbox();
    for text in ["/topic/a", "/topic/*", "/topic/**"] {
        let terms = Terms { filter: filter("\"event-type\" = 'other'"), window: None };
        let subscription = hub.subscribe_on(&pattern(text), text, &outbox, terms);
        assert_eq!(publish(&hub, 1, &[("/topic/a", Priority::Normal)]), 0);
        hub.refilter(&pattern(text), &subscription, filter("\"event-type\" = 'type'"));
        assert_eq!(publish(&hub, 2, &[("/topic/a", Priority::Normal)]), 1);
        assert_eq!(waiting(&outbox), [format!("{text} /topic/a 2")]);
        hub.unsubscribe(&pattern(text), &subscription);
    }
}

#[test]
fn a_full_window_holds_up_its_own_subscription_alone() {
    let hub = Hub::new();
    let outbox = outbox();
    let terms = Terms { filter: Filter::default(), window: Some(2) };
    let slow = hub.subscribe_on(&pattern("/a"), "slow", &outbox, terms);
    hub.subscribe(&pattern("/a"), "quick", &outbox);
    for number in 1..=4 {
        publish(&hub, number, &[("/a", Priority::Normal)]);
    }
    let took = ["slow /a 1", "quick /a 1", "slow /a 2", "quick /a 2", "quick /a 3", "quick /a 4"];
    assert_eq!(waiting(&outbox), took);
    publish(&hub, 5, &[("/a", Priority::Critical)]);
    assert_eq!(waiting(&outbox), ["quick /a 5"]);
    slow.grant(2);
    assert_eq!(waiting(&outbox), ["slow /a 5", "slow /a 3"]);
    slow.grant(9);
    publish(&hub, 6, &[("/a", Priority::Normal)]);
    assert_eq!(waiting(&outbox), ["slow /a 4", "slow /a 6", "quick /a 6"]);
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn octets_that_are_not_acknowledged_hold_up_what_has_to_be() {
    let hub = Hub::new();
    let outbox = outbox();
    let terms = Terms { filter: Filter::default(), window: Some(100) };
    let slow = hub.subscribe_on(&pattern("/a"), "slow", &outbox, terms);
    publish(&hub, 1, &[("/a", Priority::Normal)]);
    publish(&hub, 2, &[("/a", Priority::Normal)]);
    let mut batch = Vec::new();
    outbox.take(&mut batch, Room { bytes: usize::MAX, windowed_bytes: 1 });
    assert_eq!(batch.len(), 1);
    outbox.take(&mut batch, Room { bytes: usize::MAX, windowed_bytes: 0 });
    assert_eq!(batch.len(), 1);
    hub.unsubscribe(&pattern("/a"), &slow);
    outbox.forget(&slow);
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn what_is_held_counts_towards_the_outbox() {
    let hub = Hub::new();
    let outbox = outbox();
    hub.subscribe_on(&pattern("/a"), "stuck", &outbox, Terms { filter: Filter::default(), window: Some(0) });
    for number in 0..1_000 {
        publish(&hub, number, &[("/a", Priority::Normal)]);
        waiting(&outbox);
    }
    assert_eq!(outbox.state(), OutboxState::Overflowed);
}
