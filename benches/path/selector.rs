//! The conditions of routes and subscriptions.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use sluice::selector::{Selector, event_value};

use crate::support::{agent_completed, event};

pub(crate) fn bench(criterion: &mut Criterion) {
    let event = event(&agent_completed());
    let mut group = criterion.benchmark_group("selector");
    group.throughput(Throughput::Elements(1));
    for (name, text) in [
        ("one comparison", "agentType = 'RESEARCH'"),
        (
            "five conditions on members, a pointer and the type",
            "agentType IN ('RESEARCH', 'REVIEW') AND costUsd BETWEEN 1 AND 5 AND tokensUsed > 1000 \
             AND \"/metadata/region\" LIKE 'us-%' AND event-type = 'agent.completed.v1'",
        ),
    ] {
        let selector = Selector::parse(text).expect("a right selector");
        let holds = || selector.matches(&|name| event_value(black_box(&event), name));
        assert!(holds(), "{name}");
        group.bench_function(name, |bencher| bencher.iter(holds));
    }
    group.finish();
}
