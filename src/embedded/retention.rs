//! Takes away what a topic no longer keeps.
//!
//! The storage can drop whole tables by age, but it goes by when a table was written, and only looks when it writes
//! another: an idle topic would keep its records for ever, and a busy one some of them too long. So the writer looks
//! itself, between two writes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::EmbeddedError;
use super::codec;
use super::compaction::Compaction;
use super::shared::Shared;
use super::topic::{Place, Topic};

/// How many records of one partition go at once, so that no append waits long behind it.
const RECORDS_AT_ONCE: usize = 1_000;

const INTERVAL_MIN: Duration = Duration::from_millis(50);
const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// The longest that a topic made in the meantime waits to be seen.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// When records were last taken away.
pub(super) struct Retention {
    looked_at: Instant,
    /// Whether there was more to take away than was taken.
    is_behind: bool,
    /// The partitions of compacted topics, by their numbers.
    compactions: HashMap<u32, Compaction>,
}

impl Retention {
    pub(super) fn new() -> Self {
        // Behind, so that a log which was closed for long is looked at first thing.
        Self { looked_at: Instant::now(), is_behind: true, compactions: HashMap::new() }
    }

    /// How long nothing needs to be done.
    pub(super) fn due_in(&self, shared: &Shared) -> Duration {
        self.wait(shared).min(IDLE_MAX)
    }

    fn wait(&self, shared: &Shared) -> Duration {
        if self.is_behind {
            return Duration::ZERO;
        }
        let shortest = shared.shortest_retention().unwrap_or(INTERVAL_MAX);
        (shortest / 10).clamp(INTERVAL_MIN, INTERVAL_MAX).saturating_sub(self.looked_at.elapsed())
    }

    /// Takes away some of what is too old, if it is time to look.
    pub(super) fn trim_if_due(&mut self, shared: &Shared, now_ms: i64) {
        if !self.wait(shared).is_zero() {
            return;
        }
        self.looked_at = Instant::now();
        self.is_behind = false;
        for topic in shared.topics() {
            for place in &topic.places {
                match self.clean(shared, &topic, place, now_ms) {
                    Ok(has_more) => self.is_behind |= has_more,
                    Err(err) => tracing::error!(%err, topic = %topic.name, "old records were not taken away"),
                }
            }
        }
    }

    /// Takes away some of what a partition no longer keeps, and says whether there is more.
    fn clean(&mut self, shared: &Shared, topic: &Topic, place: &Place, now_ms: i64) -> Result<bool, EmbeddedError> {
        if topic.settings.compact {
            return self.compactions.entry(place.number).or_default().go_on(shared, place);
        }
        let retention = i64::try_from(topic.settings.retention_ms).unwrap_or(i64::MAX);
        trim(shared, place, now_ms.saturating_sub(retention)).map(|trimmed| trimmed == RECORDS_AT_ONCE)
    }
}

/// Takes away records from before that time and says how many. They go from the start on, up to the first that stays.
fn trim(shared: &Shared, place: &Place, oldest_ms: i64) -> Result<usize, EmbeddedError> {
    let (start, end) = (place.start(), place.end());
    if start >= end {
        return Ok(0);
    }
    let trimmed = shared.with_store(|store| {
        let mut batch = store.buffered();
        let (mut trimmed, mut next) = (0, start);
        for stored in store.records(place.number, start, end).take(RECORDS_AT_ONCE) {
            let (offset, value) = stored?;
            // A record whose time cannot be read cannot be read at all.
            if codec::timestamp_ms(&value).is_some_and(|timestamp_ms| timestamp_ms >= oldest_ms) {
                break;
            }
            store.remove_record(&mut batch, place.number, offset);
            (trimmed, next) = (trimmed + 1, offset + 1);
        }
        if trimmed > 0 {
            // In the same step as the removal: without it an emptied partition would begin at zero again.
            store.put_start(&mut batch, place.number, next);
            batch.commit()?;
            place.set_start(next);
        }
        Ok(trimmed)
    })?;
    if trimmed > 0 {
        shared.written.send_replace(());
    }
    Ok(trimmed)
}
