//! What a client may cost, before and after CONNECT.

use super::stage::Stage;
use super::*;

#[test]
fn frames_are_counted_by_the_second() {
    let mut stage = Stage::with("1.2", "[limits]\nframes_per_second = 5");
    let begin = |number: usize| format!("BEGIN\ntransaction:{number}\n\n\0");
    for number in 0..5 {
        stage.say(&begin(number));
    }
    stage.wait(Duration::from_millis(200));
    stage.say(&begin(5));
    stage.fails(&begin(6), DisconnectReason::TooFast, "limits.frames_per_second");
    // Beats are no frames.
    let mut stage = Stage::with("1.2", "[limits]\nframes_per_second = 1");
    assert_eq!(stage.say(&"\n".repeat(1_000)), [] as [&str; 0]);
    assert_eq!(stage.closed, None);
}

#[test]
fn nobody_costs_more_than_connect_bytes_before_connected() {
    let most = LimitsConfig::default().connect_bytes;
    let mut talk = Talk::new();
    assert_eq!(talk.say(&"\n".repeat(most)), []);
    ends(&talk.say("\n"), DisconnectReason::TooLarge, "limits.connect_bytes");
    let connect = "CONNECT\naccept-version:1.2\nx-auth-token:t\n\n\0";
    let mut talk = Talk::new();
    let pipelined = format!("{connect}{}", "\n".repeat(most));
    ends(&talk.say(&pipelined), DisconnectReason::TooLarge, "limits.connect_bytes");
    let mut talk = Talk::new();
    talk.say(connect);
    assert_eq!(talk.say(&"\n".repeat(most - connect.len())), []);
    ends(&talk.say("\n"), DisconnectReason::TooLarge, "limits.connect_bytes");
    let mut talk = Talk::new();
    talk.say(connect);
    talk.accept("ana", 60);
    assert_eq!(talk.say(&"\n".repeat(2 * most)), []);
}

#[test]
fn a_link_that_takes_nothing_is_not_given_beat_after_beat() {
    let mut talk = Talk::open("0,10000");
    assert_eq!(talk.wait(Duration::from_secs(8)).len(), 1);
    assert_eq!(talk.wait(Duration::ZERO), []);
    assert_eq!(talk.session.deadline(), Some(talk.start + Duration::from_secs(16)));
}
