//! Tests against a real Kafka: the one at `KAFKA_BROKERS`, else one that is started for the run; where none can be had,
//! librdkafka's mock cluster as far as that goes. `SLUICE_REQUIRE_KAFKA=1` fails the run without a real one.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, unused_imports, unreachable_pub, reason = "shared with the other test binary, which uses all of it")]
#[path = "../it/support/mod.rs"]
mod it;
mod support;

mod dead_letters;
mod gateway;
mod publisher;
mod tail;
mod topics;
