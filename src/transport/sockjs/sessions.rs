//! The SockJS sessions over HTTP of this node, by their ids.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dashmap::DashMap;

use super::frame::{Close, quote};
use super::session::Session;
use super::{Farewell, TextForm};
use crate::session::{DisconnectReason, Link, LinkEvent};

/// Every session of this node that is not forgotten yet.
#[derive(Debug, Default)]
pub(super) struct Sessions(DashMap<String, Arc<Session>>);

impl Sessions {
    /// The session of that id. One that is over is still there for a moment, so that its client is told.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Session>> {
        self.0.get(id).map(|session| Arc::clone(&session))
    }

    /// Makes a session of that id, and the link that somebody has to run; no link if there is one of that id by now.
    pub(super) fn open(
        self: &Arc<Self>,
        id: &str,
        disconnect_delay: Duration,
        text_form: TextForm,
    ) -> (Arc<Session>, Option<HttpLink>) {
        let mut link = None;
        let session = self.0.entry(id.to_owned()).or_insert_with(|| {
            let session = Arc::new(Session::new(disconnect_delay));
            link = Some(HttpLink {
                session: Arc::clone(&session),
                sessions: Arc::clone(self),
                id: id.to_owned(),
                linger: disconnect_delay,
                text_form,
            });
            session
        });
        (Arc::clone(&session), link)
    }

    fn forget(&self, id: &str, session: &Arc<Session>) {
        self.0.remove_if(id, |_, kept| Arc::ptr_eq(kept, session));
    }
}

/// A SockJS session over HTTP as a link.
#[derive(Debug)]
pub struct HttpLink {
    session: Arc<Session>,
    sessions: Arc<Sessions>,
    id: String,
    /// How long its end is told to those who come late.
    linger: Duration,
    text_form: TextForm,
}

impl Link for HttpLink {
    fn queue(&mut self, frame: Bytes, _binary: bool) {
        let quoted = match std::str::from_utf8(&frame) {
            Ok(text) => quote(text),
            Err(_) => quote(&(self.text_form)(&frame)),
        };
        self.session.queue(quoted);
    }

    fn is_writing(&self) -> bool {
        self.session.is_writing()
    }

    async fn next(&mut self) -> LinkEvent {
        self.session.event().await
    }

    async fn close(self, reason: DisconnectReason) {
        match reason.close_code() {
            Some(code) => self.end(Close { code, reason: reason.name().to_owned() }).await,
            None => drop(self),
        }
    }
}

impl Farewell for HttpLink {
    async fn end(self, close: Close) {
        self.session.close(close).await;
    }
}

impl Drop for HttpLink {
    fn drop(&mut self) {
        self.session.abandon();
        let (sessions, id, session) = (Arc::clone(&self.sessions), self.id.clone(), Arc::clone(&self.session));
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let linger = self.linger;
                runtime.spawn(async move {
                    tokio::time::sleep(linger).await;
                    sessions.forget(&id, &session);
                });
            }
            Err(_) => sessions.forget(&id, &session),
        }
    }
}
