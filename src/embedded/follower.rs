//! Reads topics from a position on, each partition in its order, and waits for what is written next.

use std::sync::Arc;

use tokio::sync::watch;

use super::EmbeddedError;
use super::shared::{Chunk, Shared};
use super::topic::Place;
use crate::record::Record;

/// How many octets one batch holds, give or take a record.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Reads topics from a position on. It goes by position and not by what it is told, so a slow one misses nothing.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    written: watch::Receiver<()>,
    /// Topics that the log does not have yet.
    missing: Vec<String>,
    places: Vec<(Arc<Place>, u64)>,
    /// The partition whose turn it is to be read first, so that a busy one starves none.
    turn: usize,
}

impl Follower {
    /// Begins in each partition where `from` says. Topics that are made later are read from their beginning.
    pub(super) fn new(shared: Arc<Shared>, topics: &[String], from: impl Fn(&Place) -> u64) -> Self {
        let written = shared.written.subscribe();
        let mut follower = Self { shared, written, missing: Vec::new(), places: Vec::new(), turn: 0 };
        for name in topics {
            match follower.shared.topic(name) {
                Some(topic) => {
                    follower.places.extend(topic.places.iter().map(|place| (Arc::clone(place), from(place))))
                }
                None => follower.missing.push(name.clone()),
            }
        }
        follower
    }

    /// The next records of one partition, at most so many, as soon as there are some. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self, records_max: usize) -> Result<Vec<Record>, EmbeddedError> {
        loop {
            // Before looking: what is written from here on wakes the wait below.
            self.written.borrow_and_update();
            if self.shared.is_closed() {
                return Err(EmbeddedError::Closed);
            }
            self.find_missing();
            while let Some(index) = self.next_place() {
                let (place, from) = &self.places[index];
                let (place, from) = (Arc::clone(place), *from);
                let chunk = self.read(Arc::clone(&place), from, records_max).await?;
                tell_of_hole(&place, from, &chunk);
                self.places[index].1 = chunk.next;
                self.turn = index + 1;
                if !chunk.records.is_empty() {
                    return Ok(chunk.records);
                }
            }
            self.written.changed().await.map_err(|_| EmbeddedError::Closed)?;
        }
    }

    /// Passes over one record that cannot be read.
    pub(crate) fn pass(&mut self, topic: &str, partition: i32, offset: u64) {
        for (place, next) in &mut self.places {
            if &*place.partition.topic == topic && place.partition.number == partition {
                *next = offset + 1;
            }
        }
    }

    /// Every partition and how far it has been read.
    pub(crate) fn places(&self) -> &[(Arc<Place>, u64)] {
        &self.places
    }

    async fn read(&self, place: Arc<Place>, from: u64, records_max: usize) -> Result<Chunk, EmbeddedError> {
        let shared = Arc::clone(&self.shared);
        let read = move || shared.read(&place, from, records_max, BATCH_BYTES_MAX);
        tokio::task::spawn_blocking(read).await.map_err(|_| EmbeddedError::Closed)?
    }

    fn next_place(&self) -> Option<usize> {
        let count = self.places.len();
        let has_more = |index: &usize| self.places[*index].1 < self.places[*index].0.end();
        (0..count).map(|step| (self.turn + step) % count).find(has_more)
    }

    fn find_missing(&mut self) {
        let shared = &self.shared;
        let places = &mut self.places;
        self.missing.retain(|name| {
            let topic = shared.topic(name);
            places.extend(topic.iter().flat_map(|topic| &topic.places).map(|place| (Arc::clone(place), 0)));
            topic.is_none()
        });
    }
}

/// Records that were taken away before a slow reader came to them are lost to it, and that must be seen.
fn tell_of_hole(place: &Place, from: u64, chunk: &Chunk) {
    let until = place.start().min(chunk.next);
    if until > from {
        let (topic, partition, records) = (&place.partition.topic, place.partition.number, until - from);
        tracing::warn!(%topic, partition, records, "records were past their retention before they were read");
    }
}
