//! From a config to a running gateway, and to its end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::App;
use super::admin::Admin;
use super::brokers::{Brokers, Start};
use super::demo::DemoTokens;
use super::origin::Origins;
use super::router::router;
use crate::auth::{AccessRules, Authenticator};
use crate::catalogue::Catalogue;
use crate::config::{Config, Problem};
use crate::decode::Decoder;
use crate::embedded::EmbeddedLog;
use crate::health::{Health, Part};
use crate::hub::Hub;
use crate::metrics;
use crate::pipeline::Pipeline;
use crate::publish::{Outgoing, PublishError, Publisher, Written};
use crate::route::RouteTable;
use crate::session::{Registry, Services, Settings};
use crate::transport::connection::{Peer, WatchedListener};

/// Octets that may wait in the kernel for a client; without it, megabytes pile up for one that does not read.
const UNSENT_BYTES: u32 = 16 * 1024;

/// How often recorded samples are folded into the histograms.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// How long requests have that came while the sessions ended.
const LAST_REQUESTS_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the tails and dead letters have to stop once the sessions are gone.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What a gateway is started with beside its config.
#[derive(Debug, Default)]
pub struct Options {
    /// Ready-made users for the page.
    pub demo: Option<DemoTokens>,
    /// Echo and close services below `/test`, for conformance tests; nothing in a config or on the command line sets it.
    #[doc(hidden)]
    pub test_services: bool,
}

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The config is wrong.
    #[error("the config has {} problem(s)", .0.len())]
    Config(Vec<Problem>),
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({key}): {error}")]
    Listen {
        /// The key that names it.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// A source or another part cannot be started.
    #[error(transparent)]
    Part(#[from] anyhow::Error),
}

/// The directory that holds what a node keeps: the embedded log's, else `sluice-data`.
pub fn data_directory(config: &Config) -> PathBuf {
    config.source.embedded.clone().unwrap_or_default().path
}

/// What the parts of the gateway make of a config.
struct Parts {
    catalogue: Arc<Catalogue>,
    decoder: Decoder,
    routes: RouteTable,
    access: AccessRules,
}

impl Parts {
    /// Builds every part, or tells every problem that any of them has.
    fn build(config: &Config) -> Result<Self, Vec<Problem>> {
        let catalogue = Arc::new(Catalogue::builtin());
        let decoder = Decoder::new(&config.topics, Arc::clone(&catalogue));
        let routes = RouteTable::new(&config.route);
        let topics = config.read_topics().map(|(name, _)| name.to_owned());
        let access = AccessRules::new(&config.access, topics);
        match (decoder, routes, access) {
            (Ok(decoder), Ok(routes), Ok(access)) => Ok(Self { catalogue, decoder, routes, access }),
            (decoder, routes, access) => {
                let problems = [decoder.err(), routes.err(), access.err()];
                Err(problems.into_iter().flatten().flatten().collect())
            }
        }
    }
}

/// Every problem that the parts of the gateway have with a config that reads well.
pub fn check(config: &Config) -> Vec<Problem> {
    let mut problems = Parts::build(config).err().unwrap_or_default();
    problems.extend(crate::auth::check(&config.auth));
    problems
}

/// A running gateway. Dropping it without [`Gateway::stop`] leaves its tasks running.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    app: Arc<App>,
    log: Option<Arc<EmbeddedLog>>,
    shutdown: CancellationToken,
    accepting: CancellationToken,
    server: JoinHandle<()>,
    pipelines: TaskTracker,
    keepers: TaskTracker,
}

impl Gateway {
    /// Starts every part and listens. Brokers that are away do not keep it from starting; `/health/ready` tells.
    ///
    /// # Errors
    /// When the config is wrong, the address is taken, or the embedded log cannot be opened.
    pub async fn start(config: Config, options: Options) -> Result<Self, StartError> {
        let exporter = metrics::install().map_err(anyhow::Error::from)?;
        let parts = Parts::build(&config).map_err(StartError::Config)?;
        let authenticator = Authenticator::new(&config.auth, &data_directory(&config)).map_err(StartError::Config)?;
        let address = config.server.listen;
        let failed = |error| StartError::Listen { key: "server.listen", address, error };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let admin = Admin::bind(&config.admin).await?;

        let (health, shutdown, hub) = (Health::default(), CancellationToken::new(), Arc::new(Hub::new()));
        let jwks = config.auth.jwks_url.is_some().then(|| health.required("auth.jwks"));
        authenticator.start(jwks, shutdown.clone()).await;
        let node = node_name(&config);
        let decoder = Arc::new(parts.decoder);
        let pipeline = Arc::new(Pipeline::new(&config, Arc::clone(&decoder), parts.routes, Arc::clone(&hub)));
        let start = Start {
            config: &config,
            node: &node,
            health: &health,
            judge: pipeline.judge(),
            shutdown: shutdown.clone(),
        };
        let mut brokers = Brokers::default();
        start.embedded(&mut brokers)?;
        #[cfg(feature = "kafka")]
        start.kafka(&mut brokers)?;

        let tickets = authenticator.tickets();
        let publishers = Arc::new(brokers.publishers);
        let services = services(&config, parts.access, hub, authenticator, publishers.clone());
        let app = Arc::new(App {
            origins: Origins::new(&config.server.allowed_origins),
            config,
            services: Arc::new(services),
            sessions: TaskTracker::new(),
            addresses: Arc::default(),
            tickets,
            catalogue: parts.catalogue,
            decoder,
            publishers,
            health,
            exporter,
            demo: options.demo,
            test_services: options.test_services,
        });
        let pipelines = run_pipelines(&pipeline, brokers.tails, &app.health);
        spawn_upkeep(&app, shutdown.clone());
        let admin_address = admin.map(|admin| admin.serve(&app, shutdown.clone()));
        let accepting = CancellationToken::new();
        let server = tokio::spawn(serve(listener, Arc::clone(&app), accepting.clone()));
        Ok(Self {
            address,
            admin_address,
            app,
            log: brokers.log,
            shutdown,
            accepting,
            server,
            pipelines,
            keepers: brokers.keepers,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the operators' listener is, if it is open.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// What works and what does not.
    pub fn health(&self) -> &Health {
        &self.app.health
    }

    /// Who is connected.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.app.services.registry
    }

    /// Writes records as the HTTP API does, without its checks.
    pub async fn publish(&self, records: Vec<Outgoing>) -> Vec<Result<Written, PublishError>> {
        self.app.publishers.publish(records).await
    }

    /// Drains and stops: refuses new clients, sends what waits, tells clients to come back (1001), and stops the parts.
    pub async fn stop(self) {
        let drain = self.app.config.limits.drain;
        tracing::info!(sessions = self.registry().len(), "stopping");
        // Clients that poll come to get what waits for them, each time by a connection that may be a new one.
        self.app.services.drain.cancel();
        self.app.sessions.close();
        if tokio::time::timeout(drain, self.app.sessions.wait()).await.is_err() {
            tracing::warn!(left = self.registry().len(), "some sessions did not end within limits.drain");
        }
        self.accepting.cancel();
        let mut server = self.server;
        let _ = tokio::time::timeout(LAST_REQUESTS_TIMEOUT, &mut server).await;
        server.abort();
        self.shutdown.cancel();
        let parts = async {
            self.pipelines.wait().await;
            self.keepers.close();
            self.keepers.wait().await;
            if let Some(log) = self.log {
                let _ = tokio::task::spawn_blocking(move || log.close()).await;
            }
        };
        if tokio::time::timeout(STOP_TIMEOUT, parts).await.is_err() {
            tracing::warn!("the sources did not stop in time");
        }
        tracing::info!("stopped");
    }
}

/// What every session needs.
fn services(
    config: &Config,
    access: AccessRules,
    hub: Arc<Hub>,
    authenticator: Authenticator,
    publisher: Arc<dyn Publisher>,
) -> Services {
    let settings = Settings {
        limits: config.limits.clone(),
        leeway: authenticator.leeway(),
        access,
        server: format!("sluice/{}", env!("CARGO_PKG_VERSION")),
    };
    Services {
        settings: Arc::new(settings),
        hub,
        authenticator,
        registry: Arc::new(Registry::new()),
        publisher,
        drain: CancellationToken::new(),
    }
}

/// This node's name: the config's, else the host's and the process id.
fn node_name(config: &Config) -> String {
    if !config.server.node.is_empty() {
        return config.server.node.clone();
    }
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = host.trim();
    format!("{}-{}", if host.is_empty() { "node" } else { host }, std::process::id())
}

/// Says that nothing is delivered any more when it goes, however that comes about.
struct Delivering(Part);

impl Drop for Delivering {
    fn drop(&mut self) {
        self.0.down("delivery has stopped: restart this node");
    }
}

fn run_pipelines(pipeline: &Arc<Pipeline>, tails: Vec<crate::source::Tail>, health: &Health) -> TaskTracker {
    let tracker = TaskTracker::new();
    for (number, tail) in tails.into_iter().enumerate() {
        let pipeline = Arc::clone(pipeline);
        let part = health.required(&format!("pipeline.{number}"));
        part.up();
        let delivering = Delivering(part);
        tracker.spawn(async move {
            pipeline.run(tail).await;
            drop(delivering);
        });
    }
    tracker.close();
    tracker
}

fn spawn_upkeep(app: &Arc<App>, shutdown: CancellationToken) {
    let exporter = app.exporter.clone();
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(METRICS_UPKEEP);
        while shutdown.run_until_cancelled(interval.tick()).await.is_some() {
            exporter.upkeep();
        }
    });
}

async fn serve(listener: TcpListener, app: Arc<App>, accepting: CancellationToken) {
    let listener = listener.tap_io(|socket| {
        if let Err(error) = tune(socket) {
            tracing::debug!(%error, "a socket option was refused");
        }
    });
    let service = router(app).into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(WatchedListener(listener), service).with_graceful_shutdown(accepting.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the public listener failed");
    }
}

fn tune(socket: &TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}
