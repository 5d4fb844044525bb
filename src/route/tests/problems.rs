//! Everything that can be wrong with a route is told at once, with its key.

use super::*;

#[test]
fn every_problem_of_every_route_is_told_at_once() {
    let found = problems(
        r#"
        [[route]]
        channel = "/fine"
        [[route]]
        topics = ["t", ""]
        event = ["", "x"]
        when = "severity IN 'high'"
        channel = ["/fine", "topic", "/a/{owner(/orderId)}"]
        project = { pick = [""], omit = ["/a~x"], rename = { a = "" } }
        [[route]]
        event = ""
        "#,
    );
    let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "route[1].topics[1]",
            "route[1].event[0]",
            "route[1].when",
            "route[1].channel[1]",
            "route[1].channel[2]",
            "route[1].project.omit",
            "route[1].project.pick[0]",
            "route[1].project.omit[0]",
            "route[1].project.rename.a",
            "route[2].event",
            "route[2].channel",
        ]
    );
    assert_eq!(found[2].value, "severity IN 'high'");
    assert_eq!(found[2].message, "column 13: `(` is expected here, not a text");
    assert!(found[4].message.contains("not supported by this version"), "{}", found[4].message);
}

#[track_caller]
fn refuse(template: &str, part: &str) {
    let found = problems(&format!("[[route]]\nchannel = \"{template}\""));
    assert_eq!((found.len(), found[0].key.as_str()), (1, "route[0].channel"), "{found:?}");
    assert!(found[0].message.contains(part), "{template}: {}", found[0].message);
}

#[test]
fn templates_that_make_no_channel() {
    refuse("topic/{a}", "begins with `/`");
    refuse("/topic//{a}", "empty level");
    refuse("/topic/{a}/", "empty level");
    refuse("/topic/*/{a}", "not patterns");
    refuse("/topic/{a}/**", "not patterns");
    refuse("/topic/*{a}", "mixes");
    refuse("/topic/{a}{b}", "run together");
    refuse("/topic/{a}-{b}", "run together");
    refuse("/topic/{a}%2F{b}", "run together");
    refuse("/topic/{@type}", "`project.wrap.with` only");
    refuse("/topic/a\\n", "control characters");
    refuse("/user/{a}", "/topic/user/{userId}");
    refuse("/topic/{a", "no `}`");
    refuse("/topic/{a.b}", "{/a/b}");
}

#[track_caller]
fn refuse_projection(project: &str, key: &str) {
    let found = problems(&format!("[[route]]\nchannel = '/c'\nproject = {project}"));
    let keys: Vec<_> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, [format!("route[0].project{key}")], "{found:?}");
}

#[test]
fn projections_that_cannot_be() {
    refuse_projection("{}", "");
    refuse_projection("{ rename = { a = 'x', '/a' = 'y', b = 'y' } }", ".rename.b");
    refuse_projection("{ rename = { a = '/x' } }", ".rename.a");
    refuse_projection("{ wrap = {} }", ".wrap.member");
    refuse_projection("{ pick = ['a'], wrap = { with = { b = 1 } } }", ".wrap.member");
    refuse_projection("{ wrap = { member = 'data', with = { data = 1 } } }", ".wrap.with.data");
    refuse_projection("{ wrap = { member = 'data', with = { x = '{@now}' } } }", ".wrap.with.x");
    refuse_projection("{ wrap = { member = 'data', with = { x = { y = [1, '{'] } } } }", ".wrap.with.x.y[1]");
    refuse_projection("{ wrap = { member = 'data', with = { x = nan } } }", ".wrap.with.x");
}
