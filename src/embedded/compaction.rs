//! Keeps the newest record of each key in topics that are compacted.

use std::collections::HashMap;

use bytes::Bytes;

use super::EmbeddedError;
use super::codec::Stored;
use super::shared::Shared;
use super::topic::Place;

/// How many records are looked at in one go, so that no append waits long behind it.
const RECORDS_AT_ONCE: usize = 1_000;

/// How many octets of keys are remembered for one partition. Records of keys beyond that all stay.
const KEY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What one entry costs beside its key.
const ENTRY_BYTES: usize = 64;

/// How far one partition has been looked through, and where each key was last seen.
#[derive(Default)]
pub(super) struct Compaction {
    next: u64,
    newest: HashMap<Bytes, u64>,
    bytes: usize,
}

impl Compaction {
    /// Looks at some more records and takes away older ones of the same keys. Says whether there is more to look at.
    pub(super) fn go_on(&mut self, shared: &Shared, place: &Place) -> Result<bool, EmbeddedError> {
        let (from, end) = (self.next.max(place.start()), place.end());
        if from >= end {
            return Ok(false);
        }
        shared.with_store(|store| {
            let mut batch = store.buffered();
            let mut looked_at = 0;
            for stored in store.records(place.number, from, end).take(RECORDS_AT_ONCE) {
                let (offset, value) = stored?;
                looked_at += 1;
                let key = Stored::decode(Bytes::copy_from_slice(&value)).and_then(|stored| stored.key);
                if let Some(older) = key.and_then(|key| self.see(&key, offset)) {
                    store.remove_record(&mut batch, place.number, older);
                }
                self.next = offset + 1;
            }
            batch.commit()?;
            Ok(looked_at == RECORDS_AT_ONCE)
        })
    }

    /// Remembers where a key is, and gives where it was before.
    fn see(&mut self, key: &Bytes, offset: u64) -> Option<u64> {
        if let Some(newest) = self.newest.get_mut(key) {
            return Some(std::mem::replace(newest, offset));
        }
        if self.bytes < KEY_BYTES_MAX {
            self.bytes += key.len() + ENTRY_BYTES;
            // Copied, because the key would keep its whole record in memory.
            self.newest.insert(Bytes::copy_from_slice(key), offset);
        }
        None
    }
}
