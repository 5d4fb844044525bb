//! Sluice: topics in, typed STOMP channels out.
//!
//! The modules are listed in the order in which an event meets them.

/// The values that travel: bytes from a broker, and what they mean.
pub mod client_message;
pub mod event;
pub mod record;

/// 1. Reads records from Kafka, Redpanda or the embedded log.
pub mod source;

/// 2. Turns a record into an [`event::Event`], or says why not.
pub mod decode;

/// 3. Decides which channels an event goes to.
pub mod route;

/// 4. Finds the subscribers of a channel and fills their outboxes.
pub mod hub;

/// 5. One STOMP conversation: a state machine without I/O, and the loop that drives it.
pub mod session;

/// 6. Carries a session over a wire.
pub mod transport;

/// From 1 to 4, in one function.
pub mod pipeline;

/// The way back: writes records to a broker.
pub mod publish;

/// Keeps what could not be delivered, with its reason, once in the cluster.
pub mod dead_letter;

/// Used along the way.
pub mod auth;
pub mod catalogue;
pub mod channel;
pub mod config;
pub mod embedded;
pub mod health;
pub mod metrics;
pub mod platform;
pub mod selector;
pub mod stomp;
pub mod topics;

/// Puts everything together.
pub mod cli;
pub mod server;
