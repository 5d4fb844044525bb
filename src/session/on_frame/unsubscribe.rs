//! UNSUBSCRIBE.

use super::{Fault, required};
use crate::session::{Action, Session};
use crate::stomp::{Frame, Version};

impl Session {
    pub(super) fn on_unsubscribe(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let open = self.open()?;
        let id = match frame.header("id") {
            Some(id) => id,
            None if open.version == Version::V10 => required(frame, "destination")?,
            None => required(frame, "id")?,
        };
        if open.subscriptions.remove(id).is_none() {
            return Err(Fault::protocol(format!("there is no subscription `{id}` on this connection")));
        }
        let mut actions = vec![Action::Unsubscribe { id: id.to_owned() }];
        actions.extend(self.receipt(frame.header("receipt")));
        Ok(actions)
    }
}
