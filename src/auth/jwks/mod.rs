//! The issuer's keys, fetched from its JWKS URL and kept fresh.
//!
//! One loop does all fetching, so there is never more than one request under way. What it last fetched is used until
//! it fetches something better: an issuer that is down shuts nobody out who has a token.

mod document;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::header::ACCEPT;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::keys::Key;
use crate::health::Part;
use crate::metrics;

/// The largest document that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How often and how long things are tried.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// How often the keys are read when all is well.
    pub(super) refresh: Duration,
    /// The least time between two fetches that tokens asked for.
    pub(super) forced_min: Duration,
    /// How long to wait after the first failure; doubled after each further one, up to [`RETRY_MAX`].
    pub(super) retry: Duration,
    /// How long one fetch may take, from the connection to the last octet.
    pub(super) timeout: Duration,
}

const RETRY_MAX: Duration = Duration::from_secs(30);

impl Pace {
    pub(super) fn new(refresh: Duration) -> Self {
        Self {
            refresh,
            forced_min: Duration::from_secs(10),
            retry: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
        }
    }
}

/// What is known of the issuer's keys.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The keys that were last fetched; none where that has never worked.
    pub(super) keys: Option<Arc<[Key]>>,
    /// How many fetches in a row have failed.
    pub(super) failures: u32,
    /// The number of the last request by [`Jwks::refetch`] that a fetch began and ended after.
    served: u64,
    running: bool,
}

/// Fetches that tokens asked for.
#[derive(Debug, Default)]
struct Forced {
    last: Option<Instant>,
    requested: u64,
}

/// The issuer's keys.
#[derive(Debug)]
pub(super) struct Jwks {
    address: Url,
    client: reqwest::Client,
    pace: Pace,
    state: watch::Sender<State>,
    forced: Mutex<Forced>,
    wanted: Notify,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the issuer cannot be reached: {0}")]
    Unreachable(String),
    #[error("the issuer answers with status {0}; the address must give the document itself, without a redirect")]
    Status(u16),
    #[error("the document has more than {BODY_BYTES_MAX} octets")]
    TooLarge,
    #[error("the document is no JWKS: {0}")]
    Document(#[from] document::DocumentError),
}

impl From<reqwest::Error> for FetchError {
    fn from(err: reqwest::Error) -> Self {
        let err = err.without_url();
        let mut text = err.to_string();
        let mut cause = std::error::Error::source(&err);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        Self::Unreachable(text)
    }
}

impl Jwks {
    /// Redirects are off: keys come from where the config says, and nowhere else.
    pub(super) fn new(address: Url, pace: Pace) -> Result<Self, reqwest::Error> {
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(pace.timeout).build()?;
        let state = watch::Sender::new(State::default());
        Ok(Self { address, client, pace, state, forced: Mutex::default(), wanted: Notify::new() })
    }

    /// What is known now.
    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Follows what is known.
    #[cfg(test)]
    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Fetches once, then goes on in a task of its own until shutdown.
    pub(super) async fn start(self: Arc<Self>, part: Option<Part>, shutdown: CancellationToken) {
        let begun = self.state.send_if_modified(|state| !std::mem::replace(&mut state.running, true));
        if !begun {
            return;
        }
        if self.address.scheme() == "http" {
            tracing::warn!(
                host = self.address.host_str(),
                "the issuer's keys come over plain HTTP: whoever can change them on the way can sign in as anybody"
            );
        }
        self.update(part.as_ref(), &shutdown).await;
        tokio::spawn(self.run(part, shutdown));
    }

    async fn run(self: Arc<Self>, part: Option<Part>, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(self.pause()) => {}
                () = self.wanted.notified() => {}
            }
            self.update(part.as_ref(), &shutdown).await;
        }
        self.state.send_modify(|state| state.running = false);
    }

    fn pause(&self) -> Duration {
        match self.state.borrow().failures {
            0 => self.pace.refresh,
            failures => {
                let doublings = (failures - 1).min(16);
                self.pace.retry.saturating_mul(1 << doublings).min(RETRY_MAX).min(self.pace.refresh)
            }
        }
    }

    async fn update(&self, part: Option<&Part>, shutdown: &CancellationToken) {
        let serving = self.forced.lock().requested;
        let fetched = tokio::select! {
            () = shutdown.cancelled() => return,
            fetched = self.fetch() => fetched,
        };
        metrics::jwks_fetched(fetched.is_ok());
        if let Err(err) = &fetched {
            tracing::warn!(host = self.address.host_str(), "the keys of the issuer could not be fetched: {err}");
        }
        self.state.send_modify(|state| {
            state.served = serving;
            match &fetched {
                Ok(keys) => {
                    state.keys = Some(Arc::clone(keys));
                    state.failures = 0;
                }
                Err(_) => state.failures = state.failures.saturating_add(1),
            }
        });
        let usable = self.state.borrow().keys.is_some();
        match (part, fetched) {
            // Tokens can still be checked with the keys from before, so the part works.
            (Some(part), _) if usable => part.up(),
            (Some(part), Err(err)) => part.down(format!("no token can be checked: {err}")),
            _ => {}
        }
    }

    async fn fetch(&self) -> Result<Arc<[Key]>, FetchError> {
        let mut response = self.client.get(self.address.clone()).header(ACCEPT, "application/json").send().await?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(document::parse(&body)?.into())
    }

    /// Has the keys fetched again, unless that was done moments ago, and waits for it. However many ask, and however
    /// often, there is one fetch per [`Pace::forced_min`].
    pub(super) async fn refetch(&self) {
        let mut state = self.state.subscribe();
        let number = {
            let mut forced = self.forced.lock();
            if forced.last.is_none_or(|last| last.elapsed() >= self.pace.forced_min) {
                forced.last = Some(Instant::now());
                forced.requested += 1;
                self.wanted.notify_one();
            }
            forced.requested
        };
        let served = state.wait_for(|state| state.served >= number || !state.running);
        // A fetch that was under way when this one was asked for goes first.
        let _ = tokio::time::timeout(self.pace.timeout * 2, served).await;
    }
}
