//! SEND: the session's new token.

use super::{Fault, required};
use crate::session::{Action, Session};
use crate::stomp::Frame;

/// Where a session renews its token.
const TOKEN: &str = "/sluice/token";

impl Session {
    pub(super) fn on_send(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let open = self.open()?;
        let destination = required(frame, "destination")?;
        if destination != TOKEN {
            return Err(Fault::forbidden(format!("nothing can be sent to `{destination}`: no rule opens it")));
        }
        if open.renewing.is_some() {
            return Err(Fault::protocol("a new token is being looked at already: wait for its receipt"));
        }
        let token = std::str::from_utf8(&frame.body).map_err(|_| Fault::protocol("the new token is no text"))?;
        open.renewing = Some(frame.header("receipt").map(ToOwned::to_owned));
        Ok(vec![Action::Renew { token: token.trim().to_owned() }])
    }
}
