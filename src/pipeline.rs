//! The spine: source, decode, route, hub.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::auth::ClientTopics;
use crate::client_message::ClientMessage;
use crate::config::Config;
use crate::dead_letter::{Judge, Refusal};
use crate::decode::Decoder;
use crate::hub::{self, Hub};
use crate::metrics;
use crate::record::Record;
use crate::route::RouteTable;
use crate::source::Tail;

/// Octets of records that are delivered in one go, before the sessions get their turn.
const BURST_BYTES: usize = 16 * 1024;

/// What a record costs in an outbox beside its body.
const RECORD_OVERHEAD_BYTES: usize = 256;

/// What turns a record into messages.
#[derive(Debug)]
pub struct Pipeline {
    decoder: Arc<Decoder>,
    routes: RouteTable,
    hub: Arc<Hub>,
    /// Topics on which an event without a route is a dead letter.
    must_route: Vec<String>,
    /// Topics of what clients send, which bypasses decoders and routes.
    client_topics: ClientTopics,
}

impl Pipeline {
    /// A pipeline into that hub.
    pub fn new(config: &Config, decoder: Arc<Decoder>, routes: RouteTable, hub: Arc<Hub>) -> Self {
        let must_route = config.read_topics().filter(|(_, topic)| topic.must_route).map(|(name, _)| name.to_owned());
        let client_topics = ClientTopics::new(&config.access);
        Self { decoder, routes, hub, must_route: must_route.collect(), client_topics }
    }

    /// Delivers every record of the tail until its reader stops.
    pub async fn run(&self, mut tail: Tail) {
        let mut burst_bytes = 0;
        while let Some(records) = tail.next().await {
            for record in &records {
                self.deliver(record);
                burst_bytes += record.body.as_ref().map_or(0, bytes::Bytes::len) + RECORD_OVERHEAD_BYTES;
                if burst_bytes >= BURST_BYTES {
                    burst_bytes = 0;
                    // Sessions get their turn to empty their outboxes: a burst must not cut a client that reads.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// One record, all the way. The once-per-cluster path keeps what is refused here; live delivery goes on.
    pub fn deliver(&self, record: &Record) {
        if self.client_topics.contains(record.topic()) {
            return self.deliver_client_message(record);
        }
        let event = match self.decoder.decode(record) {
            Ok(event) => event,
            Err(error) => return metrics::record_refused(record.topic(), error.reason()),
        };
        metrics::event_decoded(record.topic());
        let deliveries = self.routes.deliveries(&event, now_ms());
        metrics::event_routed(record.topic(), deliveries.len());
        let deliveries: Vec<hub::Delivery<'_>> = deliveries
            .iter()
            .map(|delivery| hub::Delivery {
                channel: &delivery.channel,
                body: &delivery.body,
                content_type: delivery.content_type,
                priority: delivery.priority,
            })
            .collect();
        self.hub.publish(&event, &deliveries);
    }

    /// What a client sent goes straight to its channel, if a rule still leads from this topic there.
    fn deliver_client_message(&self, record: &Record) {
        let Some(message) = ClientMessage::from_record(record) else {
            return metrics::record_refused(record.topic(), "no-client-message");
        };
        if !self.client_topics.lead_to(record.topic(), &message.destination) {
            return metrics::record_refused(record.topic(), "channel-not-open");
        }
        self.hub.publish_client(&message);
    }

    /// Why a record cannot be delivered to anybody, if so. The dead letters' path asks this of every record.
    pub fn refusal(&self, record: &Record) -> Option<Refusal> {
        if self.client_topics.contains(record.topic()) {
            return None;
        }
        let event = match self.decoder.decode(record) {
            Ok(event) => event,
            Err(error) => return Some(Refusal { reason: error.reason(), detail: error.to_string() }),
        };
        let must_route = self.must_route.iter().any(|topic| topic.as_str() == &**record.topic());
        if !must_route || !self.routes.deliveries(&event, now_ms()).is_empty() {
            return None;
        }
        let detail = format!("no route takes an event of type `{}` with these members", event.event_type);
        Some(Refusal { reason: "unroutable", detail })
    }

    /// [`Pipeline::refusal`] as the dead letters' path wants it.
    pub fn judge(self: &Arc<Self>) -> Judge {
        let pipeline = Arc::clone(self);
        Arc::new(move |record| pipeline.refusal(record))
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}
