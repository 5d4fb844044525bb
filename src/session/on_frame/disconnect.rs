//! DISCONNECT: the receipt first, then the end.

use super::Fault;
use crate::session::{Action, Session};
use crate::stomp::Frame;

impl Session {
    /// What was sent before is with the broker before the receipt says so.
    pub(super) fn on_disconnect(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        self.open()?.leaving = Some(frame.header("receipt").map(ToOwned::to_owned));
        Ok(self.leave())
    }
}
