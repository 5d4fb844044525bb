//! The events of a run: each is due at its moment, whatever has become of those before it (an open loop).

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use reqwest::StatusCode;
use tokio_util::sync::CancellationToken;

use super::fleet::user;
use super::stamp::Stamp;
use super::tally::{Tally, histogram};
use super::target::Target;
use crate::catalogue::learning::{LearningBody, LearningMetadata, SessionStarted, SystemAlertTriggered, Timestamp};

/// Events of one request: what is due by the time that the one before was answered, up to this many.
const BATCH: u64 = 500;

/// How long the gateway may take for one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Who gets an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Every connection.
    All,
    /// One of so many users.
    One(u64),
}

impl Audience {
    /// The topic of its events.
    const fn topic(self) -> &'static str {
        match self {
            Self::All => SystemAlertTriggered::TOPIC,
            Self::One(_) => SessionStarted::TOPIC,
        }
    }
}

/// What is published in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Who gets it.
    pub(super) audience: Audience,
    /// Events a second.
    pub(super) rate: u32,
    /// For how long.
    pub(super) seconds: u32,
    /// About how large an event is.
    pub(super) bytes: usize,
}

/// What was published in a run.
#[derive(Clone, Debug)]
pub(super) struct Published {
    /// Events, all of them acknowledged.
    pub(super) events: u64,
    /// Octets of an event.
    pub(super) event_bytes: usize,
    /// Requests that carried them.
    pub(super) requests: u64,
    /// When the first was due, since the tally's epoch.
    pub(super) begun: Duration,
    /// How long it took until the last was acknowledged.
    pub(super) took: Duration,
    /// How long after its moment each event was acknowledged, in microseconds.
    pub(super) acknowledged: Histogram<u64>,
}

/// Publishes a load.
#[derive(Debug)]
pub(super) struct Publisher {
    http: reqwest::Client,
    url: String,
    token: String,
    load: Load,
}

impl Publisher {
    /// A publisher for that gateway.
    pub(super) fn new(target: &Target, load: Load) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .resolve(&target.host, target.address)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let url = target.http(&format!("/api/v1/events?topic={}", load.audience.topic()));
        Ok(Self { http, url, token: target.publisher_token()?, load })
    }

    /// Publishes on a thread of its own, whose sleep is finer than the millisecond of a runtime's timers.
    pub(super) async fn run(
        self: Arc<Self>,
        run: u32,
        tally: Arc<Tally>,
        stop: CancellationToken,
    ) -> anyhow::Result<Published> {
        let thread = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            self.publish(&runtime, run, &tally, &stop)
        };
        tokio::task::spawn_blocking(thread).await?
    }

    fn publish(
        &self,
        runtime: &tokio::runtime::Runtime,
        run: u32,
        tally: &Tally,
        stop: &CancellationToken,
    ) -> anyhow::Result<Published> {
        let begun = tally.now();
        let total = u64::from(self.load.rate) * u64::from(self.load.seconds);
        let (mut next, mut requests, mut acknowledged) = (0, 0, histogram());
        while next < total && !stop.is_cancelled() {
            let elapsed = tally.now() - begun;
            let due = self.due_by(elapsed).min(total);
            if due <= next {
                std::thread::sleep(self.moment(next).saturating_sub(elapsed));
                continue;
            }
            let end = due.min(next + BATCH);
            let stamps: Vec<Stamp> = (next..end).map(|number| self.stamp(run, number, begun)).collect();
            runtime.block_on(self.post(&stamps)?)?;
            let now = tally.now();
            stamps.iter().for_each(|stamp| acknowledged.saturating_record(stamp.age(now).as_micros() as u64));
            (next, requests) = (end, requests + 1);
        }
        let event_bytes = body(&self.load, self.stamp(run, 0, begun))?.len();
        Ok(Published { events: next, event_bytes, requests, begun, took: tally.now() - begun, acknowledged })
    }

    /// When an event is due, since the run began.
    fn moment(&self, number: u64) -> Duration {
        Duration::from_nanos(number * 1_000_000_000 / u64::from(self.load.rate))
    }

    /// How many events are due by then; the first is at once.
    fn due_by(&self, elapsed: Duration) -> u64 {
        (elapsed.as_nanos() * u128::from(self.load.rate) / 1_000_000_000) as u64 + 1
    }

    fn stamp(&self, run: u32, number: u64, begun: Duration) -> Stamp {
        Stamp { run, number: number as u32, due_us: (begun + self.moment(number)).as_micros() as u64 }
    }

    fn post(&self, stamps: &[Stamp]) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + use<>> {
        let bodies: Vec<String> = stamps.iter().map(|stamp| body(&self.load, *stamp)).collect::<Result<_, _>>()?;
        let request = self
            .http
            .post(&self.url)
            .bearer_auth(&self.token)
            .header("content-type", "application/x-ndjson")
            .body(bodies.join("\n"));
        Ok(async move {
            let response = request.send().await.context("publishing")?;
            let status = response.status();
            let text = response.text().await.context("publishing")?;
            if status != StatusCode::OK {
                bail!("publishing was answered with {status}: {}", text.chars().take(500).collect::<String>());
            }
            Ok(())
        })
    }
}

/// A number's place among so many, spread so that neighbours are far apart (the finaliser of `splitmix64`).
fn scatter(number: u64, among: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % among
}

/// An event as the learning platform writes it.
fn body(load: &Load, stamp: Stamp) -> serde_json::Result<String> {
    let text = match load.audience {
        Audience::All => alert(stamp, String::new()).wire_body()?,
        Audience::One(users) => session_started(stamp, users, String::new()).wire_body()?,
    };
    let padding = "x".repeat(load.bytes.saturating_sub(text.len()));
    match load.audience {
        _ if padding.is_empty() => Ok(text),
        Audience::All => alert(stamp, padding).wire_body(),
        Audience::One(users) => session_started(stamp, users, padding).wire_body(),
    }
}

fn alert(stamp: Stamp, message: String) -> SystemAlertTriggered {
    let id = stamp.id().to_string();
    SystemAlertTriggered {
        event_type: SystemAlertTriggered::TYPE,
        event_id: id.clone(),
        timestamp: now(),
        correlation_id: id,
        causation_id: None,
        user_id: None,
        metadata: metadata(),
        alert_type: "BENCH".to_owned(),
        severity: "low".to_owned(),
        message,
        affected_services: Vec::new(),
    }
}

fn session_started(stamp: Stamp, users: u64, topic: String) -> SessionStarted {
    let id = stamp.id().to_string();
    SessionStarted {
        event_type: SessionStarted::TYPE,
        event_id: id.clone(),
        timestamp: now(),
        correlation_id: id.clone(),
        causation_id: None,
        user_id: user(scatter(stamp.number.into(), users) as usize),
        metadata: metadata(),
        session_id: id,
        topic,
        estimated_duration_minutes: None,
    }
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::Epoch(now.as_nanos() as i128)
}

fn metadata() -> LearningMetadata {
    LearningMetadata {
        source: "bench".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        environment: "bench".to_owned(),
        region: "local".to_owned(),
        schema_version: "1.0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn load(audience: Audience, rate: u32, bytes: usize) -> Load {
        Load { audience, rate, seconds: 1, bytes }
    }

    fn publisher(rate: u32) -> Publisher {
        let load = load(Audience::All, rate, 0);
        Publisher { http: reqwest::Client::new(), url: String::new(), token: String::new(), load }
    }

    #[test]
    fn an_event_is_due_at_its_moment_and_not_before() {
        for rate in [1, 3, 1_000, 7_919, 1_000_000] {
            let publisher = publisher(rate);
            for number in [0, 1, 2, 999, 1_000_000] {
                // The moment is rounded down to a nanosecond.
                let moment = publisher.moment(number) + Duration::from_nanos(1);
                assert_eq!(publisher.due_by(moment), number + 1, "event {number} at {rate}/s");
            }
        }
    }

    #[test]
    fn every_event_is_one_that_the_catalogue_knows_and_of_the_size_that_was_asked() {
        for (audience, event_type) in
            [(Audience::All, SystemAlertTriggered::TYPE), (Audience::One(7), SessionStarted::TYPE)]
        {
            let stamp = Stamp { run: 1, number: 2, due_us: 3 };
            let text = body(&load(audience, 1, 600), stamp).unwrap();
            assert_eq!(text.len(), 600);
            let event: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(Catalogue::builtin().check(event_type, &event), []);
            assert_eq!(Stamp::read(event["eventId"].as_str().unwrap().as_bytes()), Some(stamp));
            let smallest = body(&load(audience, 1, 0), stamp).unwrap().len();
            assert!((300..=512).contains(&smallest), "{smallest}");
        }
    }

    #[test]
    fn every_user_has_a_share() {
        let mut shares = [0; 10];
        (0..10_000).for_each(|number| shares[scatter(number, 10) as usize] += 1);
        assert!(shares.iter().all(|share| (800..1_200).contains(share)), "{shares:?}");
    }
}
