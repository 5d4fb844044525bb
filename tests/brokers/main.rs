//! Tests against a real Kafka: the one at `KAFKA_BROKERS`, else one that is started for the run; where none can be had,
//! librdkafka's mock cluster as far as that goes. `SLUICE_REQUIRE_KAFKA=1` fails the run without a real one.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

mod dead_letters;
mod publisher;
mod tail;
mod topics;
