//! 5. Outbox entries to MESSAGE frames.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput};
use sluice::hub::Entry;
use sluice::session::message_frame;
use sluice::stomp::Version;

use crate::hub::Audience;
use crate::support::{agent_completed, channel, event};

pub(crate) fn bench(criterion: &mut Criterion) {
    let event = event(&agent_completed());
    let mut audience = Audience::new(Arc::default(), [channel()]);
    let mut entry = || -> Entry {
        audience.publish(&event, &channel());
        let mut taken = None;
        audience.drain(0, |entry| taken = Some(entry.clone()));
        taken.expect("the event reaches its subscriber")
    };
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a MESSAGE for the first subscriber", |bencher| {
        bencher.iter_batched(&mut entry, |entry| message_frame(black_box(&entry), Version::V12), BatchSize::SmallInput);
    });
    let entry = entry();
    group.bench_function("the same for each further subscriber", |bencher| {
        bencher.iter(|| message_frame(black_box(&entry), Version::V12));
    });
    group.finish();
}
