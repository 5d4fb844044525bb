//! CONNECT and STOMP: the version, the heart-beats, the token.

use super::Fault;
use crate::session::heartbeat::Heartbeat;
use crate::session::{Action, Moment, Phase, Session};
use crate::stomp::{Frame, Version};

impl Session {
    pub(super) fn on_connect(&mut self, frame: &Frame, now: Moment) -> Result<Vec<Action>, Fault> {
        let wanted = frame.header("accept-version");
        let version = Version::negotiate(wanted, &self.versions).ok_or_else(|| {
            let offered: Vec<&str> = self.versions.iter().map(|version| version.text()).collect();
            Fault::protocol(format!(
                "no common version: the client accepts {}, this connection can speak {}",
                wanted.unwrap_or("1.0"),
                offered.join(",")
            ))
        })?;
        let own = self.settings.limits.heartbeat;
        let heartbeat = Heartbeat::negotiate(frame.header("heart-beat"), own, now.at)
            .ok_or_else(|| Fault::protocol("`heart-beat` is two numbers of milliseconds, as `10000,10000`"))?;
        self.phase = Phase::Authenticating { version, heartbeat };
        Ok(vec![Action::Authenticate { token: token(frame)? }])
    }
}

/// The token in a CONNECT frame, if there is one.
fn token(frame: &Frame) -> Result<Option<String>, Fault> {
    if let Some(value) = frame.header("authorization").or_else(|| frame.header("Authorization")) {
        let (scheme, token) = value.trim().split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
            return Err(Fault::protocol("`authorization` is written `Bearer <token>`"));
        }
        return Ok(Some(token.trim().to_owned()));
    }
    Ok(frame.header("x-auth-token").map(|token| token.trim().to_owned()))
}
