//! `POST /api/v1/events`: events from whoever may publish, checked and written, and answered with their positions.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::App;
use super::bearer::principal;
use super::problem::problem;
use crate::auth::Principal;
use crate::catalogue::api::{PublishFailure, PublishFault, PublishFaults, PublishResponse, PublishResult};
use crate::config::TopicConfig;
use crate::decode::DecodeError;
use crate::event::Event;
use crate::publish::{Outgoing, PublishError, Written};
use crate::record::{Partition, Position, Record};

#[derive(Debug, Deserialize)]
pub(super) struct PublishQuery {
    topic: Option<String>,
}

/// Why an event cannot be published.
enum Refusal {
    /// The event is wrong: each fault.
    Wrong(Vec<PublishFault>),
    /// The sender may not write that topic.
    Forbidden(String),
}

pub(super) async fn publish(
    State(app): State<Arc<App>>,
    Query(query): Query<PublishQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let principal = match principal(&app, &headers).await {
        Ok(principal) => principal,
        Err(refused) => return refused,
    };
    let body = match body {
        Ok(body) => body,
        Err(BytesRejection::FailedToBufferBody(failure)) if failure.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("more than {} octets (limits.request_bytes)", app.config.limits.request_bytes);
            return problem(StatusCode::PAYLOAD_TOO_LARGE, &message);
        }
        Err(rejection) => return problem(StatusCode::BAD_REQUEST, &rejection.to_string()),
    };
    let bodies = match split(&headers, &body) {
        Ok(bodies) => bodies,
        Err(message) => return wrong(vec![PublishFault { index: 0, pointer: String::new(), message }]),
    };
    if bodies.len() > app.config.limits.request_events {
        let message = format!(
            "{} events, over the limit of {} (limits.request_events)",
            bodies.len(),
            app.config.limits.request_events
        );
        return problem(StatusCode::PAYLOAD_TOO_LARGE, &message);
    }
    let (mut records, mut faults) = (Vec::with_capacity(bodies.len()), Vec::new());
    for (index, body) in bodies.into_iter().enumerate() {
        match prepare(&app, &principal, query.topic.as_deref(), index, body) {
            Ok(record) => records.push(record),
            Err(Refusal::Wrong(more)) => faults.extend(more),
            Err(Refusal::Forbidden(message)) => return problem(StatusCode::FORBIDDEN, &message),
        }
    }
    if !faults.is_empty() {
        return wrong(faults);
    }
    answer(app.publishers.publish(records).await)
}

fn wrong(errors: Vec<PublishFault>) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(PublishFaults { errors })).into_response()
}

/// The events of a request: one object, an array of them, or one a line. Each is a piece of the body, octet for octet.
fn split(headers: &HeaderMap, body: &Bytes) -> Result<Vec<Bytes>, String> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let events: Vec<Bytes> = match essence.as_str() {
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            let lines = body.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii);
            lines.filter(|line| !line.is_empty()).map(|line| body.slice_ref(line)).collect()
        }
        _ if body.trim_ascii_start().first() == Some(&b'[') => {
            let items: Vec<&RawValue> =
                serde_json::from_slice(body).map_err(|error| format!("the array is not JSON: {error}"))?;
            items.into_iter().map(|item| body.slice_ref(item.get().as_bytes())).collect()
        }
        _ => vec![body.slice_ref(body.trim_ascii())],
    };
    if events.is_empty() {
        return Err("there is no event in the request".to_owned());
    }
    Ok(events)
}

/// Checks one event and makes the record that it becomes.
fn prepare(
    app: &App,
    principal: &Principal,
    topic: Option<&str>,
    index: usize,
    body: Bytes,
) -> Result<Outgoing, Refusal> {
    let fault = |pointer: &str, message: String| {
        Refusal::Wrong(vec![PublishFault { index, pointer: pointer.to_owned(), message }])
    };
    let wrong = |error: &DecodeError| match error.faults() {
        [] => fault("", error.to_string()),
        faults => Refusal::Wrong(faults.iter().cloned().map(|fault| PublishFault::new(index, fault)).collect()),
    };
    let topic = match topic {
        Some(topic) => topic.to_owned(),
        // A topic of no name is read as events are by default.
        None => {
            let event = app.decoder.decode(&unplaced("", body.clone())).map_err(|error| wrong(&error))?;
            topic_by_type(app, &event).map_err(|message| fault("/eventType", message))?
        }
    };
    if !app.services.settings.access.may_publish(principal, &topic) {
        return Err(Refusal::Forbidden(format!("no access rule lets this token publish to `{topic}`")));
    }
    let Some(config) = app.config.topics.get(&topic) else {
        return Err(fault("", format!("topic `{topic}` is not in this gateway's config")));
    };
    let event = app.decoder.decode(&unplaced(&topic, body)).map_err(|error| wrong(&error))?;
    let key = key(config, &event);
    Ok(Outgoing { topic: topic.into(), key: Some(key), headers: Vec::new(), body: event.body })
}

/// The topic that the catalogue names for the event's type.
fn topic_by_type(app: &App, event: &Event) -> Result<String, String> {
    let topic = app.catalogue.topic_of(&event.event_type);
    topic.map(ToOwned::to_owned).ok_or_else(|| {
        format!("`{}` is no type that the catalogue knows: name the topic, as `?topic=…`", event.event_type)
    })
}

/// The event as a record that stands nowhere yet.
fn unplaced(topic: &str, body: Bytes) -> Record {
    let partition = Arc::new(Partition::new("", topic, uuid::Uuid::nil(), 0));
    let position = Position { partition, epoch: -1, number: 0 };
    Record { position, timestamp_ms: 0, key: None, headers: Vec::new(), body: Some(body) }
}

/// What keeps one owner's events in order: the member that the topic is keyed by, else the event's type.
fn key(config: &TopicConfig, event: &Event) -> Bytes {
    match config.key.as_deref().and_then(|pointer| event.document.pointer(pointer)) {
        Some(Value::String(text)) => Bytes::from(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Bytes::from(value.to_string()),
        _ => Bytes::copy_from_slice(event.event_type.as_bytes()),
    }
}

/// Says truthfully what was written and what was not.
fn answer(outcomes: Vec<Result<Written, PublishError>>) -> Response {
    let result = |written: &Written| PublishResult {
        topic: written.topic.to_string(),
        partition: written.partition,
        offset: written.offset,
    };
    if outcomes.iter().all(Result::is_ok) {
        let results = outcomes.iter().flatten().map(result).collect();
        return Json(PublishResponse { results }).into_response();
    }
    let failures = outcomes.iter().enumerate().filter_map(|(index, outcome)| Some((index, outcome.as_ref().err()?)));
    let errors: Vec<PublishFault> = failures
        .map(|(index, error)| PublishFault { index, pointer: String::new(), message: error.to_string() })
        .collect();
    let results = outcomes.iter().map(|outcome| outcome.as_ref().ok().map(result)).collect();
    // The same records would be refused again, and none was written: that is the sender's matter, not an outage.
    if outcomes.iter().all(|outcome| matches!(outcome, Err(PublishError::Refused(_)))) {
        return wrong(errors);
    }
    let failure = PublishFailure {
        error: "not every event was written: `results` holds the positions of those that were".to_owned(),
        results,
        errors,
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(failure)).into_response()
}
