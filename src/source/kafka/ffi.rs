//! The few things that only librdkafka's C interface has: topic ids, leader epochs, and header names of any octets.
#![allow(unsafe_code, reason = "the safe crate lacks these calls; no other file of this crate has unsafe code")]

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::TopicPartitionList;
use rdkafka::client::NativeClient;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka_sys as sys;
use uuid::Uuid;

/// How long a search for any broker that answers may hold up its caller.
const ANY_BROKER_TIMEOUT: Duration = Duration::from_millis(500);

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

/// A queue of a client's answers.
#[derive(Debug)]
struct Queue<'a> {
    client: Client<'a>,
    queue: ptr::NonNull<sys::rd_kafka_queue_t>,
}

/// A borrowed client.
#[derive(Clone, Copy)]
struct Client<'a>(&'a NativeClient);

impl Client<'_> {
    fn ptr(&self) -> *mut sys::rd_kafka_t {
        self.0.ptr()
    }
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl<'a> Queue<'a> {
    fn new(client: &'a NativeClient) -> Self {
        // SAFETY: the client is valid while borrowed, and the queue is given back before the borrow ends.
        let queue = unsafe { sys::rd_kafka_queue_new(client.ptr()) };
        let queue = ptr::NonNull::new(queue).expect("librdkafka aborts rather than give no memory");
        Self { client: Client(client), queue }
    }

    /// What `read` copies out of the next event, if one comes within `wait`.
    fn poll<T>(&self, wait: Duration, read: impl FnOnce(*mut sys::rd_kafka_event_t) -> T) -> Option<T> {
        let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is valid until this value is dropped.
        let event = unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), wait_ms) };
        let event = ptr::NonNull::new(event)?;
        let value = read(event.as_ptr());
        // SAFETY: the event is this call's own, and nothing of it is used any more.
        unsafe { sys::rd_kafka_event_destroy(event.as_ptr()) };
        Some(value)
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        // SAFETY: the queue was made by this value, is used by nobody else, and the client is alive: it is borrowed.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

/// Asks the brokers for topics without waiting for the answer; one question at a time.
#[derive(Debug)]
pub(crate) struct TopicQuery<'a> {
    answers: Queue<'a>,
    is_asked: bool,
    /// The broker to ask; none: the cluster's controller.
    broker: Option<i32>,
}

impl<'a> TopicQuery<'a> {
    /// A query that nobody has asked yet.
    pub(crate) fn new(client: &'a NativeClient) -> Self {
        Self { answers: Queue::new(client), is_asked: false, broker: None }
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
        let client = self.answers.client.ptr();
        // SAFETY: client and queue are valid; the names outlive the call, which copies them; the collection and the
        // options are given back after the call, which copies them too. An option that is refused keeps its default.
        unsafe {
            let collection = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
            let options = sys::rd_kafka_AdminOptions_new(client, operation);
            sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ptr::null_mut(), 0);
            if let Some(broker) = self.broker {
                sys::rd_kafka_AdminOptions_set_broker(options, broker, ptr::null_mut(), 0);
            }
            sys::rd_kafka_DescribeTopics(client, collection, options, self.answers.queue.as_ptr());
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
        let answer = self.answers.poll(wait, |event| {
            // SAFETY: the event is valid during the call, and what is read is copied.
            unsafe { read_answer(event) }
        })?;
        self.is_asked = false;
        if answer.is_err() {
            // A cluster may have no controller at the moment while its brokers serve records.
            self.broker = self.any_broker();
        }
        Some(answer)
    }

    /// A broker that answers now.
    fn any_broker(&self) -> Option<i32> {
        let mut metadata = ptr::null();
        let timeout_ms = i32::try_from(ANY_BROKER_TIMEOUT.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the client is valid, and the place for the answer outlives the call.
        let code = unsafe {
            sys::rd_kafka_metadata(self.answers.client.ptr(), 0, ptr::null_mut(), &raw mut metadata, timeout_ms)
        };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        // SAFETY: librdkafka gave a valid answer, which is given back once it is read.
        let broker = unsafe {
            let broker = (*metadata).orig_broker_id;
            sys::rd_kafka_metadata_destroy(metadata);
            broker
        };
        Some(broker).filter(|broker| *broker >= 0)
    }
}

/// Commits offsets of a group without waiting for the answer; one commit at a time.
#[derive(Debug)]
pub(crate) struct Committer<'a> {
    answers: Queue<'a>,
}

impl<'a> Committer<'a> {
    /// One that has nothing on its way.
    pub(crate) fn new(client: &'a NativeClient) -> Self {
        Self { answers: Queue::new(client) }
    }

    /// Sends the commit.
    ///
    /// # Errors
    /// When it cannot even be sent.
    pub(crate) fn send(&self, offsets: &TopicPartitionList) -> Result<(), RDKafkaErrorCode> {
        // SAFETY: client, offsets and queue are valid; librdkafka copies the offsets, and without a callback the answer
        // only goes to the queue.
        let code = unsafe {
            sys::rd_kafka_commit_queue(
                self.answers.client.ptr(),
                offsets.ptr(),
                self.answers.queue.as_ptr(),
                None,
                ptr::null_mut(),
            )
        };
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR { Ok(()) } else { Err(code.into()) }
    }

    /// The answer, if it is there.
    pub(crate) fn answer(&self) -> Option<Result<(), String>> {
        self.answers.poll(Duration::ZERO, |event| {
            // SAFETY: the event is valid during the call, and its text as long.
            unsafe { read_error(event) }
        })
    }
}

/// Copies an event's error, if it has one.
///
/// # Safety
/// The event must be valid.
unsafe fn read_error(event: *mut sys::rd_kafka_event_t) -> Result<(), String> {
    // SAFETY: the event is valid by the caller's word, and its text lives as long.
    unsafe {
        if sys::rd_kafka_event_error(event) == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        Err(CStr::from_ptr(sys::rd_kafka_event_error_string(event)).to_string_lossy().into_owned())
    }
}

/// Copies the topics that an event tells of.
///
/// # Safety
/// The event must be valid.
unsafe fn read_answer(event: *mut sys::rd_kafka_event_t) -> Result<Vec<TopicDescription>, String> {
    // SAFETY: the event is valid by the caller's word; its result lives as long as it does, and the array has `count`
    // valid descriptions.
    unsafe {
        read_error(event)?;
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
