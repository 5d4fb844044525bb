//! 4. Channels to outboxes, which are emptied as the sessions would empty them.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use sluice::channel::Pattern;
use sluice::event::{Event, Priority};
use sluice::hub::{Delivery, Entry, Hub, Outbox, Room};

use crate::support::{agent_completed, channel_of, event};

const OUTBOX_BYTES: usize = 256 * 1024;
const SUBSCRIBERS: usize = 1_000;
const USERS: usize = 10_000;

/// Subscribers with an outbox each.
pub(crate) struct Audience {
    hub: Arc<Hub>,
    outboxes: Vec<Arc<Outbox>>,
    batch: Vec<Entry>,
}

impl Audience {
    /// One subscriber for each pattern.
    pub(crate) fn new(hub: Arc<Hub>, patterns: impl IntoIterator<Item = String>) -> Self {
        let mut audience = Self { hub, outboxes: Vec::new(), batch: Vec::new() };
        for pattern in patterns {
            let outbox = Arc::new(Outbox::new(OUTBOX_BYTES));
            let pattern = Pattern::parse(&pattern).expect("a right pattern");
            audience.hub.subscribe(&pattern, "sub-0", &outbox);
            audience.outboxes.push(outbox);
        }
        audience
    }

    /// Publishes to one channel and gives how many got it.
    pub(crate) fn publish(&self, event: &Event, channel: &str) -> usize {
        let delivery =
            Delivery { channel, body: &event.body, content_type: "application/json", priority: Priority::Normal };
        self.hub.publish(event, &[delivery])
    }

    /// Empties one outbox and hands its entries on.
    pub(crate) fn drain(&mut self, number: usize, mut each: impl FnMut(&Entry)) {
        self.outboxes[number].take(&mut self.batch, Room::ALL);
        self.batch.drain(..).for_each(|entry| each(&entry));
    }

    /// Empties all outboxes.
    pub(crate) fn drain_all(&mut self, mut each: impl FnMut(&Entry)) {
        for number in 0..self.outboxes.len() {
            self.drain(number, &mut each);
        }
    }
}

pub(crate) fn bench(criterion: &mut Criterion) {
    let event = event(&agent_completed());
    let mut group = criterion.benchmark_group("hub");

    let mut audience = Audience::new(Arc::default(), (0..SUBSCRIBERS).map(|_| "/topic/system".to_owned()));
    group.throughput(Throughput::Elements(SUBSCRIBERS as u64));
    group.bench_function("one event to 1,000 subscribers", |bencher| {
        bencher.iter(|| {
            assert_eq!(audience.publish(black_box(&event), "/topic/system"), SUBSCRIBERS);
            audience.drain_all(|entry| {
                black_box(entry);
            });
        });
    });

    let users: Vec<String> = (0..USERS).map(|number| format!("user-{number}")).collect();
    let channels: Vec<String> = users.iter().map(|user| channel_of(user)).collect();
    let exact = channels.clone();
    let wildcard: Vec<String> = users.iter().map(|user| format!("/topic/user/{user}/**")).collect();
    group.throughput(Throughput::Elements(1));
    for (name, patterns) in [
        ("one event to 1 of 10,000 users, exact subscriptions", exact),
        ("one event to 1 of 10,000 users, wildcard subscriptions", wildcard),
    ] {
        let mut audience = Audience::new(Arc::default(), patterns);
        // A stride that leads through all users, so that no cache holds the one who is next.
        let mut user = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                user = (user + 7_919) % USERS;
                assert_eq!(audience.publish(black_box(&event), &channels[user]), 1);
                audience.drain(user, |entry| {
                    black_box(entry);
                });
            });
        });
    }
    group.finish();
}
