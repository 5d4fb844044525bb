//! The few things that only librdkafka's C interface has: topic ids, leader epochs, and header names of any octets.
#![allow(unsafe_code, reason = "the safe crate lacks these calls; no other file of this crate has unsafe code")]

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::client::NativeClient;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka_sys as sys;
use uuid::Uuid;

/// The leader epoch that a record was written in; -1 where the broker told none.
pub(crate) fn leader_epoch(message: &BorrowedMessage<'_>) -> i32 {
    // SAFETY: the pointer is valid for as long as the message is borrowed.
    unsafe { sys::rd_kafka_message_leader_epoch(message.ptr()) }
}

/// The headers in their order. A name that is not UTF-8 is kept as far as it is; a header without a value is empty.
pub(crate) fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, Bytes)> {
    let mut list = ptr::null_mut();
    // SAFETY: the message is valid while borrowed, and the list belongs to it.
    if unsafe { sys::rd_kafka_message_headers(message.ptr(), &raw mut list) }
        != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
    {
        return Vec::new();
    }
    // SAFETY: the list is valid while the message is.
    let count = unsafe { sys::rd_kafka_header_cnt(list) };
    let mut headers = Vec::with_capacity(count);
    for index in 0..count {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the list is valid, the index below its count, and the three places outlive the call.
        let code = unsafe { sys::rd_kafka_header_get_all(list, index, &raw mut name, &raw mut value, &raw mut size) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            break;
        }
        // SAFETY: a header's name is a C string that lives as long as the message.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
        let value = if value.is_null() {
            Bytes::new()
        } else {
            // SAFETY: librdkafka gives `size` octets at `value`, alive as long as the message.
            Bytes::copy_from_slice(unsafe { std::slice::from_raw_parts(value.cast::<u8>(), size) })
        };
        headers.push((name, value));
    }
    headers
}

/// What the brokers say of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicDescription {
    /// Its name.
    pub(crate) name: String,
    /// Its identity, or why the brokers do not tell.
    pub(crate) outcome: Result<TopicIdentity, RDKafkaErrorCode>,
}

/// A topic that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicIdentity {
    /// The topic's id; nil where the brokers have none.
    pub(crate) id: Uuid,
    /// How many partitions it has.
    pub(crate) partitions: i32,
    /// Those of them that no broker leads at the moment.
    pub(crate) leaderless: Vec<i32>,
}

/// Asks the brokers for topics without waiting for the answer; one question at a time.
pub(crate) struct TopicQuery<'a> {
    client: &'a NativeClient,
    answers: ptr::NonNull<sys::rd_kafka_queue_t>,
    is_asked: bool,
}

impl<'a> TopicQuery<'a> {
    /// A query that nobody has asked yet.
    pub(crate) fn new(client: &'a NativeClient) -> Self {
        // SAFETY: the client is valid while borrowed, and the queue is given back before the borrow ends.
        let answers = unsafe { sys::rd_kafka_queue_new(client.ptr()) };
        let answers = ptr::NonNull::new(answers).expect("librdkafka aborts rather than give no memory");
        Self { client, answers, is_asked: false }
    }

    /// Whether an answer is still to come.
    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Sends the question; the answer comes within `timeout`, if only to say that there is none.
    pub(crate) fn ask(&mut self, topics: &[String], timeout: Duration) {
        let names: Vec<CString> = topics.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
        let mut names: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: client and queue are valid; the names outlive the call, which copies them; the collection and the
        // options are given back after the call, which copies them too. A timeout that is refused leaves the default.
        unsafe {
            let collection = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            let options = sys::rd_kafka_AdminOptions_new(
                self.client.ptr(),
                sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            );
            sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ptr::null_mut(), 0);
            sys::rd_kafka_DescribeTopics(self.client.ptr(), collection, options, self.answers.as_ptr());
            sys::rd_kafka_AdminOptions_destroy(options);
            sys::rd_kafka_TopicCollection_destroy(collection);
        }
        self.is_asked = true;
    }

    /// The answer, if it comes within `wait`; an error where the brokers did not answer.
    pub(crate) fn answer(&mut self, wait: Duration) -> Option<Result<Vec<TopicDescription>, String>> {
        if !self.is_asked {
            return None;
        }
        let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is valid until this value is dropped.
        let event = unsafe { sys::rd_kafka_queue_poll(self.answers.as_ptr(), wait_ms) };
        let event = ptr::NonNull::new(event)?;
        self.is_asked = false;
        // SAFETY: the event is valid until it is destroyed, which is after the last use; what is read is copied.
        let answer = unsafe {
            let answer = read_answer(event.as_ptr());
            sys::rd_kafka_event_destroy(event.as_ptr());
            answer
        };
        Some(answer)
    }
}

impl Drop for TopicQuery<'_> {
    fn drop(&mut self) {
        // SAFETY: the queue was made by this value, is used by nobody else, and the client is alive: it is borrowed.
        unsafe { sys::rd_kafka_queue_destroy(self.answers.as_ptr()) }
    }
}

/// Copies what an event says.
///
/// # Safety
/// The event must be valid.
unsafe fn read_answer(event: *mut sys::rd_kafka_event_t) -> Result<Vec<TopicDescription>, String> {
    // SAFETY: the event is valid by the caller's word; its texts and its result live as long as it does, and the
    // array has `count` valid descriptions.
    unsafe {
        if sys::rd_kafka_event_error(event) != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(CStr::from_ptr(sys::rd_kafka_event_error_string(event)).to_string_lossy().into_owned());
        }
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err("an answer to another question".to_owned());
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        Ok((0..count).map(|index| read_topic(*topics.add(index))).collect())
    }
}

/// Copies one description.
///
/// # Safety
/// The description must be valid.
unsafe fn read_topic(topic: *const sys::rd_kafka_TopicDescription_t) -> TopicDescription {
    // SAFETY: the description is valid by the caller's word, and all that it points to lives as long as it does.
    unsafe {
        let name = CStr::from_ptr(sys::rd_kafka_TopicDescription_name(topic)).to_string_lossy().into_owned();
        let code = sys::rd_kafka_error_code(sys::rd_kafka_TopicDescription_error(topic));
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return TopicDescription { name, outcome: Err(code.into()) };
        }
        let mut count = 0;
        let partitions = sys::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        let leaderless = (0..count)
            .map(|index| *partitions.add(index))
            .filter(|partition| sys::rd_kafka_TopicPartitionInfo_leader(*partition).is_null())
            .map(|partition| sys::rd_kafka_TopicPartitionInfo_partition(partition))
            .collect();
        let id = sys::rd_kafka_TopicDescription_topic_id(topic);
        let id = Uuid::from_u64_pair(
            sys::rd_kafka_Uuid_most_significant_bits(id).cast_unsigned(),
            sys::rd_kafka_Uuid_least_significant_bits(id).cast_unsigned(),
        );
        let identity = TopicIdentity { id, partitions: i32::try_from(count).unwrap_or(i32::MAX), leaderless };
        TopicDescription { name, outcome: Ok(identity) }
    }
}
