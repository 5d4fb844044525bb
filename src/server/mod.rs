//! Puts everything together: from a config to a running gateway, and to its end.

mod admin;
mod bearer;
mod brokers;
mod catalogue;
mod demo;
mod operate;
mod origin;
mod page;
mod problem;
mod publish;
mod router;
mod sockjs;
mod sse;
mod start;
mod test_services;
mod ticket;
mod upgrade;

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use crate::auth::Tickets;
use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::decode::Decoder;
use crate::health::Health;
use crate::metrics::Exporter;
use crate::session::Services;

pub use brokers::Publishers;
pub use demo::{DemoTokens, DemoUser};
pub use origin::Origins;
pub use start::{Gateway, Options, StartError, check, data_directory};

/// What a request can reach.
#[derive(Debug)]
struct App {
    config: Config,
    services: Arc<Services>,
    sessions: TaskTracker,
    addresses: Arc<upgrade::Addresses>,
    origins: origin::Origins,
    tickets: Tickets,
    catalogue: Arc<Catalogue>,
    decoder: Arc<Decoder>,
    publishers: Arc<Publishers>,
    health: Health,
    exporter: Exporter,
    demo: Option<DemoTokens>,
    test_services: bool,
}
