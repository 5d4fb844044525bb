//! From the `destination` that a client writes to the channels that it means.

use super::Fault;
use crate::channel::{Pattern, encode_value};

/// Where a SUBSCRIBE leads.
pub(super) enum Destination {
    /// Channels that an access rule has to open.
    Channels(Pattern),
    /// This session's or this user's own; no rule needed, matched by no wildcard.
    Own(Pattern),
}

/// The session's own queues.
const OWN: [&str; 4] = ["/user/queue/replies", "/user/queue/position", "/user/queue/errors", "/user/inbox"];

/// Reads a destination. `/user/…` is the user's own part of `/topic/user`.
pub(super) fn resolve(text: &str, user: &str) -> Result<Destination, Fault> {
    let wrong = |error| Fault::protocol(format!("destination `{text}`: {error}"));
    let pattern = Pattern::parse(text).map_err(wrong)?;
    if OWN.contains(&text) {
        return Ok(Destination::Own(pattern));
    }
    let Some(rest) = text.strip_prefix("/user/") else { return Ok(Destination::Channels(pattern)) };
    let own = format!("/topic/user/{}/{rest}", encode_value(user));
    Pattern::parse(&own).map(Destination::Channels).map_err(wrong)
}
