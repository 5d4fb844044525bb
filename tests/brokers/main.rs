//! Tests against a real Kafka.
