//! UNSUBSCRIBE.

use super::{Fault, required};
use crate::session::open::{Open, Parked};
use crate::session::{Action, Session};
use crate::stomp::{Frame, Version};

impl Session {
    pub(super) fn on_unsubscribe(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let settings = std::sync::Arc::clone(&self.settings);
        let open = self.open()?;
        let id = match frame.header("id") {
            Some(id) => id.to_owned(),
            None if open.version == Version::V10 => by_destination(open, required(frame, "destination")?),
            None => required(frame, "id")?.to_owned(),
        };
        let Some(subscribed) = open.subscriptions.remove(&id) else {
            return Err(Fault::protocol(format!("there is no subscription `{id}` on this connection")));
        };
        if let Some(ledger) = subscribed.ledger {
            let parked = Parked { id: id.clone(), pattern: subscribed.pattern, filter: subscribed.filter, ledger };
            open.park(parked, &settings.limits);
        }
        Ok(self.done(vec![Action::Unsubscribe { id }], frame))
    }
}

/// The id of the subscription to that destination; the one without an id of the client's goes by the destination itself.
fn by_destination(open: &Open, destination: &str) -> String {
    if open.subscriptions.contains_key(destination) {
        return destination.to_owned();
    }
    let mut matching = open.subscriptions.iter().filter(|(_, subscribed)| subscribed.destination == destination);
    matching.next().map_or(destination, |(id, _)| id).to_owned()
}
