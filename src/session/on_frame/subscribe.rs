//! SUBSCRIBE.

use std::sync::Arc;

use super::destination::{self, Destination};
use super::{Fault, required};
use crate::auth::{Opening, Principal};
use crate::channel::Pattern;
use crate::config::LimitsConfig;
use crate::hub::{Filter, Terms};
use crate::selector::Condition;
use crate::session::ledger::{AckMode, Ledger};
use crate::session::open::{Open, Subscribed};
use crate::session::{Action, Session, Settings};
use crate::stomp::{Frame, Version};

impl Session {
    pub(super) fn on_subscribe(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let settings = Arc::clone(&self.settings);
        let open = self.open()?;
        let wanted = required(frame, "destination")?;
        let id = free_id(open, frame, wanted, &settings.limits)?;
        let mode = ack_mode(frame, open.version)?;
        let prefetch = prefetch(frame, &settings.limits)?;
        let selector = selector(frame)?;
        let (pattern, only, is_own) = channels(&settings, &open.principal, wanted)?;
        let filter = Filter { selector, only };
        let mut ledger = open.unpark(&id, &pattern, &filter);
        if let Some(ledger) = &mut ledger {
            ledger.resume(mode, prefetch);
        } else if mode != AckMode::Auto {
            ledger = Some(Ledger::new(open.take_serial(), mode, prefetch));
        }
        let window = ledger.as_mut().filter(|_| mode != AckMode::Auto).map(Ledger::grant);
        let terms = Terms { filter: filter.clone(), window };
        let subscribed = Subscribed {
            pattern: pattern.clone(),
            destination: wanted.to_owned(),
            is_named: frame.header("id").is_some(),
            is_own,
            filter,
            ledger,
        };
        open.subscriptions.insert(id.clone(), subscribed);
        Ok(self.done(vec![Action::Subscribe { id, pattern, terms }], frame))
    }
}

/// The id that the subscription goes by.
fn free_id(open: &Open, frame: &Frame, wanted: &str, limits: &LimitsConfig) -> Result<String, Fault> {
    let id = match frame.header("id") {
        Some(id) if !id.is_empty() => id,
        // A 1.0 client may name no id; it unsubscribes by the destination.
        None if open.version == Version::V10 => wanted,
        _ => return Err(Fault::protocol("SUBSCRIBE needs the header `id`")),
    };
    if open.subscriptions.contains_key(id) {
        return Err(Fault::protocol(format!("subscription `{id}` exists already on this connection")));
    }
    let most = limits.subscriptions;
    if open.subscriptions.len() >= most {
        return Err(Fault::protocol(format!("more than {most} subscriptions (the limit is `limits.subscriptions`)")));
    }
    Ok(id.to_owned())
}

fn ack_mode(frame: &Frame, version: Version) -> Result<AckMode, Fault> {
    match frame.header("ack") {
        None | Some("auto") => Ok(AckMode::Auto),
        Some("client") => Ok(AckMode::Client),
        Some("client-individual") if version != Version::V10 => Ok(AckMode::Individual),
        Some(other) => Err(Fault::protocol(format!(
            "ack mode `{other}` does not exist in STOMP {}: write `auto`, `client` or (from 1.1) `client-individual`",
            version.text()
        ))),
    }
}

/// How many messages the subscription takes before it acknowledges one.
fn prefetch(frame: &Frame, limits: &LimitsConfig) -> Result<usize, Fault> {
    let Some(text) = frame.header("prefetch-count") else { return Ok(limits.prefetch) };
    let count = text.trim().parse().ok().filter(|count: &usize| *count > 0);
    let count = count.ok_or_else(|| Fault::protocol("`prefetch-count` is a whole number from 1"))?;
    let most = limits.unacknowledged;
    if count > most {
        return Err(Fault::protocol(format!("`prefetch-count` is more than {most} (limits.unacknowledged)")));
    }
    Ok(count)
}

fn selector(frame: &Frame) -> Result<Option<Arc<Condition>>, Fault> {
    let Some(text) = frame.header("selector").filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let condition = Condition::parse(text).map_err(|error| Fault::protocol(format!("`selector`: {error}")))?;
    Ok(Some(Arc::new(condition)))
}

type Channels = (Pattern, Option<Vec<Arc<Condition>>>, bool);

/// The channels that are meant, on which conditions they are open, and whether they are the session's own.
fn channels(settings: &Settings, principal: &Principal, wanted: &str) -> Result<Channels, Fault> {
    match destination::resolve(wanted, &principal.user)? {
        Destination::Own(pattern) => Ok((pattern, None, true)),
        Destination::Channels(pattern) => match settings.access.opening(principal, &pattern) {
            Some(Opening::All) => Ok((pattern, None, false)),
            Some(Opening::Only(conditions)) => Ok((pattern, Some(conditions), false)),
            None => Err(Fault::forbidden(format!("no access rule opens {pattern} to this user"))),
        },
    }
}
