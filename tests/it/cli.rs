//! The command line, as a person meets it.

use std::path::Path;
use std::process::{Command, Output};

fn sluice(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.current_dir(directory).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn check_tells_every_problem_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let config = r#"
        [server]
        listen = "nowhere"
        colour = "blue"
        [limits]
        heartbeat = "soon"
        [topics.orders]
        partitions = 0
        [[route]]
        topics = ["orders"]
        when = "severity IN ("
        channel = "/topic/{userId"
        [[access]]
        subscribe = "topic/{sub}"
    "#;
    std::fs::write(directory.path().join("sluice.toml"), config).unwrap();
    let output = sluice(directory.path(), &["check", "--config", "sluice.toml"]);
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for key in [
        "server.listen",
        "server.colour",
        "limits.heartbeat",
        "topics.orders.partitions",
        "route[0].when",
        "route[0].channel",
        "access[0].subscribe",
    ] {
        assert!(told.contains(key), "{key} is not told:\n{told}");
    }
    let good = "[topics.orders]\n[[route]]\nchannel = \"/topic/{userId}\"\n";
    std::fs::write(directory.path().join("sluice.toml"), good).unwrap();
    let output = sluice(directory.path(), &["check", "--config", "sluice.toml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(sluice(directory.path(), &["dance"]).status.code(), Some(2));
}

#[test]
fn types_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let output = sluice(directory.path(), &["types", "--out", "types"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for (name, holds) in [("learning.ts", "LearningEvent"), ("protocol.ts", "MessageHeaders"), ("api.ts", "Publish")] {
        let text = std::fs::read_to_string(directory.path().join("types").join(name)).unwrap();
        assert!(text.contains(holds), "{name}");
    }
    assert!(stdout(&sluice(directory.path(), &["types"])).contains("LearningEvent"));
}

#[test]
fn topics_are_missing_then_made_then_present() {
    let directory = tempfile::tempdir().unwrap();
    let list = || sluice(directory.path(), &["topics", "list"]);
    assert_eq!(list().status.code(), Some(1));
    assert!(stdout(&list()).contains("missing"));
    let applied = sluice(directory.path(), &["topics", "apply"]);
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    let listed = list();
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
    let text = stdout(&listed);
    let partitions = |topic: &str| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(topic)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    for (topic, wanted) in [
        ("user-events", "3"),
        ("session-events", "5"),
        ("agent-events", "8"),
        ("content-events", "3"),
        ("payment-events", "2"),
        ("system-events", "1"),
    ] {
        assert_eq!(partitions(topic), wanted, "{topic}");
        assert_eq!(partitions(&format!("{topic}-dlq")), "1", "{topic}");
    }
}

#[test]
fn tokens_are_signed_with_development_keys_only() {
    let directory = tempfile::tempdir().unwrap();
    let output = sluice(directory.path(), &["token", "--user", "ana", "--claim", "role=operator"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stdout(&output).trim().split('.').count(), 3);
    std::fs::write(directory.path().join("sluice.toml"), "").unwrap();
    let refused = sluice(directory.path(), &["token", "--user", "ana", "--config", "sluice.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("auth.development"));
}
