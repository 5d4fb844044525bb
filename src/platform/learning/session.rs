//! One learner's scenes: signing up, learning sessions stage by stage, and what lies between them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;

use super::StoryUser;
use super::scene::{Scene, Step, add};
use super::words::{self, Stage, Subject};
use crate::catalogue::learning::{
    AgentCompleted, AgentFailed, AgentStarted, ContentGenerated, ContentUpdated, PaymentSubscriptionActivated,
    PaymentSubscriptionCancelled, SessionCompleted, SessionFailed, SessionStarted, UserRegistered, UserRoleChanged,
    UserUpdated,
};

/// How often the first attempt at a stage fails, and how often the second one does.
const FAILURE_ODDS: [f64; 2] = [0.07, 0.3];

/// The same for a learner's first session: whoever looks for the first time sees one from its start to its end.
const FIRST_FAILURE_ODDS: [f64; 2] = [0.1, 0.0];

/// Someone who learns.
#[derive(Debug)]
pub(super) struct Learner {
    user: StoryUser,
    registered: bool,
    /// The subscription, while there is one.
    subscription: Option<String>,
}

/// A session in the making. Costs are counted in hundredths of a cent, so that the sum is exact.
struct Session<'r> {
    scene: Scene<'r>,
    id: String,
    subject: &'static Subject,
    failure_odds: [f64; 2],
    minutes: i32,
    cost: u32,
    /// The pieces that were made: id and version.
    pieces: Vec<(String, i32)>,
    qualities: Vec<u32>,
}

impl Learner {
    pub(super) fn new(user: StoryUser) -> Self {
        Self { user, registered: false, subscription: None }
    }

    /// What comes before the next session, and the session itself.
    pub(super) fn next_scene(&mut self, random: &mut StdRng) -> VecDeque<Step> {
        let odds = if self.registered { FAILURE_ODDS } else { FIRST_FAILURE_ODDS };
        let mut steps = if self.registered { self.interlude(random) } else { self.sign_up(random) };
        steps.extend(session(random, &self.user.id, odds));
        steps
    }

    fn sign_up(&mut self, random: &mut StdRng) -> VecDeque<Step> {
        self.registered = true;
        let mut scene = Scene::new(random, Some(&self.user.id), "user-service");
        let (first, last) = self.user.name.split_once(' ').unwrap_or((&self.user.name, ""));
        let wait = scene.seconds(0.5, 1.5);
        add!(
            scene,
            wait,
            UserRegistered {
                email: self.user.email.clone(),
                first_name: first.to_owned(),
                last_name: last.to_owned(),
                role: words::FREE_USER.to_owned(),
            }
        );
        scene.steps()
    }

    fn interlude(&mut self, random: &mut StdRng) -> VecDeque<Step> {
        let mut scene = Scene::new(random, Some(&self.user.id), "user-service");
        match scene.random.random_range(0..10) {
            0..3 => profile_changed(&mut scene),
            3..6 => match self.subscription.take() {
                None => self.subscription = Some(subscribed(&mut scene)),
                Some(subscription) => cancelled(&mut scene, subscription),
            },
            _ => {}
        }
        scene.steps()
    }
}

fn profile_changed(scene: &mut Scene<'_>) {
    let wait = scene.seconds(2.0, 4.0);
    let goal: u32 = scene.random.random_range(2..12);
    let (member, value) = match scene.random.random_range(0..3) {
        0 => ("weeklyGoalMinutes", (goal * 30).into()),
        1 => ("newsletter", scene.random.random_bool(0.5).into()),
        _ => ("preferredLanguage", (*scene.one_of(&words::LANGUAGES)).into()),
    };
    add!(scene, wait, UserUpdated { changes: BTreeMap::from([(member.to_owned(), value)]) });
}

fn subscribed(scene: &mut Scene<'_>) -> String {
    let subscription = scene.id();
    let (wait, soon) = (scene.seconds(2.0, 4.0), scene.seconds(0.5, 1.0));
    let plan = scene.one_of(&words::PLANS);
    scene.source = "payment-service";
    add!(
        scene,
        wait,
        PaymentSubscriptionActivated {
            subscription_id: subscription.clone(),
            plan_type: plan.name.to_owned(),
            features: words::owned(plan.features),
        }
    );
    role_changed(scene, soon, words::FREE_USER, words::PRO_USER);
    subscription
}

fn cancelled(scene: &mut Scene<'_>, subscription: String) {
    let (wait, soon) = (scene.seconds(2.0, 4.0), scene.seconds(0.5, 1.0));
    let reason = *scene.one_of(&words::CANCEL_REASONS);
    scene.source = "payment-service";
    add!(
        scene,
        wait,
        PaymentSubscriptionCancelled { subscription_id: subscription, reason: reason.map(str::to_owned) }
    );
    role_changed(scene, soon, words::PRO_USER, words::FREE_USER);
}

fn role_changed(scene: &mut Scene<'_>, wait: Duration, old: &str, new: &str) {
    scene.source = "user-service";
    add!(
        scene,
        wait,
        UserRoleChanged {
            old_role: old.to_owned(),
            new_role: new.to_owned(),
            changed_by: words::BILLING_ACCOUNT.to_owned(),
        }
    );
}

fn session(random: &mut StdRng, user: &str, failure_odds: [f64; 2]) -> VecDeque<Step> {
    let mut scene = Scene::new(random, Some(user), "session-service");
    let (id, subject) = (scene.id(), scene.one_of(&words::SUBJECTS));
    let wait = scene.seconds(2.0, 5.0);
    let guess: i32 = scene.random.random_range(6..12) * 5;
    add!(
        scene,
        wait,
        SessionStarted {
            session_id: id.clone(),
            topic: subject.topic.to_owned(),
            estimated_duration_minutes: scene.random.random_bool(0.9).then_some(guess),
        }
    );
    let mut session =
        Session { scene, id, subject, failure_odds, minutes: 0, cost: 0, pieces: Vec::new(), qualities: Vec::new() };
    for (stage, number) in words::STAGES.iter().zip(1..) {
        if !session.play(stage, number) {
            return session.fail(stage);
        }
        session.make_content(number);
    }
    session.complete()
}

impl Session<'_> {
    /// Plays a stage, with a second attempt when the first one fails; says whether it was finished.
    fn play(&mut self, stage: &'static Stage, number: i32) -> bool {
        for odds in self.failure_odds {
            self.scene.source = "agent-service";
            let execution = self.scene.id();
            let (wait, work) = (self.scene.seconds(0.3, 0.9), self.scene.seconds(2.6, 5.0));
            add!(
                self.scene,
                wait,
                AgentStarted {
                    session_id: self.id.clone(),
                    execution_id: execution.clone(),
                    agent_type: stage.name.to_owned(),
                    stage_number: number,
                }
            );
            if !self.scene.random.random_bool(odds) {
                self.finish(stage, number, execution, work);
                return true;
            }
            self.minutes += 1;
            let error = *self.scene.one_of(stage.errors);
            add!(
                self.scene,
                work.mul_f64(0.6),
                AgentFailed {
                    session_id: self.id.clone(),
                    execution_id: execution,
                    agent_type: stage.name.to_owned(),
                    stage_number: number,
                    error_message: error.to_owned(),
                }
            );
        }
        false
    }

    fn finish(&mut self, stage: &Stage, number: i32, execution: String, work: Duration) {
        let minutes = self.scene.random.random_range(stage.minutes.clone());
        let tokens = self.scene.random.random_range(stage.tokens.clone());
        // Checks by fixed rules use no model, so they have neither tokens nor a price.
        let by_rules = stage.may_go_by_rules && self.scene.random.random_bool(0.25);
        let cost = (!by_rules).then(|| tokens.unsigned_abs() * stage.price / 1000);
        self.minutes += minutes;
        self.cost += cost.unwrap_or(0);
        add!(
            self.scene,
            work,
            AgentCompleted {
                session_id: self.id.clone(),
                execution_id: execution,
                agent_type: stage.name.to_owned(),
                stage_number: number,
                duration_minutes: i64::from(minutes),
                tokens_used: (!by_rules).then_some(tokens),
                cost_usd: cost.map(dollars),
            }
        );
    }

    fn make_content(&mut self, after_stage: i32) {
        match after_stage {
            words::GENERATION_STAGE => {
                let [lesson, exercise, _] = self.subject.pieces;
                self.generate("LESSON", lesson, 900..2400);
                self.generate("EXERCISE", exercise, 150..500);
            }
            words::VALIDATION_STAGE => self.revise(),
            words::SYNTHESIS_STAGE => {
                let [_, _, summary] = self.subject.pieces;
                self.generate("SUMMARY", summary, 200..450);
            }
            _ => {}
        }
    }

    fn generate(&mut self, kind: &str, title: &str, words: std::ops::Range<i32>) {
        let content = self.scene.id();
        let wait = self.scene.seconds(0.4, 1.2);
        let quality: u32 = self.scene.random.random_range(78..99);
        let words = self.scene.random.random_range(words);
        self.scene.source = "content-service";
        self.pieces.push((content.clone(), 1));
        self.qualities.push(quality);
        add!(
            self.scene,
            wait,
            ContentGenerated {
                content_id: content,
                session_id: self.id.clone(),
                content_type: kind.to_owned(),
                title: title.to_owned(),
                // Exercises are counted in questions, not in words.
                word_count: (kind != "EXERCISE").then_some(words),
                quality_score: self.scene.random.random_bool(0.9).then(|| hundredths(quality)),
            }
        );
    }

    fn revise(&mut self) {
        let wait = self.scene.seconds(0.5, 1.5);
        let changes = *self.scene.one_of(&words::REVISIONS);
        self.scene.source = "content-service";
        let Some((content, version)) = self.pieces.first_mut() else { return };
        *version += 1;
        let (content, version) = (content.clone(), *version);
        add!(
            self.scene,
            wait,
            ContentUpdated { content_id: content, new_version: version, changes: changes.map(str::to_owned) }
        );
    }

    fn complete(mut self) -> VecDeque<Step> {
        let wait = self.scene.seconds(0.8, 1.6);
        let count = u32::try_from(self.qualities.len()).unwrap_or(1).max(1);
        let quality = self.qualities.iter().sum::<u32>() / count;
        self.scene.source = "session-service";
        add!(
            self.scene,
            wait,
            SessionCompleted {
                session_id: self.id,
                actual_duration_minutes: self.minutes,
                quality_score: self.scene.random.random_bool(0.95).then(|| hundredths(quality)),
                total_cost_usd: Some(dollars(self.cost)),
            }
        );
        self.scene.steps()
    }

    fn fail(mut self, stage: &'static Stage) -> VecDeque<Step> {
        let wait = self.scene.seconds(0.5, 1.0);
        let error = *self.scene.one_of(stage.errors);
        self.scene.source = "session-service";
        add!(
            self.scene,
            wait,
            SessionFailed {
                session_id: self.id,
                error_message: format!("given up after two attempts: {error}"),
                failed_at_stage: stage.name.to_owned(),
            }
        );
        self.scene.steps()
    }
}

/// Hundredths of a cent as dollars.
fn dollars(hundredths_of_a_cent: u32) -> f64 {
    f64::from(hundredths_of_a_cent) / 10_000.0
}

fn hundredths(number: u32) -> f64 {
    f64::from(number) / 100.0
}
