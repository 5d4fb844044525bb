//! What the tests share: brokers, topics, plain producers and readers, and waiting with a deadline.

mod broker;
mod client;
mod mock;

use std::future::Future;
use std::time::{Duration, Instant};

pub(crate) use broker::{Kafka, OwnKafka, shared};
pub(crate) use client::{Plain, admin, header, read_all};

use sluice::health::Health;

/// Long enough for a busy machine; only a test that fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A topic's name that no other test has.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}

/// What the future gives, or a failure that says what was waited for.
#[track_caller]
pub(crate) fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(limit, future).await {
            Ok(value) => value,
            Err(_) => panic!("{place}: not within {limit:?}: {what}"),
        }
    }
}

/// Waits until the claim holds, and says how long that took.
#[track_caller]
pub(crate) fn until(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) -> impl Future<Output = Duration> {
    let place = std::panic::Location::caller();
    let started = Instant::now();
    async move {
        while !holds() {
            assert!(started.elapsed() < limit, "{place}: not within {limit:?}: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        started.elapsed()
    }
}

/// Waits until every required part works.
pub(crate) async fn until_ready(health: &Health) -> Duration {
    let asked = health.clone();
    until(PATIENCE, &format!("readiness of {:?}", health.parts()), move || asked.is_ready()).await
}
