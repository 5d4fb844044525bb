//! Every way to a client.

mod contract; // one suite of behaviours for all of them
mod legacy; // htmlfile and jsonp
mod lost_reply; // a polling client whose reply is lost
mod sockjs; // what SockJS's protocol pins
mod sockjs_websocket;
mod sse; // Server-Sent Events // SockJS's framing on a WebSocket, and the upgrade
