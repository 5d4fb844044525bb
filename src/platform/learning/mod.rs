//! The learning platform's life: whole sessions of several users at once, as its own publisher would write them.

mod scene;
mod session;
#[cfg(test)]
mod tests;
mod words;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::catalogue::learning::Timestamp;
use scene::Step;

/// How long each user waits for the one before, so that their sessions overlap but do not run in step.
const USER_STAGGER: Duration = Duration::from_secs(7);

/// The slowest pace; a slower one would be a standstill.
const PACE_MIN: f64 = 0.001;

/// Someone whose learning is played.
#[derive(Clone, Debug)]
pub struct StoryUser {
    /// The user's id, a UUID; what tokens have as `sub`.
    pub id: String,
    /// First and last name.
    pub name: String,
    /// The address that was registered.
    pub email: String,
}

/// One event, ready to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedEvent {
    /// The topic that carries it.
    pub topic: &'static str,
    /// Its type.
    pub event_type: &'static str,
    /// The record's key: the user's id, or the event's type where it belongs to nobody.
    pub key: Bytes,
    /// The record's body.
    pub body: Bytes,
}

/// An endless story; the same seed, users and clock give the same events.
#[derive(Debug)]
pub struct Story {
    random: StdRng,
    pace: f64,
    actors: Vec<Actor>,
    /// How far the story has come, at pace 1.
    elapsed: Duration,
}

/// Someone whose steps follow one another.
#[derive(Debug)]
struct Actor {
    role: Role,
    steps: VecDeque<Step>,
    /// When the first of the steps is due, at pace 1.
    due: Duration,
}

/// What an actor does.
#[derive(Debug)]
enum Role {
    Learner(session::Learner),
    /// Everything that belongs to none of the learners: the platform itself, and people who come and go.
    World,
}

impl Story {
    /// The story of those users, told so that a session takes about 50 seconds.
    pub fn new(seed: u64, users: &[StoryUser]) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let learners = users.iter().map(|user| Role::Learner(session::Learner::new(user.clone())));
        let roles: Vec<Role> = learners.chain([Role::World]).collect();
        let mut actors = Vec::with_capacity(roles.len());
        let mut begin = Duration::ZERO;
        for mut role in roles {
            let steps = role.next_scene(&mut random);
            actors.push(Actor { due: begin + first_wait(&steps), role, steps });
            begin += USER_STAGGER;
        }
        Self { random, pace: 1.0, actors, elapsed: Duration::ZERO }
    }

    /// The same story, so many times as fast.
    #[must_use]
    pub fn with_pace(mut self, pace: f64) -> Self {
        self.pace = if pace.is_finite() { pace.max(PACE_MIN) } else { 1.0 };
        self
    }

    /// The next event, and how long to wait before it happens; it is dated as if it happened that long after `now`.
    pub fn next(&mut self, now: SystemTime) -> (Duration, GeneratedEvent) {
        let first = self.actors.iter_mut().min_by_key(|actor| actor.due);
        let actor = first.expect("the world is always among the actors");
        let step = actor.steps.pop_front().expect("an actor without steps gets its next scene at once");
        let wait = actor.due.saturating_sub(self.elapsed).div_f64(self.pace);
        self.elapsed = self.elapsed.max(actor.due);
        if actor.steps.is_empty() {
            actor.steps = actor.role.next_scene(&mut self.random);
        }
        actor.due += first_wait(&actor.steps);
        let at = (now + wait).duration_since(UNIX_EPOCH).unwrap_or_default();
        (wait, step.happen(Timestamp::Epoch(i128::try_from(at.as_nanos()).unwrap_or(i128::MAX))))
    }
}

impl Role {
    fn next_scene(&mut self, random: &mut StdRng) -> VecDeque<Step> {
        match self {
            Self::Learner(learner) => learner.next_scene(random),
            Self::World => scene::world(random),
        }
    }
}

fn first_wait(steps: &VecDeque<Step>) -> Duration {
    steps.front().map_or(Duration::ZERO, |step| step.wait)
}
