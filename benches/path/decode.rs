//! 2. Record to event.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use sluice::config::CatalogueMode;

use crate::support::{agent_completed, decoder};

pub(crate) fn bench(criterion: &mut Criterion) {
    let record = agent_completed();
    let octets = record.body.as_ref().map_or(0, bytes::Bytes::len);
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    for (mode, name) in [(CatalogueMode::Off, "unchecked"), (CatalogueMode::Known, "checked against its type")] {
        let decoder = decoder(mode);
        group.bench_function(format!("one event of {octets} octets, {name}"), |bencher| {
            bencher.iter(|| decoder.decode(black_box(&record)).expect("a right record"));
        });
    }
    group.finish();
}
