//! Tests of the whole gateway over real sockets, on the embedded log, without outside services.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test fails where it stands, and exports to nobody")]

mod support;

mod auth; // tokens, tickets, origins, access
mod bench; // `sluice bench` against a running gateway

mod cli; // the command line
mod corpus; // the inputs of the fuzz targets
mod crash; // kill -9 in the middle of publishing
mod dead_letters; // what cannot be delivered is kept with its reason
mod docs; // pages say what the code says
mod drain; // a stopping node tells its clients
mod operate; // health, metrics, limits
mod path; // an event all the way, in by HTTP and out to the right users
mod publish; // the HTTP API
mod session; // STOMP on the wire
mod slow_client; // one that does not read hurts nobody
mod stomp; // the whole protocol, item by item, and between clients
mod tidy; // the house rules
mod transport; // every way to a client, held to one suite, and each to its own protocol
mod websocket; // RFC 6455, where it is our work
