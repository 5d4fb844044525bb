//! From 2 to 5: a record from the broker to frames that only need writing.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use sluice::config::CatalogueMode;
use sluice::hub::Hub;
use sluice::pipeline::Pipeline;
use sluice::record::Record;
use sluice::session::message_frame;
use sluice::stomp::Version;

use crate::hub::Audience;
use crate::support::{agent_completed_of, channel, decoder, learning, routes};

const USERS: usize = 10_000;
const SUBSCRIBERS: usize = 1_000;

fn pipeline(hub: &Arc<Hub>) -> Pipeline {
    Pipeline::new(&learning(), Arc::new(decoder(CatalogueMode::Strict)), routes(), Arc::clone(hub))
}

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("whole path");
    let frame = |entry: &sluice::hub::Entry| {
        black_box(message_frame(entry, Version::V12));
    };

    let hub = Arc::new(Hub::new());
    let pipe = pipeline(&hub);
    let users: Vec<String> = (0..USERS).map(|number| format!("user-{number}")).collect();
    let records: Vec<Record> = users.iter().map(|user| agent_completed_of(user)).collect();
    let mut audience = Audience::new(hub, users.iter().map(|user| format!("/topic/user/{user}/**")));
    let mut user = 0;
    group.throughput(Throughput::Elements(1));
    group.bench_function("record to frame, 1 of 10,000 users", |bencher| {
        bencher.iter(|| {
            user = (user + 7_919) % USERS;
            pipe.deliver(black_box(&records[user]));
            audience.drain(user, frame);
        });
    });

    let hub = Arc::new(Hub::new());
    let pipe = pipeline(&hub);
    let record = agent_completed_of(crate::support::USER);
    let mut audience = Audience::new(hub, (0..SUBSCRIBERS).map(|_| channel()));
    group.throughput(Throughput::Elements(SUBSCRIBERS as u64));
    group.bench_function("record to 1,000 subscribers' frames", |bencher| {
        bencher.iter(|| {
            pipe.deliver(black_box(&record));
            audience.drain_all(frame);
        });
    });

    let nobody = Pipeline::new(&learning(), Arc::new(decoder(CatalogueMode::Strict)), routes(), Arc::default());
    group.throughput(Throughput::Elements(1));
    group.bench_function("record that nobody is subscribed to", |bencher| {
        bencher.iter(|| nobody.deliver(black_box(&record)));
    });
    group.finish();
}
