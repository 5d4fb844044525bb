//! Conversations without sockets and without sleeping.

mod acknowledging;
mod limits;
mod selecting;
mod sending;
mod stage;
mod transactions;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::auth::{AuthError, Principal};
use crate::channel::Pattern;
use crate::config::AccessConfig;
use crate::hub::Terms;

const START_UNIX: u64 = 1_800_000_000;

/// A conversation whose clock the test sets.
struct Talk {
    session: Session,
    start: Instant,
    elapsed: Duration,
}

impl Talk {
    fn new() -> Self {
        Self::with_versions(&Version::ALL)
    }

    fn with_versions(versions: &[Version]) -> Self {
        let rules = [AccessConfig { subscribe: Some("/topic/user/{sub}/**".to_owned()), ..AccessConfig::default() }];
        let settings = Settings {
            limits: LimitsConfig::default(),
            leeway: Duration::ZERO,
            access: AccessRules::new(&rules, [] as [String; 0]).unwrap(),
            server: "sluice/test".to_owned(),
        };
        let start = Instant::now();
        let now = Moment { at: start, wall: SystemTime::UNIX_EPOCH + Duration::from_secs(START_UNIX) };
        Self { session: Session::new(Arc::new(settings), versions.to_vec(), now), start, elapsed: Duration::ZERO }
    }

    fn open(heartbeat: &str) -> Self {
        let mut talk = Self::new();
        talk.say(&format!("CONNECT\naccept-version:1.2\nheart-beat:{heartbeat}\nauthorization:Bearer t\n\n\0"));
        talk.accept("ana", 3600);
        assert!(talk.session.is_open());
        talk
    }

    fn now(&self) -> Moment {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(START_UNIX) + self.elapsed;
        Moment { at: self.start + self.elapsed, wall }
    }

    fn say(&mut self, octets: &str) -> Vec<Action> {
        let now = self.now();
        self.session.on_octets(octets.as_bytes(), now)
    }

    fn accept(&mut self, user: &str, lifetime_s: i64) -> Vec<Action> {
        let now = self.now();
        self.session.on_authenticated(Ok(principal(user, lifetime_s)), now)
    }

    fn wait(&mut self, duration: Duration) -> Vec<Action> {
        self.elapsed += duration;
        let now = self.now();
        self.session.on_tick(now)
    }
}

fn principal(user: &str, lifetime_s: i64) -> Principal {
    let mut claims = serde_json::Map::new();
    claims.insert("sub".to_owned(), user.into());
    Principal { user: user.to_owned(), claims: Arc::new(claims), expires_at: START_UNIX as i64 + lifetime_s }
}

fn text(actions: &[Action]) -> Vec<String> {
    let show = |action: &Action| match action {
        Action::Send(frame) => String::from_utf8_lossy(frame).replace('\0', "^@"),
        other => format!("{other:?}"),
    };
    actions.iter().map(show).collect()
}

/// The answer is an ERROR that says so, and then the end for that reason.
#[track_caller]
fn ends(actions: &[Action], reason: DisconnectReason, says: &str) {
    let text = text(actions);
    let [error, close] = text.as_slice() else { panic!("{text:#?}") };
    assert!(error.starts_with("ERROR\nmessage:"), "{error}");
    assert!(error.contains(says), "{error}");
    assert_eq!(*close, format!("Close({reason:?})"));
}

#[test]
fn connect_is_answered_once_the_token_is_known() {
    let mut talk = Talk::new();
    let asked = talk.say("CONNECT\naccept-version:1.2,1.1\nheart-beat:10000,10000\nauthorization:Bearer abc\n\n\0");
    assert_eq!(asked, [Action::Authenticate { token: Some("abc".to_owned()) }]);
    let connected = text(&talk.accept("a/na", 60)).remove(0);
    for line in
        ["CONNECTED\nversion:1.2\n", "\nheart-beat:10000,10000\n", "\nuser-name:a%2Fna\n", "\nserver:sluice/test\n"]
    {
        assert!(connected.contains(line), "{connected}");
    }
}

#[test]
fn frames_on_the_heels_of_connect_wait_for_its_answer() {
    let mut talk = Talk::new();
    let frames =
        "CONNECT\naccept-version:1.2\nx-auth-token:t\n\n\0SUBSCRIBE\nid:0\ndestination:/user/**\nreceipt:r\n\n\0";
    assert_eq!(talk.say(frames).len(), 1);
    let answer = text(&talk.accept("ana", 60));
    assert!(answer[0].starts_with("CONNECTED\n"));
    assert!(answer[1].starts_with("Subscribe"), "{answer:?}");
    assert_eq!(answer[2], "RECEIPT\nreceipt-id:r\n\n^@");
}

#[test]
fn the_subprotocol_bounds_the_version() {
    let mut talk = Talk::with_versions(&[Version::V11]);
    talk.say("CONNECT\naccept-version:1.2,1.1\nx-auth-token:t\n\n\0");
    assert!(text(&talk.accept("ana", 60))[0].contains("version:1.1\n"));
    let refused = Talk::with_versions(&[Version::V11]).say("CONNECT\naccept-version:1.2\n\n\0");
    ends(&refused, DisconnectReason::Protocol, "version:1.0,1.1,1.2");
}

#[test]
fn refusals_before_connected() {
    ends(&Talk::new().say("SUBSCRIBE\nid:0\ndestination:/a\n\n\0"), DisconnectReason::Protocol, "before CONNECT");
    ends(&Talk::new().say("CONNECT\nheart-beat:abc\n\n\0"), DisconnectReason::Protocol, "heart-beat");
    ends(&Talk::new().say("GET / HTTP/1.1\r\n"), DisconnectReason::Protocol, "no STOMP command");
    let huge = format!("CONNECT\nx:{}", "y".repeat(20_000));
    ends(&Talk::new().say(&huge), DisconnectReason::TooLarge, "limits.");
    let late = Talk::new().wait(Duration::from_secs(15));
    ends(&late, DisconnectReason::ConnectTimeout, "limits.connect_timeout");
    let mut talk = Talk::new();
    talk.say("CONNECT\n\n\0");
    let now = talk.now();
    let refused = talk.session.on_authenticated(Err(AuthError::NoToken), now);
    ends(&refused, DisconnectReason::Unauthorized, "token");
    assert_eq!(talk.say("CONNECT\n\n\0"), []);
}

#[test]
fn only_what_a_rule_opens_can_be_subscribed_to() {
    for wanted in ["/topic/user/ben/session/1", "/topic/**", "/topic/user/*", "/topic/user/an"] {
        let mut talk = Talk::open("0,0");
        let answer = talk.say(&format!("SUBSCRIBE\nid:0\ndestination:{wanted}\nreceipt:r\n\n\0"));
        ends(&answer, DisconnectReason::Forbidden, "receipt-id:r");
    }
}

#[test]
fn user_destinations_are_the_users_own_channels() {
    let mut talk = Talk::open("0,0");
    let answer = talk.say("SUBSCRIBE\nid:0\ndestination:/user/session/7\n\n\0");
    let pattern = Pattern::parse("/topic/user/ana/session/7").unwrap();
    assert_eq!(answer, [Action::Subscribe { id: "0".to_owned(), pattern, terms: Terms::default() }]);
    let own = talk.say("SUBSCRIBE\nid:1\ndestination:/user/queue/replies\n\n\0");
    let pattern = Pattern::parse("/user/queue/replies").unwrap();
    assert_eq!(own, [Action::Subscribe { id: "1".to_owned(), pattern, terms: Terms::default() }]);
}

#[test]
fn wrong_subscriptions_are_told_why() {
    let cases = [
        ("SUBSCRIBE\ndestination:/user/**\n\n\0", "`id`"),
        ("SUBSCRIBE\nid:0\n\n\0", "`destination`"),
        ("SUBSCRIBE\nid:0\ndestination:user\n\n\0", "begins with `/`"),
        ("SUBSCRIBE\nid:0\ndestination:/user/**\nack:bogus\n\n\0", "does not exist"),
        ("SUBSCRIBE\nid:0\ndestination:/user/**\n\n\0SUBSCRIBE\nid:0\ndestination:/user/a\n\n\0", "exists already"),
        ("UNSUBSCRIBE\nid:nope\n\n\0", "no subscription `nope`"),
        ("SEND\ndestination:/topic/x\n\nhi\0", "nothing can be sent"),
        ("CONNECT\naccept-version:1.2\n\n\0", "already"),
    ];
    for (frames, says) in cases {
        let mut actions = Talk::open("0,0").say(frames);
        actions.retain(|action| !matches!(action, Action::Subscribe { .. }));
        assert!(text(&actions)[0].contains(says), "{frames:?}: {actions:?}");
        assert!(matches!(actions.last(), Some(Action::Close(_))), "{actions:?}");
    }
}

#[test]
fn too_many_subscriptions_end_the_session() {
    let mut talk = Talk::open("0,0");
    let max = LimitsConfig::default().subscriptions;
    for id in 0..max {
        assert_eq!(talk.say(&format!("SUBSCRIBE\nid:{id}\ndestination:/user/a\n\n\0")).len(), 1);
    }
    let answer = talk.say("SUBSCRIBE\nid:more\ndestination:/user/a\n\n\0");
    ends(&answer, DisconnectReason::Protocol, "limits.subscriptions");
}

#[test]
fn nothing_after_an_error_in_the_same_octets_is_obeyed() {
    let mut talk = Talk::open("0,0");
    let answer = talk.say("SUBSCRIBE\nid:0\n\n\0SUBSCRIBE\nid:1\ndestination:/user/a\n\n\0");
    ends(&answer, DisconnectReason::Protocol, "`destination`");
}

#[test]
fn beats_go_out_and_silence_ends_the_session() {
    let mut talk = Talk::open("10000,10000");
    assert_eq!(talk.session.deadline(), Some(talk.start + Duration::from_secs(8)));
    assert_eq!(talk.wait(Duration::from_secs(8)), [Action::Send(Bytes::from_static(b"\n"))]);
    let now = talk.now();
    talk.session.on_sent(now);
    talk.say("\n");
    talk.elapsed = Duration::from_secs(37);
    talk.session.on_sent(Moment { at: talk.start + talk.elapsed, wall: now.wall });
    assert_eq!(talk.wait(Duration::ZERO), []);
    ends(&talk.wait(Duration::from_secs(1)), DisconnectReason::HeartbeatMissed, "three heart-beats");
}

#[test]
fn the_session_ends_with_its_token_unless_renewed() {
    let mut talk = Talk::new();
    talk.say("CONNECT\naccept-version:1.2\nx-auth-token:t\n\n\0");
    talk.accept("ana", 60);
    let renew = "SEND\ndestination:/sluice/token\nreceipt:n\n\nnew-token\0";
    assert_eq!(talk.say(renew), [Action::Renew { token: "new-token".to_owned() }]);
    let now = talk.now();
    let renewed = talk.session.on_renewed(Ok(principal("ana", 120)), now);
    assert_eq!(text(&renewed), ["RECEIPT\nreceipt-id:n\n\n^@"]);
    assert_eq!(talk.wait(Duration::from_secs(119)), []);
    ends(&talk.wait(Duration::from_secs(1)), DisconnectReason::TokenExpired, "time is over");
}

#[test]
fn a_session_keeps_its_user() {
    let mut talk = Talk::open("0,0");
    talk.say("SEND\ndestination:/sluice/token\nreceipt:n\n\nother\0");
    let now = talk.now();
    let answer = talk.session.on_renewed(Ok(principal("ben", 120)), now);
    ends(&answer, DisconnectReason::Unauthorized, "receipt-id:n");
}

#[test]
fn disconnect_is_receipted_then_closed() {
    let answer = text(&Talk::open("0,0").say("DISCONNECT\nreceipt:bye\n\n\0"));
    assert_eq!(answer, ["RECEIPT\nreceipt-id:bye\n\n^@", "Close(ClientLeft)"]);
    assert_eq!(Talk::open("0,0").say("DISCONNECT\n\n\0"), [Action::Close(DisconnectReason::ClientLeft)]);
}

#[test]
fn every_reason_has_a_name_and_a_legal_code_of_its_own() {
    let codes: Vec<u16> = DisconnectReason::ALL.iter().filter_map(|reason| reason.close_code()).collect();
    let mut distinct = codes.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(codes.len(), distinct.len());
    assert!(codes.iter().all(|code| matches!(code, 1000..=1003 | 1007..=1009 | 1011 | 1013 | 4000..=4099)));
}
