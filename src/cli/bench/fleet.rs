//! All connections of a run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::{StreamExt, stream};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::args::FleetArguments;
use super::client::Client;
use super::progress::Progress;
use super::tally::{Tally, histogram};
use super::target::Target;

/// How many connections are being opened at the same time.
const OPENING_MAX: usize = 64;

/// Open files beside the connections.
const OTHER_FILES: u64 = 64;

/// All connections of a run.
#[derive(Debug)]
pub(super) struct Fleet {
    clients: TaskTracker,
    stop: CancellationToken,
    lost: Arc<Mutex<Lost>>,
    /// How long each took to be connected and subscribed, in microseconds.
    pub(super) opening: Histogram<u64>,
    /// How long all took together.
    pub(super) opened_in: Duration,
}

/// Connections that ended before the run did.
#[derive(Clone, Debug, Default)]
pub(super) struct Lost {
    /// How many.
    pub(super) count: u64,
    /// How the first of them ended.
    pub(super) first: Option<String>,
}

/// The user of a connection.
pub(super) fn user(number: usize) -> String {
    format!("bench-{number}")
}

impl Fleet {
    /// Opens all connections, each subscribed to the destinations; what they get is counted from then on.
    pub(super) async fn open(
        target: &Target,
        arguments: &FleetArguments,
        destinations: &[&str],
        tally: &Arc<Tally>,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        let connections = arguments.connections as usize;
        check_open_files(connections as u64)?;
        let begun = Instant::now();
        let mut opening = stream::iter(0..connections)
            .map(async |number| {
                let begun = Instant::now();
                let client = Client::open(target, &user(number), arguments.heartbeat, destinations).await;
                let client = client.with_context(|| format!("connection {} of {connections}", number + 1))?;
                anyhow::Ok((number, client, begun.elapsed()))
            })
            .buffer_unordered(OPENING_MAX);
        let mut fleet = Self {
            clients: TaskTracker::new(),
            stop: CancellationToken::new(),
            lost: Arc::default(),
            opening: histogram(),
            opened_in: Duration::ZERO,
        };
        while let Some(opened) = opening.next().await {
            let (number, client, took) = opened?;
            fleet.opening.saturating_record(took.as_micros() as u64);
            fleet.listen(number, client, Arc::clone(tally));
            progress.show(|| format!("connected {} of {connections}", fleet.opening.len()));
        }
        fleet.clients.close();
        fleet.opened_in = begun.elapsed();
        Ok(fleet)
    }

    fn listen(&self, number: usize, client: Client, tally: Arc<Tally>) {
        let (stop, lost) = (self.stop.clone(), Arc::clone(&self.lost));
        self.clients.spawn(async move {
            if let Err(error) = client.listen(number, &tally, &stop).await {
                let mut lost = lost.lock();
                lost.count += 1;
                lost.first.get_or_insert_with(|| format!("{error:#}"));
            }
        });
    }

    /// The connections that ended so far.
    pub(super) fn lost(&self) -> Lost {
        self.lost.lock().clone()
    }

    /// Ends all connections.
    pub(super) async fn close(self) {
        self.stop.cancel();
        self.clients.wait().await;
    }
}

/// Says at once what the thousandth connection would run into.
fn check_open_files(connections: u64) -> anyhow::Result<()> {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(limit) = open_files(&limits) else { return Ok(()) };
    anyhow::ensure!(
        connections + OTHER_FILES <= limit,
        "--connections {connections}: this process may have {limit} files open; raise it (ulimit -n {}) or ask for less",
        connections + OTHER_FILES
    );
    Ok(())
}

/// The soft limit in `/proc/PID/limits`; `None` where there is none.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_on_open_files_is_read() {
        let limits = "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024        4096   files\n";
        assert_eq!(open_files(limits), Some(1_024));
        assert_eq!(open_files("Max open files  unlimited unlimited files"), None);
        assert_eq!(open_files(""), None);
    }
}
