//! What is about to be written in one step: nothing of it counts until the commit.

use std::collections::HashMap;
use std::sync::Arc;

use fjall::OwnedWriteBatch;

use super::codec;
use super::shared::Shared;
use super::store::Store;
use super::topic::{Place, Topic};
use super::writer::{Answers, Progress, Request};
use crate::publish::{Outgoing, PublishError, Written};

/// The largest record that is taken, with its key and headers.
pub(super) const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where a reader stands, seen from the steps that it wants to make.
enum Stands {
    Before,
    Behind,
    Elsewhere,
}

/// What is about to be written in one step.
pub(super) struct Draft<'a> {
    shared: &'a Shared,
    store: &'a Store,
    batch: OwnedWriteBatch,
    now_ms: i64,
    /// The partitions that grow, and what their ends will be.
    ends: HashMap<u32, (Arc<Place>, u64)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(shared: &'a Shared, store: &'a Store, now_ms: i64) -> Self {
        Self { shared, store, batch: store.durable(), now_ms, ends: HashMap::new() }
    }

    /// Adds what was asked for, and says what will have become of it once the draft is committed.
    pub(super) fn add(&mut self, request: &Request) -> Result<Result<Answers, PublishError>, fjall::Error> {
        let topics: Vec<_> = request.records.iter().map(|record| self.check(request, record)).collect();
        if let Some(progress) = &request.progress {
            if let Some(fault) = topics.iter().find_map(|topic| topic.as_ref().err()) {
                return Ok(Err(fault.clone()));
            }
            match self.place_of(progress)? {
                Stands::Before => {}
                Stands::Behind => return Ok(Ok(Answers::new())),
                Stands::Elsewhere => {
                    let fault = format!("the reader `{}` does not stand where it was thought to", progress.reader);
                    return Ok(Err(PublishError::Refused(fault)));
                }
            }
            for step in &progress.steps {
                self.store.put_progress(&mut self.batch, progress.reader, step.partition, step.next);
            }
        }
        // Records without a key that come together stay together, and so in order.
        let mut turns = HashMap::new();
        let mut answers = Answers::with_capacity(topics.len());
        for (record, topic) in request.records.iter().zip(topics) {
            answers.push(topic.map(|topic| {
                let turn = *turns.entry(Arc::clone(&topic.name)).or_insert_with(|| topic.take_turn());
                self.put(&topic, topic.partition_for(record.key.as_ref(), turn), record)
            }));
        }
        Ok(Ok(answers))
    }

    /// Whether those steps are still to be made. A write that was not confirmed may have been made all the same; its
    /// reader asks again, and must not make it twice.
    fn place_of(&self, progress: &Progress) -> Result<Stands, fjall::Error> {
        let (mut is_before, mut is_behind) = (true, true);
        for step in &progress.steps {
            let stands = self.store.progress(progress.reader, step.partition)?;
            is_before &= stands == step.from;
            is_behind &= stands == Some(step.next);
        }
        Ok(match (is_before, is_behind) {
            (true, _) => Stands::Before,
            (false, true) => Stands::Behind,
            (false, false) => Stands::Elsewhere,
        })
    }

    fn check(&self, request: &Request, record: &Outgoing) -> Result<Arc<Topic>, PublishError> {
        let weight = codec::weight(record);
        // A reader's own records are as large as what it read, and must not get stuck behind a limit for others.
        if request.progress.is_none() && weight > RECORD_BYTES_MAX {
            return Err(PublishError::Refused(format!(
                "it has {weight} octets, and the embedded log takes at most {RECORD_BYTES_MAX}"
            )));
        }
        let topic = self.shared.topic(&record.topic);
        let topic = topic.ok_or_else(|| PublishError::UnknownTopic(record.topic.to_string()))?;
        if request.progress.is_none() && topic.settings.compact && record.key.is_none() {
            return Err(PublishError::Refused(format!(
                "topic `{}` keeps the newest of each key, and it has no key",
                topic.name
            )));
        }
        Ok(topic)
    }

    fn put(&mut self, topic: &Topic, partition: usize, record: &Outgoing) -> Written {
        let place = &topic.places[partition];
        let (_, end) = self.ends.entry(place.number).or_insert_with(|| (Arc::clone(place), place.end()));
        let offset = *end;
        *end += 1;
        self.store.put_record(&mut self.batch, place.number, offset, codec::encode(record, self.now_ms));
        Written { topic: Arc::clone(&topic.name), partition: place.partition.number, offset }
    }

    /// Brings it to disk, and only then shows it to readers.
    pub(super) fn commit(self) -> Result<(), fjall::Error> {
        #[cfg(test)]
        self.shared.fail_for_test(super::testing::Fault::NothingIsWritten)?;
        self.batch.commit()?;
        #[cfg(test)]
        self.shared.fail_for_test(super::testing::Fault::WritesAreNotConfirmed)?;
        #[cfg(test)]
        self.shared.commits.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        for (place, end) in self.ends.values() {
            place.set_end(*end);
        }
        self.shared.written.send_replace(());
        Ok(())
    }
}
