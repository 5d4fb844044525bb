//! SUBSCRIBE.

use super::destination::{self, Destination};
use super::{Fault, required};
use crate::session::{Action, Session};
use crate::stomp::{Frame, Version};

impl Session {
    pub(super) fn on_subscribe(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let subscriptions_max = self.settings.limits.subscriptions;
        let settings = std::sync::Arc::clone(&self.settings);
        let open = self.open()?;
        let wanted = required(frame, "destination")?;
        let id = match frame.header("id") {
            Some(id) if !id.is_empty() => id.to_owned(),
            // A 1.0 client may name no id; it unsubscribes by the destination.
            None if open.version == Version::V10 => wanted.to_owned(),
            _ => return Err(Fault::protocol("SUBSCRIBE needs the header `id`")),
        };
        if open.subscriptions.contains_key(&id) {
            return Err(Fault::protocol(format!("subscription `{id}` exists already on this connection")));
        }
        if open.subscriptions.len() >= subscriptions_max {
            return Err(Fault::protocol(format!(
                "more than {subscriptions_max} subscriptions (the limit is `limits.subscriptions`)"
            )));
        }
        match frame.header("ack") {
            None | Some("auto") => {}
            Some(mode @ ("client" | "client-individual")) => {
                return Err(Fault::protocol(format!("ack mode `{mode}` is not supported: leave the header out")));
            }
            Some(other) => return Err(Fault::protocol(format!("ack mode `{other}` does not exist"))),
        }
        if frame.header("selector").is_some() {
            return Err(Fault::protocol("`selector` is not supported: an operator can put a condition on the route"));
        }
        let pattern = match destination::resolve(wanted, &open.principal.user)? {
            Destination::Own(pattern) => pattern,
            Destination::Channels(pattern) if settings.access.may_subscribe(&open.principal, &pattern) => pattern,
            Destination::Channels(pattern) => {
                return Err(Fault::forbidden(format!("no access rule opens {pattern} to this user")));
            }
        };
        open.subscriptions.insert(id.clone(), pattern.clone());
        let mut actions = vec![Action::Subscribe { id, pattern }];
        actions.extend(self.receipt(frame.header("receipt")));
        Ok(actions)
    }
}
