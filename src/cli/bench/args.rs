//! What `sluice bench` is told. Everything has a bound.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, value_parser};
use url::Url;

use crate::config::units;

/// Connections of one process; the operating system's limit on open files may be lower.
const CONNECTIONS_MAX: u32 = 50_000;

/// Events a second.
const RATE_MAX: u32 = 1_000_000;

const SECONDS_MAX: u32 = 3_600;

/// Octets of an event; a batch of them must fit into one request.
const EVENT_BYTES_MAX: u32 = 4_096;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchAction {
    /// Every event goes to every connection (system.alert-triggered.v1 on /topic/system).
    Fanout(LoadArguments),
    /// Every event goes to one of the users, each on a connection of their own (session.started.v1 on /user/**).
    Unicast(LoadArguments),
    /// Connections that stay and get nothing but heart-beats.
    Idle(IdleArguments),
}

/// Where the gateway is, and how to be believed there.
#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// The running gateway, with the learning platform's topics.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub(crate) url: Url,
    /// The HS256 secret that the gateway checks tokens with.
    #[arg(long, env = "SLUICE_BENCH_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub(crate) secret: Option<String>,
    /// The gateway's data directory, whose development key signs tokens where no --secret is given.
    #[arg(long, default_value = "sluice-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The token to publish with; without it one is signed that has `scope = publish`.
    #[arg(long, env = "SLUICE_BENCH_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// What the gateway wants as the tokens' `iss`.
    #[arg(long, value_name = "TEXT")]
    pub(crate) issuer: Option<String>,
    /// What the gateway wants as the tokens' `aud`.
    #[arg(long, value_name = "TEXT")]
    pub(crate) audience: Option<String>,
    /// Allows a gateway that is not on this machine.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// The gateway's process, to tell its CPU time and memory.
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// Also writes the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// How many connections, and what they agree on.
#[derive(Clone, Debug, Args)]
pub(crate) struct FleetArguments {
    /// How many connections, each of a user of its own.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=CONNECTIONS_MAX as i64), value_name = "NUMBER")]
    pub(crate) connections: u32,
    /// How often each side says that it is there; `0s` for never.
    #[arg(long, default_value = "10s", value_parser = duration, value_name = "DURATION")]
    pub(crate) heartbeat: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) fleet: FleetArguments,
    /// Events a second, whatever the gateway makes of them [default: 20 for fanout, 1000 for unicast].
    #[arg(long, value_parser = value_parser!(u32).range(1..=RATE_MAX as i64), value_name = "NUMBER")]
    pub(crate) rate: Option<u32>,
    /// How long.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=SECONDS_MAX as i64), value_name = "NUMBER")]
    pub(crate) seconds: u32,
    /// For how long the same is done before, and not counted.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(0..=SECONDS_MAX as i64), value_name = "SECONDS")]
    pub(crate) warmup: u32,
    /// About how large an event is; one of these types has 450 octets at least.
    #[arg(long, default_value_t = 512, value_parser = value_parser!(u32).range(1..=EVENT_BYTES_MAX as i64), value_name = "OCTETS")]
    pub(crate) bytes: u32,
}

#[derive(Debug, Args)]
pub(crate) struct IdleArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) fleet: FleetArguments,
    /// How long they stay once all are connected.
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u32).range(1..=SECONDS_MAX as i64), value_name = "NUMBER")]
    pub(crate) seconds: u32,
}

fn duration(text: &str) -> Result<Duration, String> {
    units::parse_duration(text).ok_or_else(|| format!("`{text}` is no duration; write `500ms` or `10s`"))
}
