//! Drives one session over one link: the only file of this folder that waits for anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, OptionFuture};
use tokio_util::sync::CancellationToken;

use super::registry::Presence;
use super::{Action, DisconnectReason, Link, LinkEvent, Moment, Registry, Session, SessionInfo, Settings};
use crate::auth::{AuthError, Authenticator, Principal};
use crate::channel::Pattern;
use crate::hub::{Entry, Hub, Outbox, OutboxState, Room, Subscription};
use crate::metrics;
use crate::publish::{Outgoing, PublishError, Publisher, Written};
use crate::stomp::Version;

/// Octets taken from the outbox for one write. What is taken is not in the outbox's count any more.
const WRITE_BYTES: usize = 64 * 1024;

/// What a session needs of its node.
pub struct Services {
    /// What all sessions share.
    pub settings: Arc<Settings>,
    /// Where subscriptions are kept.
    pub hub: Arc<Hub>,
    /// Whose tokens are believed.
    pub authenticator: Authenticator,
    /// Who is connected.
    pub registry: Arc<Registry>,
    /// Writes what clients send.
    pub publisher: Arc<dyn Publisher>,
    /// Cancelled when the node stops: sessions send what waits and say that it stops.
    pub drain: CancellationToken,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("settings", &self.settings).field("hub", &self.hub).finish_non_exhaustive()
    }
}

/// What came with the HTTP request that became the link.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A token, to be verified when CONNECT brings none of its own.
    Token(String),
    /// A ticket was redeemed: it is known who this is.
    Known(Box<Principal>),
}

type Verification = BoxFuture<'static, Result<Principal, AuthError>>;

type Answers = Vec<Result<Written, PublishError>>;

/// What a verified token is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Connect,
    Renew,
}

/// What woke the loop.
enum Wake {
    Link(LinkEvent),
    Verified(Result<Principal, AuthError>),
    Published(Answers),
    Outbox,
    Tick,
    Drain,
}

/// Runs a session until it is over, and closes its link.
pub async fn run<L: Link>(link: L, versions: Vec<Version>, credential: Option<Credential>, services: Arc<Services>) {
    let session = Session::new(Arc::clone(&services.settings), versions, Moment::now());
    let outbox = Arc::new(Outbox::new(services.settings.limits.outbox_bytes));
    let drain = services.drain.clone();
    metrics::session_opened();
    let mut driver = Driver {
        link,
        session,
        outbox,
        services,
        credential,
        subscriptions: HashMap::new(),
        verification: None,
        publication: None,
        to_publish: Vec::new(),
        presence: None,
        binary: false,
        draining: false,
        in_flight: Vec::new(),
        writing_since: None,
    };
    let reason = loop {
        let wake = driver.wait(&drain).await;
        if let Some(reason) = driver.on_wake(wake) {
            break reason;
        }
    };
    driver.end(reason).await;
}

/// One session and all that belongs to it.
struct Driver<L> {
    link: L,
    session: Session,
    outbox: Arc<Outbox>,
    services: Arc<Services>,
    credential: Option<Credential>,
    subscriptions: HashMap<String, (Pattern, Arc<Subscription>)>,
    verification: Option<(Purpose, Verification)>,
    /// What is being written; only one at a time, so that a channel's messages keep their order.
    publication: Option<BoxFuture<'static, Answers>>,
    /// What is written next, all of it together.
    to_publish: Vec<Outgoing>,
    presence: Option<Presence>,
    /// Whether the client speaks in binary messages, and so wants to be answered in them.
    binary: bool,
    draining: bool,
    /// The record times of the messages that are being written.
    in_flight: Vec<i64>,
    writing_since: Option<Instant>,
}

impl<L: Link> Driver<L> {
    async fn wait(&mut self, drain: &CancellationToken) -> Wake {
        let write_deadline = self.writing_since.map(|since| since + self.services.settings.limits.write_timeout);
        let deadline = self.session.deadline().into_iter().chain(write_deadline).min();
        let tick = OptionFuture::from(deadline.map(|at| tokio::time::sleep_until(at.into())));
        let verified = OptionFuture::from(self.verification.as_mut().map(|(_, verification)| verification));
        let published = OptionFuture::from(self.publication.as_mut());
        // In no fixed order: a client that never stops talking must not hold up its own beats and messages.
        tokio::select! {
            event = self.link.next() => Wake::Link(event),
            Some(outcome) = verified => Wake::Verified(outcome),
            Some(answers) = published => Wake::Published(answers),
            () = self.outbox.changed() => Wake::Outbox,
            Some(()) = tick => Wake::Tick,
            () = drain.cancelled(), if !self.draining => Wake::Drain,
        }
    }

    /// Deals with what happened; a reason ends the session.
    fn on_wake(&mut self, wake: Wake) -> Option<DisconnectReason> {
        let now = Moment::now();
        let actions = match wake {
            Wake::Link(LinkEvent::Received { octets, binary }) => {
                self.binary = binary;
                self.session.on_octets(&octets, now)
            }
            Wake::Link(LinkEvent::Flushed) => {
                self.on_flushed(now);
                Vec::new()
            }
            Wake::Link(LinkEvent::Closed) => return Some(DisconnectReason::LinkLost),
            Wake::Link(LinkEvent::Failed(reason)) => return Some(reason),
            Wake::Verified(outcome) => self.on_verified(outcome, now),
            Wake::Published(answers) => self.on_published(answers),
            Wake::Tick if self.write_is_stuck(now) => self.session.on_overflow(),
            Wake::Tick => self.session.on_tick(now),
            Wake::Outbox => Vec::new(),
            Wake::Drain => {
                self.draining = true;
                Vec::new()
            }
        };
        if let Some(reason) = self.perform(actions) {
            return Some(reason);
        }
        self.fill()
    }

    fn write_is_stuck(&self, now: Moment) -> bool {
        let timeout = self.services.settings.limits.write_timeout;
        self.writing_since.is_some_and(|since| now.at >= since + timeout)
    }

    fn on_flushed(&mut self, now: Moment) {
        self.session.on_sent(now);
        self.writing_since = None;
        metrics::frames_written();
        let unix_ms = now.wall.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
        let age = |record_time_ms: i64| Duration::from_millis(u64::try_from(unix_ms - record_time_ms).unwrap_or(0));
        let ages: Vec<Duration> = self.in_flight.drain(..).map(age).collect();
        if !ages.is_empty() {
            metrics::messages_delivered(&ages);
        }
    }

    fn on_verified(&mut self, outcome: Result<Principal, AuthError>, now: Moment) -> Vec<Action> {
        let Some((purpose, _)) = self.verification.take() else { return Vec::new() };
        if purpose == Purpose::Renew {
            return self.session.on_renewed(outcome, now);
        }
        if let Ok(principal) = &outcome {
            let info = SessionInfo { id: self.session.id().to_owned(), user: principal.user.clone() };
            let sessions_max = self.services.settings.limits.connections_per_user;
            self.presence = self.services.registry.enter(info, sessions_max);
            if self.presence.is_none() {
                return self.session.on_too_many();
            }
        }
        self.session.on_authenticated(outcome, now)
    }

    fn on_published(&mut self, answers: Answers) -> Vec<Action> {
        self.publication = None;
        self.publish_next();
        for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            tracing::warn!(session = self.session.id(), %error, "what a client sent was not written");
        }
        self.session.on_published(answers)
    }

    fn publish_next(&mut self) {
        if self.publication.is_none() && !self.to_publish.is_empty() {
            let (publisher, records) = (Arc::clone(&self.services.publisher), std::mem::take(&mut self.to_publish));
            self.publication = Some(Box::pin(async move { publisher.publish(records).await }));
        }
    }

    /// Does what the session asks for, in order.
    fn perform(&mut self, actions: Vec<Action>) -> Option<DisconnectReason> {
        for action in actions {
            match action {
                Action::Send(frame) => self.queue(frame),
                Action::Authenticate { token } => self.verification = Some((Purpose::Connect, self.verify(token))),
                Action::Renew { token } => self.verification = Some((Purpose::Renew, self.verify(Some(token)))),
                Action::Subscribe { id, pattern, terms } => {
                    let subscription = self.services.hub.subscribe_on(&pattern, &id, &self.outbox, terms);
                    self.subscriptions.insert(id, (pattern, subscription));
                }
                Action::Unsubscribe { id } => {
                    if let Some((pattern, subscription)) = self.subscriptions.remove(&id) {
                        self.services.hub.unsubscribe(&pattern, &subscription);
                        self.outbox.forget(&subscription);
                    }
                }
                Action::Refilter { id, filter } => {
                    if let Some((pattern, subscription)) = self.subscriptions.get(&id) {
                        self.services.hub.refilter(pattern, subscription, filter);
                    }
                }
                Action::Grant { id, count } => {
                    if let Some((_, subscription)) = self.subscriptions.get(&id) {
                        subscription.grant(count);
                    }
                }
                Action::Publish(records) => {
                    self.to_publish.extend(records);
                    self.publish_next();
                }
                Action::Close(reason) => return Some(reason),
            }
        }
        None
    }

    fn verify(&self, token: Option<String>) -> Verification {
        let credential = token.map(Credential::Token).or_else(|| self.credential.clone());
        let authenticator = self.services.authenticator.clone();
        Box::pin(async move {
            match credential {
                Some(Credential::Token(token)) => authenticator.verify(&token, std::time::SystemTime::now()).await,
                Some(Credential::Known(principal)) => Ok(*principal),
                None => Err(AuthError::NoToken),
            }
        })
    }

    fn queue(&mut self, frame: bytes::Bytes) {
        self.link.queue(frame, self.binary);
        self.writing_since.get_or_insert_with(Instant::now);
    }

    /// Once the last write is through, queues the next: many frames, one write.
    fn fill(&mut self) -> Option<DisconnectReason> {
        if self.outbox.state() == OutboxState::Overflowed {
            let actions = self.session.on_overflow();
            return self.perform(actions);
        }
        if self.link.is_writing() || !self.session.is_open() {
            let draining_early = self.draining && !self.session.is_open();
            return if draining_early { self.drained() } else { None };
        }
        let mut bytes = WRITE_BYTES;
        let again = self.session.on_writable(&mut bytes);
        let sends_again = again.iter().any(|action| matches!(action, Action::Send(_)));
        if let Some(reason) = self.perform(again) {
            return Some(reason);
        }
        let mut batch: Vec<Entry> = Vec::new();
        self.outbox.take(&mut batch, Room { bytes, windowed_bytes: self.session.acknowledged_room() });
        if batch.is_empty() && !sends_again {
            // What was sent is answered before the session goes.
            return if self.draining && self.publication.is_none() { self.drained() } else { None };
        }
        for entry in batch {
            if let Some(frame) = self.session.message(&entry) {
                self.in_flight.push(entry.message.record_time_ms);
                self.queue(frame);
            }
        }
        // A batch of ended subscriptions leaves nothing to flush, so look again.
        if self.link.is_writing() { None } else { self.fill() }
    }

    fn drained(&mut self) -> Option<DisconnectReason> {
        let actions = self.session.on_drain();
        self.perform(actions)
    }

    async fn end(mut self, reason: DisconnectReason) {
        for (_, (pattern, subscription)) in self.subscriptions.drain() {
            self.services.hub.unsubscribe(&pattern, &subscription);
        }
        self.outbox.close();
        drop(self.presence.take());
        metrics::session_closed(reason.name());
        tracing::debug!(session = self.session.id(), reason = reason.name(), "session ended");
        let publishing = self.publication.take();
        let (publisher, rest) = (Arc::clone(&self.services.publisher), std::mem::take(&mut self.to_publish));
        // What was sent before the end is written, though nobody is left to be told.
        let farewell = async {
            if let Some(publishing) = publishing {
                publishing.await;
            }
            if !rest.is_empty() {
                publisher.publish(rest).await;
            }
        };
        tokio::join!(self.link.close(reason), farewell);
    }
}
