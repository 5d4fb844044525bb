//! 6. Carries a session over a wire. Only this folder knows how octets reach a client.

pub mod connection;
pub mod paced;
pub mod sockjs;
pub mod sse;
pub mod websocket;
