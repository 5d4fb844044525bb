//! DISCONNECT: the receipt first, then the end.

use crate::session::{Action, DisconnectReason, Session};
use crate::stomp::Frame;

impl Session {
    pub(super) fn on_disconnect(&mut self, frame: &Frame) -> Vec<Action> {
        let mut actions: Vec<Action> = self.receipt(frame.header("receipt")).into_iter().collect();
        actions.extend(self.close(DisconnectReason::ClientLeft));
        actions
    }
}
