//! Copies a record out of librdkafka's memory.

use std::sync::Arc;

use bytes::Bytes;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use super::ffi;
use crate::record::{Partition, Position, Record};

/// A copy of a record; a borrowed one would keep the whole fetch that it came in.
pub(crate) fn copy(message: &BorrowedMessage<'_>, partition: Arc<Partition>) -> Record {
    Record {
        position: Position {
            partition,
            epoch: ffi::leader_epoch(message),
            number: u128::try_from(message.offset()).unwrap_or_default(),
        },
        timestamp_ms: message.timestamp().to_millis().unwrap_or_default(),
        key: message.key().map(Bytes::copy_from_slice),
        headers: ffi::headers(message),
        body: message.payload().map(Bytes::copy_from_slice),
    }
}
