//! What a projection makes of a body.

use serde_json::json;

use super::*;
use crate::event::EventTime;

#[track_caller]
fn projected(project: &str, event: &Event) -> Value {
    let table = table(&format!("[[route]]\nchannel = '/c'\n{project}"));
    let found = deliveries(&table, event);
    serde_json::from_slice(&found[0].body).unwrap()
}

#[track_caller]
fn check(project: &str, document: Value, expected: Value) {
    assert_eq!(projected(project, &event("t", "x", document)), expected, "{project}");
}

#[test]
fn pick_keeps_only_what_is_named() {
    let document = json!({ "a": 1, "b": { "c": 2, "d": { "e": 3 } }, "list": [10, 11, 12], "/s": 4, "n": null });
    check("project.pick = ['a', 'absent']", document.clone(), json!({ "a": 1 }));
    check("project.pick = ['/b/d', '/b/x', '/a/b']", document.clone(), json!({ "b": { "d": { "e": 3 } } }));
    check("project.pick = ['/b/d/e', 'b']", document.clone(), json!({ "b": { "c": 2, "d": { "e": 3 } } }));
    check("project.pick = ['/list/2', '/list/0', '/list/9']", document.clone(), json!({ "list": [10, 12] }));
    check("project.pick = ['/~1s', 'n']", document.clone(), json!({ "/s": 4, "n": null }));
    check("project.pick = ['absent']", document, json!({}));
}

#[test]
fn omit_keeps_all_but_what_is_named() {
    let document = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "list": [{ "x": 1, "y": 2 }, 11] });
    check(
        "project.omit = ['a', 'absent']",
        document.clone(),
        json!({ "b": { "c": 2, "d": 3 }, "list": [{ "x": 1, "y": 2 }, 11] }),
    );
    check(
        "project.omit = ['/b/c', '/list/0/x', '/list/1', '/a/b']",
        document.clone(),
        json!({ "a": 1, "b": { "d": 3 }, "list": [{ "y": 2 }] }),
    );
    check("project.omit = ['/b', '/b/c', 'list', 'a']", document, json!({}));
}

#[test]
fn rename_gives_members_new_names_at_once() {
    let document = json!({ "a": 1, "b": 2, "in": { "x": 3, "y": 4 }, "list": [{ "x": 5 }] });
    check(
        "project.rename = { a = 'b', b = 'a', absent = 'c' }",
        document.clone(),
        json!({ "a": 2, "b": 1, "in": { "x": 3, "y": 4 }, "list": [{ "x": 5 }] }),
    );
    check(
        "project.rename = { in = 'out', '/in/x' = 'z', '/list/0/x' = 'w', '/a/x' = 'q' }",
        document.clone(),
        json!({ "a": 1, "b": 2, "out": { "z": 3, "y": 4 }, "list": [{ "w": 5 }] }),
    );
    check("project = { pick = ['a', 'b'], rename = { a = 'b' } }", document, json!({ "b": 1 }));
}

#[test]
fn wrap_puts_the_result_into_an_object() {
    let mut event = event_with_headers(
        "t",
        "agent.started.v1",
        json!({ "user": "u", "stage": 2, "deep": { "x": [1] }, "ok": true, "none": null }),
        &[("tenant", b"acme")],
    );
    event.id = Some("e-1".to_owned());
    event.time = Some(EventTime { text: "2025-08-13T08:15:30.123456Z".to_owned(), unix_nanos: 0 });
    let project = r#"
        [route.project]
        pick = ["stage"]
        [route.project.wrap]
        member = "data"
        [route.project.wrap.with]
        version = 1
        factor = 0.5
        final = false
        kind = "agent"
        type = "{@type}"
        id = "{@id}"
        time = "{@time}"
        now = "{@now_ms}"
        stage = "{stage}"
        deep = "{/deep}"
        first = "{/deep/x/0}"
        tenant = "{header:tenant}"
        text = "stage {stage} of {user}: {ok} at {@now_ms}, {/deep}"
        missing = "{absent}"
        half = "stage {absent}"
        null = "{none}"
        empty = ""
        nested = { list = ["{user}", 1, "x"], inner = { user = "{user}" } }
    "#;
    let expected = json!({
        "data": { "stage": 2 }, "version": 1, "factor": 0.5, "final": false, "kind": "agent",
        "type": "agent.started.v1", "id": "e-1", "time": "2025-08-13T08:15:30.123456Z", "now": NOW_MS,
        "stage": 2, "deep": { "x": [1] }, "first": 1, "tenant": "acme",
        "text": format!("stage 2 of u: true at {NOW_MS}, {{\"x\":[1]}}"),
        "missing": null, "half": null, "null": null, "empty": "",
        "nested": { "list": ["u", 1, "x"], "inner": { "user": "u" } },
    });
    assert_eq!(projected(project, &event), expected);
}

/// The learning platform's first bridge sent `{type, sessionId, timestamp, data}` with fixed words in `data`.
#[test]
fn a_wrapper_without_a_member_builds_the_whole_body() {
    let document = json!({ "sessionId": "71c2", "stageNumber": 1, "durationMinutes": 12, "costUsd": 2.75 });
    let mut event = event("t", "agent.completed.v1", document);
    event.time = Some(EventTime { text: "2025-08-13T08:15:30.123456Z".to_owned(), unix_nanos: 0 });
    let project = r#"
        [route.project.wrap.with]
        type = "agent.progress"
        sessionId = "{sessionId}"
        timestamp = "{@now_ms}"
        [route.project.wrap.with.data]
        stage = "{stageNumber}"
        status = "completed"
        message = "Stage {stageNumber} completed"
        timestamp = "{@time}"
        duration = "{durationMinutes}"
        cost = "{costUsd}"
    "#;
    let expected = json!({
        "type": "agent.progress", "sessionId": "71c2", "timestamp": NOW_MS,
        "data": {
            "stage": 1, "status": "completed", "message": "Stage 1 completed",
            "timestamp": "2025-08-13T08:15:30.123456Z", "duration": 12, "cost": 2.75,
        },
    });
    assert_eq!(projected(project, &event), expected);
}

#[test]
fn a_projected_body_is_compact_and_holds_a_repeated_member_once() {
    let mut event = event("t", "x", json!({ "eventType": "first", "a": [1, 2], "text": "\u{e9}\n" }));
    event.body = Bytes::from_static(
        b"{\"eventType\": \"first\", \"eventType\": \"second\", \"a\": [1, 2], \"text\": \"\\u00e9\\n\"}",
    );
    let table = table("[[route]]\nchannel = ['/c', '/d']\nproject.omit = ['absent']");
    let found = deliveries(&table, &event);
    assert_eq!(found[0].body, "{\"a\":[1,2],\"eventType\":\"first\",\"text\":\"\u{e9}\\n\"}");
    assert_eq!(found[0].body.as_ptr(), found[1].body.as_ptr(), "one body for all channels of a route");
}
