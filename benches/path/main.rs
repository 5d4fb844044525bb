//! What each step of an event's path costs; `scripts/bench` writes the figures into the README.
//!
//! A benchmark's group and name are the words of that table.

mod decode;
mod encode;
mod hub;
mod path;
mod route;
mod selector;
mod stomp;
mod support;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// The gateway's own, so that allocations cost what they cost there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Enough to tell a tenth of difference; `--measurement-time` and its kin overrule it.
fn short() -> Criterion {
    // Counting is part of the path.
    sluice::metrics::install().expect("nothing else records metrics here");
    Criterion::default()
        .without_plots()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
}

criterion_group! {
    name = stages;
    config = short();
    targets = decode::bench, route::bench, selector::bench, hub::bench, encode::bench, path::bench, stomp::bench
}
criterion_main!(stages);
