//! 3. Event to channels.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput};
use sluice::config::Config;
use sluice::route::RouteTable;

use crate::support::{agent_completed, event, routes};

const MANY: usize = 1_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let event = event(&agent_completed());
    let mut group = criterion.benchmark_group("route");
    group.throughput(Throughput::Elements(1));
    let cases = [("the learning platform's routes", routes()), ("1,000 routes, 20 on the event's topic", many())];
    for (name, table) in cases {
        assert_eq!(table.deliveries(&event, 0).len(), 1, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| table.deliveries(black_box(&event), 0)));
    }
    group.finish();
}

/// As a large installation has them: fifty topics with twenty types each, one of which is the event's.
fn many() -> RouteTable {
    let mut text = String::new();
    for number in 0..MANY - 1 {
        let topic = if number % 50 == 0 { "agent-events".to_owned() } else { format!("topic-{}", number % 50) };
        let rule = format!("[[route]]\ntopics = [\"{topic}\"]\nevent = \"kind-{number}.*\"\n");
        let _ = writeln!(text, "{rule}channel = \"/topic/kind/{number}/{{userId}}\"");
    }
    text.push_str("[[route]]\ntopics = [\"agent-events\"]\nevent = \"agent.*\"\n");
    text.push_str("channel = \"/topic/user/{userId}/session/{sessionId}\"\n");
    let config: Config = toml::from_str(&text).expect("a config");
    RouteTable::new(&config.route).expect("right routes")
}
