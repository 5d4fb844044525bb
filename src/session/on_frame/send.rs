//! SEND: a message to a channel, or the session's new token.

use super::{Fault, required};
use crate::auth::can_be_sent_to;
use crate::channel::Pattern;
use crate::client_message::ClientMessage;
use crate::publish::Outgoing;
use crate::session::transactions::Step;
use crate::session::{Action, Session};
use crate::stomp::Frame;

/// Where a session renews its token.
const TOKEN: &str = "/sluice/token";

impl Session {
    pub(super) fn on_send(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        let destination = required(frame, "destination")?;
        if destination == TOKEN {
            return self.on_new_token(frame);
        }
        let settings = std::sync::Arc::clone(&self.settings);
        let record = self.outgoing(destination, frame)?;
        if let Some(id) = frame.header("transaction") {
            self.open()?.transactions.add(id, Step::Send(record), &settings.limits)?;
            return Ok(self.done(Vec::new(), frame));
        }
        self.publish(vec![record], format!("SEND to `{destination}`"), frame.header("receipt"))
    }

    /// The record that a message becomes, if a rule opens its channel.
    fn outgoing(&mut self, destination: &str, frame: &Frame) -> Result<Outgoing, Fault> {
        let settings = std::sync::Arc::clone(&self.settings);
        let open = self.open()?;
        let channel = Pattern::parse(destination)
            .map_err(|error| Fault::protocol(format!("destination `{destination}`: {error}")))?;
        if !channel.is_exact() {
            return Err(Fault::protocol(format!("`{destination}` has a wildcard: a SEND goes to one channel")));
        }
        let topic = settings.access.send_topic(&open.principal, &channel).filter(|_| can_be_sent_to(destination));
        let topic = topic.ok_or_else(|| {
            Fault::forbidden(format!("nothing can be sent to `{destination}`: no access rule opens it to this user"))
        })?;
        let user = &open.principal.user;
        Ok(ClientMessage::outgoing(topic, user, destination, &frame.headers, frame.body.clone()))
    }

    fn on_new_token(&mut self, frame: &Frame) -> Result<Vec<Action>, Fault> {
        if frame.header("transaction").is_some() {
            return Err(Fault::protocol("a new token cannot be sent in a transaction"));
        }
        let open = self.open()?;
        if open.renewing.is_some() {
            return Err(Fault::protocol("a new token is being looked at already: wait for its receipt"));
        }
        let token = std::str::from_utf8(&frame.body).map_err(|_| Fault::protocol("the new token is no text"))?;
        open.renewing = Some(frame.header("receipt").map(ToOwned::to_owned));
        Ok(vec![Action::Renew { token: token.trim().to_owned() }])
    }
}
