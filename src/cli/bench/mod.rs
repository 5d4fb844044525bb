//! `sluice bench`: drives a running gateway from outside, and says what it delivered, how late, and at what cost.

mod args;
mod client;
mod fleet;
mod load;
mod process;
mod progress;
mod report;
mod stamp;
mod tally;
mod target;

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::ANSWER_IS_NO;
pub(super) use args::BenchAction;
use args::{FleetArguments, IdleArguments, LoadArguments, TargetArguments};
use fleet::Fleet;
use load::{Audience, Load, Published, Publisher};
use process::{Machine, Usage, usage};
use progress::Progress;
use report::{Connections, Deliveries, Gateway, Latency, Report};
use tally::{Counts, Tally};
use target::Target;

/// Where everybody's events are.
const EVERYBODY: &str = "/topic/system";

/// Where a user's own events are.
const OWN: &str = "/user/**";

/// Events a second where nothing else is asked for.
const FANOUT_RATE: u32 = 20;
const UNICAST_RATE: u32 = 1_000;

/// How long the gateway rests between opening and measuring.
const SETTLE: Duration = Duration::from_secs(1);

/// How often the count is looked at; deliveries are timed where they come in.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long nothing may come before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(action: &BenchAction) -> anyhow::Result<ExitCode> {
    let (target, report) = match action {
        BenchAction::Fanout(arguments) => (&arguments.target, Runtime::new()?.block_on(fanout(arguments))?),
        BenchAction::Unicast(arguments) => (&arguments.target, Runtime::new()?.block_on(unicast(arguments))?),
        BenchAction::Idle(arguments) => (&arguments.target, Runtime::new()?.block_on(idle(arguments))?),
    };
    print!("{report}");
    if let Some(path) = &target.json {
        let text = serde_json::to_string_pretty(&report)?;
        fs::write(path, text + "\n").with_context(|| format!("--json {}", path.display()))?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(ANSWER_IS_NO) })
}

async fn fanout(arguments: &LoadArguments) -> anyhow::Result<Report> {
    let rate = arguments.rate.unwrap_or(FANOUT_RATE);
    loaded("fanout", EVERYBODY, arguments, Audience::All, rate).await
}

async fn unicast(arguments: &LoadArguments) -> anyhow::Result<Report> {
    let audience = Audience::One(arguments.fleet.connections.into());
    loaded("unicast", OWN, arguments, audience, arguments.rate.unwrap_or(UNICAST_RATE)).await
}

async fn loaded(
    bench: &'static str,
    destination: &str,
    arguments: &LoadArguments,
    audience: Audience,
    rate: u32,
) -> anyhow::Result<Report> {
    let stage = Stage::open(&arguments.target, &arguments.fleet, &[destination]).await?;
    let load = Load { audience, rate, seconds: arguments.seconds, bytes: arguments.bytes as usize };
    if arguments.warmup > 0 {
        stage.play(Load { seconds: arguments.warmup, ..load }).await?;
    }
    let measure = Measure::begin(&stage)?;
    let (published, expected) = stage.play(load).await?;
    let deliveries = deliveries(load, &published, expected, &stage.tally.counts());
    let report = measure.end(bench, &stage, Some(deliveries))?;
    stage.close().await;
    Ok(report)
}

async fn idle(arguments: &IdleArguments) -> anyhow::Result<Report> {
    let stage = Stage::open(&arguments.target, &arguments.fleet, &[EVERYBODY, OWN]).await?;
    let measure = Measure::begin(&stage)?;
    let ends = Duration::from_secs(arguments.seconds.into());
    while measure.begun.elapsed() < ends {
        stage.progress.show(|| format!("idle for {} of {} s", measure.begun.elapsed().as_secs(), ends.as_secs()));
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let report = measure.end("idle", &stage, None)?;
    stage.close().await;
    Ok(report)
}

/// The gateway and everybody who is connected to it.
struct Stage {
    target: Target,
    fleet: Fleet,
    connections: u32,
    tally: Arc<Tally>,
    progress: Progress,
    pid: Option<u32>,
    /// What the gateway used ahead of the connections.
    before: Option<Usage>,
}

impl Stage {
    async fn open(target: &TargetArguments, fleet: &FleetArguments, destinations: &[&str]) -> anyhow::Result<Self> {
        let (pid, connections) = (target.pid, fleet.connections);
        let target = Target::find(target).await?;
        let before = pid.map(usage).transpose().context("--pid")?;
        let (tally, progress) = (Arc::new(Tally::new()), Progress::new());
        let opened = Fleet::open(&target, fleet, destinations, &tally, &progress).await;
        progress.clear();
        let fleet = opened?;
        tokio::time::sleep(SETTLE).await;
        Ok(Self { target, fleet, connections, tally, progress, pid, before })
    }

    /// Publishes a load and waits for its deliveries. Gives how many there must be.
    async fn play(&self, load: Load) -> anyhow::Result<(Published, u64)> {
        let run = self.tally.begin();
        let publisher = Arc::new(Publisher::new(&self.target, load)?);
        let stop = CancellationToken::new();
        // Whoever gives up on this run also ends its publishing.
        let _stop_at_end = stop.clone().drop_guard();
        let publishing = publisher.run(run, Arc::clone(&self.tally), stop);
        tokio::pin!(publishing);
        let published = loop {
            tokio::select! {
                published = &mut publishing => break published?,
                () = tokio::time::sleep(LOOK_EVERY) => self.progress.show(|| {
                    format!("{} s of load: {} deliveries so far", load.seconds, self.tally.received())
                }),
            }
        };
        let expected = match load.audience {
            Audience::All => published.events * u64::from(self.connections),
            Audience::One(_) => published.events,
        };
        self.settled(expected).await;
        self.progress.clear();
        Ok((published, expected))
    }

    /// Waits until so many deliveries were counted, or none has come for a while.
    async fn settled(&self, expected: u64) {
        let (mut received, mut changed) = (0, Instant::now());
        while received < expected && changed.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.tally.received();
            if now != received {
                (received, changed) = (now, Instant::now());
            }
            self.progress.show(|| format!("waiting for deliveries: {received} of {expected}"));
        }
    }

    async fn close(self) {
        self.fleet.close().await;
    }
}

/// What was used when the measured time began.
struct Measure {
    begun: Instant,
    gateway: Option<Usage>,
    client: Option<Usage>,
    machine: Option<Machine>,
}

impl Measure {
    fn begin(stage: &Stage) -> anyhow::Result<Self> {
        Ok(Self {
            begun: Instant::now(),
            gateway: stage.pid.map(usage).transpose().context("--pid")?,
            client: usage(std::process::id()).ok(),
            machine: Machine::now(),
        })
    }

    fn end(self, bench: &'static str, stage: &Stage, deliveries: Option<Deliveries>) -> anyhow::Result<Report> {
        let elapsed = self.begun.elapsed();
        let ended = stage.pid.map(usage).transpose().context("--pid")?;
        let gateway = stage.before.zip(self.gateway).zip(ended).map(|((before, open), ended)| {
            let gateway = Gateway::of(before, open, ended, elapsed, stage.connections);
            gateway.per_delivery(deliveries.as_ref().map_or(0, |deliveries| deliveries.received))
        });
        let client = self.client.zip(usage(std::process::id()).ok());
        let machine = Machine::now().zip(self.machine).and_then(|(now, before)| now.since(before));
        let fleet = &stage.fleet;
        Ok(Report {
            bench,
            seconds: elapsed.as_secs_f64(),
            connections: Connections::new(stage.connections, fleet.opened_in, &fleet.opening, fleet.lost()),
            deliveries,
            gateway,
            machine: report::Machine {
                cores: std::thread::available_parallelism().map_or(1, usize::from),
                busy: machine.map(|(busy, _)| busy),
                stolen: machine.map(|(_, stolen)| stolen),
                client_cores: client
                    .map(|(before, after)| after.cpu.saturating_sub(before.cpu).as_secs_f64() / elapsed.as_secs_f64()),
            },
        })
    }
}

fn deliveries(load: Load, published: &Published, expected: u64, counts: &Counts) -> Deliveries {
    let delivering = counts.last.saturating_sub(published.begun).as_secs_f64();
    Deliveries {
        rate_asked: load.rate,
        events: published.events,
        event_bytes: published.event_bytes,
        rate: published.events as f64 / published.took.as_secs_f64(),
        requests: published.requests,
        acknowledged_ms: Latency::of(&published.acknowledged),
        expected,
        received: counts.received,
        repeated: counts.repeated,
        throughput: if delivering > 0.0 { counts.received as f64 / delivering } else { 0.0 },
        latency_ms: Latency::of(&counts.latency),
    }
}
