//! `[[route]]` and `[[access]]`: rules that can apply, to topics that there are.

use super::Findings;
use crate::config::load::unknown::{closest, listed};
use crate::config::problem::{Problem, quoted, text};
use crate::config::{Config, Projection};

pub(super) fn check_routes(config: &Config, findings: &mut Findings) {
    for (index, route) in config.route.iter().enumerate() {
        let at = format!("route[{index}]");
        for (index, topic) in route.topics.iter().enumerate() {
            if let Some(message) = topic_fault(config, topic) {
                let problem = Problem::new(format!("{at}.topics[{index}]"), text(topic), message);
                findings.add_beside(problem, &["topics"]);
            }
        }
        if route.channel.0.is_empty() {
            let message = "is missing; a route says where its events go, as `/topic/user/{userId}`";
            findings.add(format!("{at}.channel"), "", message);
        }
        if let Some(project) = &route.project {
            check_projection(&format!("{at}.project"), project, findings);
        }
    }
}

fn check_projection(at: &str, project: &Projection, findings: &mut Findings) {
    let (pick, omit) = (format!("{at}.pick"), format!("{at}.omit"));
    if !project.pick.is_empty() && !project.omit.is_empty() {
        let message =
            "has both `pick` and `omit`; members that are not picked are left out anyway, so keep one of them";
        findings.add_beside(Problem::new(at, "", message), &[&pick, &omit]);
    }
    for (old, new) in &project.rename {
        findings.not_empty(&format!("{at}.rename.{}", quoted(old)), Some(new));
    }
    let Some(wrap) = &project.wrap else { return };
    let member = format!("{at}.wrap.member");
    if wrap.member.is_empty() && wrap.with.is_empty() {
        findings.add(
            member,
            "",
            "is missing; name the member that holds the body, as `data`, or build the whole in `with`",
        );
    } else if wrap.with.contains_key(&wrap.member) {
        let key = format!("{at}.wrap.with.{}", quoted(&wrap.member));
        findings.add_beside(Problem::new(key, "", "is the member that holds the body; choose another"), &[&member]);
    }
}

pub(super) fn check_access(config: &Config, findings: &mut Findings) {
    for (index, rule) in config.access.iter().enumerate() {
        let at = format!("access[{index}]");
        let key = |name: &str| format!("{at}.{name}");
        if rule.subscribe.is_none() && rule.send.is_none() && rule.publish.is_none() {
            let message = "opens nothing; write `subscribe`, `send` or `publish`";
            let keys = ["subscribe", "send", "publish"].map(key);
            findings.add_beside(Problem::new(&at, "", message), &keys.each_ref().map(String::as_str));
        }
        // A name with a claim or a wildcard in it is the matter of the module that reads rules.
        if let Some(topic) = rule.publish.as_deref().filter(|topic| !topic.contains(['{', '*']))
            && let Some(message) = topic_fault(config, topic)
        {
            findings.add_beside(Problem::new(key("publish"), text(topic), message), &["topics"]);
        }
        if let Some(topic) = rule.topic.as_deref() {
            check_client_topic(config, &key("topic"), topic, findings);
        }
        for (name, value) in &rule.claims {
            findings.not_empty(&format!("{at}.claims.{}", quoted(name)), Some(value));
        }
    }
}

/// What clients send through a topic is no event: nothing else may want to read it as one.
fn check_client_topic(config: &Config, key: &str, topic: &str, findings: &mut Findings) {
    if let Some(message) = topic_fault(config, topic) {
        findings.add_beside(Problem::new(key, text(topic), message), &["topics"]);
        return;
    }
    for (index, route) in config.route.iter().enumerate() {
        if route.topics.iter().any(|routed| routed == topic) {
            let message = format!("is read by route[{index}] as events; what clients send needs a topic of its own");
            findings.add_beside(Problem::new(key, text(topic), message), &["route"]);
        }
    }
    if config.topics.get(topic).is_some_and(|section| section.dead_letter.is_some()) {
        let dead_letter = format!("topics.{}.dead_letter", quoted(topic));
        let message = format!("has dead letters, which clients' messages never become; leave `{dead_letter}` out");
        findings.add_beside(Problem::new(key, text(topic), message), &[&dead_letter]);
    }
}

/// Why nothing of that topic can be read or written by a rule.
fn topic_fault(config: &Config, topic: &str) -> Option<String> {
    if let Some((owner, _)) = config.topics.iter().find(|(_, owner)| owner.dead_letter.as_deref() == Some(topic)) {
        return Some(format!("holds the dead letters of `{owner}`, which only the gateway reads and writes"));
    }
    if config.topics.contains_key(topic) {
        return None;
    }
    let names: Vec<&str> = config.read_topics().map(|(name, _)| name).collect();
    Some(match closest(topic, names.iter().copied()) {
        Some(meant) => format!("there is no [topics.{}]; did you mean `{meant}`?", quoted(topic)),
        None => format!("there is no [topics.{}]; there are {}", quoted(topic), listed(&names, "and")),
    })
}
