//! The one thread that writes: what many callers ask for at the same time becomes one write and one sync.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::directory;
use super::draft::Draft;
use super::error::reason;
use super::retention::Retention;
use super::shared::Shared;
use super::store::Store;
use crate::publish::{Outgoing, PublishError, Written};

/// How much one write takes together; what comes beyond waits for the next.
const WRITE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long the files are left alone after a failure before they are opened again.
const REOPEN_INTERVAL: Duration = Duration::from_secs(1);

/// What came of each record, in order.
pub(super) type Answers = Vec<Result<Written, PublishError>>;

/// How far a reader comes in one partition: it has done with everything before `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The partition's number among all partitions of the log.
    pub(crate) partition: u32,
    /// Where it stood; `None` where it was never before.
    pub(crate) from: Option<u64>,
    /// Where it stands then.
    pub(crate) next: u64,
}

/// How far a reader of that name comes.
pub(super) struct Progress {
    pub(super) reader: &'static str,
    pub(super) steps: Vec<Step>,
}

/// Something to be written, and who waits for it.
pub(super) struct Request {
    pub(super) records: Vec<Outgoing>,
    /// How far a reader comes, written together with the records that it makes: all of it or nothing, and only once.
    pub(super) progress: Option<Progress>,
    /// Gets what came of it: each record's outcome, or why nothing at all was written.
    pub(super) answer: oneshot::Sender<Result<Answers, PublishError>>,
    pub(super) bytes: usize,
    /// Given back once the request is done with: what bounds the octets that wait.
    pub(super) _room: OwnedSemaphorePermit,
}

/// The one thread that writes.
pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: Receiver<Request>,
    retention: Retention,
    failed_at: Option<Instant>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, queue: Receiver<Request>) -> Self {
        Self { shared, queue, retention: Retention::new(), failed_at: None }
    }

    /// Writes until nobody can ask for anything any more.
    pub(super) fn run(mut self) {
        let _tells = TellsOfPanic(Arc::clone(&self.shared));
        loop {
            match self.queue.recv_timeout(self.idle_time()) {
                Ok(first) => self.write(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.failed_at.is_some_and(|at| at.elapsed() >= REOPEN_INTERVAL) {
                self.reopen();
            }
            if self.failed_at.is_none() {
                self.retention.trim_if_due(&self.shared, now_ms());
            }
        }
        if let Err(err) = self.shared.with_store(Store::persist) {
            tracing::error!(%err, "the embedded log was not brought to disk when it was closed");
        }
    }

    fn idle_time(&self) -> Duration {
        let after_failure = self.failed_at.map(|at| REOPEN_INTERVAL.saturating_sub(at.elapsed()));
        after_failure.unwrap_or_else(|| self.retention.due_in(&self.shared))
    }

    fn write(&mut self, first: Request) {
        let mut bytes = first.bytes;
        let mut requests = vec![first];
        while bytes < WRITE_BYTES_MAX
            && let Ok(next) = self.queue.try_recv()
        {
            bytes += next.bytes;
            requests.push(next);
        }
        let outcomes = self.commit(&requests).unwrap_or_else(|reason| {
            self.fail(&reason);
            let unavailable = PublishError::Unavailable(format!("the embedded log cannot be written: {reason}"));
            requests.iter().map(|_| Err(unavailable.clone())).collect()
        });
        for (request, outcome) in requests.into_iter().zip(outcomes) {
            // Who asked may have stopped waiting.
            let _ = request.answer.send(outcome);
        }
    }

    /// Writes all requests at once; callers hear of it only when it is on disk.
    fn commit(&self, requests: &[Request]) -> Result<Vec<Result<Answers, PublishError>>, String> {
        if self.failed_at.is_some() {
            return Err(self.last_failure());
        }
        let store = self.shared.store.read();
        let store = store.as_ref().ok_or_else(|| self.last_failure())?;
        let mut draft = Draft::new(&self.shared, store, now_ms());
        let outcomes = requests.iter().map(|request| draft.add(request)).collect::<Result<_, _>>();
        let outcomes = outcomes.map_err(|err| reason(&err))?;
        draft.commit().map_err(|err| reason(&err))?;
        Ok(outcomes)
    }

    fn last_failure(&self) -> String {
        self.shared.failure.borrow().as_deref().unwrap_or("its files are not open").to_owned()
    }

    fn fail(&mut self, reason: &str) {
        if self.failed_at.is_none() {
            self.failed_at = Some(Instant::now());
            tracing::error!(path = %self.shared.path.display(), reason, "the embedded log cannot be written");
            self.shared.failure.send_replace(Some(reason.into()));
        }
    }

    /// Only the files know what a failed write has left: they are closed, opened and read again, as after a restart.
    fn reopen(&mut self) {
        match self.opened_again() {
            Ok(()) => {
                self.failed_at = None;
                tracing::info!(path = %self.shared.path.display(), "the embedded log can be written again");
                self.shared.failure.send_replace(None);
                self.shared.written.send_replace(());
            }
            Err(err) => {
                self.failed_at = Some(Instant::now());
                self.shared.failure.send_replace(Some(reason(&err).into()));
            }
        }
    }

    fn opened_again(&self) -> Result<(), fjall::Error> {
        let mut slot = self.shared.store.write();
        *slot = None;
        let store = directory::reopen(&self.shared.path)?;
        #[cfg(test)]
        self.shared.fail_for_test(super::testing::Fault::NothingIsWritten)?;
        store.probe()?;
        for place in self.shared.topics().iter().flat_map(|topic| &topic.places) {
            let (start, end) = store.bounds(place.number)?;
            place.set_start(start);
            place.set_end(end);
        }
        *slot = Some(store);
        Ok(())
    }
}

/// Says that nothing can be written any more when the thread dies of a panic.
struct TellsOfPanic(Arc<Shared>);

impl Drop for TellsOfPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failure.send_replace(Some("its writer has stopped; restart sluice".into()));
        }
    }
}

/// The time of records that are written now, in milliseconds since 1970.
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
