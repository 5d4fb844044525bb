//! `[[access]]`: who may subscribe to and publish what. Nothing is open unless a rule opens it.

use std::collections::{BTreeMap, BTreeSet};

use super::Principal;
use super::template::Template;
use crate::channel::Pattern;
use crate::config::{AccessConfig, Problem};

/// Topics that a rule opens to `POST /api/v1/events`.
#[derive(Debug)]
enum Topics {
    All,
    One(String),
}

#[derive(Debug)]
struct Rule {
    subscribe: Option<Template>,
    publish: Option<Topics>,
    claims: BTreeMap<String, String>,
}

/// Every `[[access]]` rule. What no rule opens is closed.
#[derive(Debug)]
pub struct AccessRules {
    rules: Vec<Rule>,
    topics: BTreeSet<String>,
}

impl AccessRules {
    /// Reads the rules. `topics` are all that may be published to at all: those that are read, without dead letters.
    ///
    /// # Errors
    /// All problems together.
    pub fn new<T: Into<String>>(
        rules: &[AccessConfig],
        topics: impl IntoIterator<Item = T>,
    ) -> Result<Self, Vec<Problem>> {
        let topics: BTreeSet<String> = topics.into_iter().map(Into::into).collect();
        let mut problems = Vec::new();
        let rules = rules.iter().enumerate().map(|(index, rule)| read(index, rule, &topics, &mut problems)).collect();
        if problems.is_empty() { Ok(Self { rules, topics }) } else { Err(problems) }
    }

    /// Whether one rule opens everything that `wanted` stands for. `/user/…` is to be translated before.
    pub fn may_subscribe(&self, principal: &Principal, wanted: &Pattern) -> bool {
        self.rules_for(principal)
            .any(|rule| rule.subscribe.as_ref().is_some_and(|template| template.covers(principal, wanted)))
    }

    /// Whether a rule opens the topic. Dead letters' topics are never open.
    pub fn may_publish(&self, principal: &Principal, topic: &str) -> bool {
        self.topics.contains(topic)
            && self.rules_for(principal).any(|rule| match &rule.publish {
                Some(Topics::All) => true,
                Some(Topics::One(name)) => name == topic,
                None => false,
            })
    }

    fn rules_for(&self, principal: &Principal) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| principal.has_claims(&rule.claims))
    }
}

fn read(index: usize, config: &AccessConfig, topics: &BTreeSet<String>, problems: &mut Vec<Problem>) -> Rule {
    let mut problem = |member: &str, value: &str, message: String| {
        problems.push(Problem { key: format!("access[{index}]{member}"), value: value.to_owned(), message });
    };
    if config.subscribe.is_none() && config.publish.is_none() {
        problem("", "", "the rule opens nothing; give it `subscribe` or `publish`".to_owned());
    }
    let subscribe = config
        .subscribe
        .as_deref()
        .and_then(|text| Template::parse(text).map_err(|err| problem(".subscribe", text, err.to_string())).ok());
    let publish = config.publish.as_deref().map(|name| match name {
        "*" => Topics::All,
        name => {
            if !topics.contains(name) {
                problem(".publish", name, unknown_topic(topics));
            }
            Topics::One(name.to_owned())
        }
    });
    Rule { subscribe, publish, claims: config.claims.clone() }
}

fn unknown_topic(topics: &BTreeSet<String>) -> String {
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    format!("no topic of that name may be published to; write `*` or one of: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::channel::encode_value;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn principal(claims: Value) -> Principal {
        let claims = claims.as_object().unwrap().clone();
        let user = claims.get("sub").and_then(Value::as_str).unwrap_or("ana").to_owned();
        Principal { user, claims: Arc::new(claims), expires_at: i64::MAX }
    }

    fn subscribe(template: &str) -> AccessConfig {
        AccessConfig { subscribe: Some(template.to_owned()), ..AccessConfig::default() }
    }

    fn publish(topic: &str) -> AccessConfig {
        AccessConfig { publish: Some(topic.to_owned()), ..AccessConfig::default() }
    }

    fn only_for(rule: AccessConfig, claim: &str, value: &str) -> AccessConfig {
        AccessConfig { claims: BTreeMap::from([(claim.to_owned(), value.to_owned())]), ..rule }
    }

    fn rules(rules: &[AccessConfig]) -> AccessRules {
        AccessRules::new(rules, ["orders", "payments"]).unwrap()
    }

    #[track_caller]
    fn check(rule: &str, claims: Value, wanted: &str, expected: bool) {
        let wanted = Pattern::parse(wanted).unwrap();
        let may = rules(&[subscribe(rule)]).may_subscribe(&principal(claims.clone()), &wanted);
        assert_eq!(may, expected, "{rule} {claims} {wanted}");
    }

    #[test]
    fn without_a_rule_everything_is_closed() {
        let everything = Pattern::parse("/**").unwrap();
        assert!(!rules(&[]).may_subscribe(&principal(json!({ "sub": "ana" })), &everything));
        assert!(!rules(&[]).may_publish(&principal(json!({ "sub": "ana" })), "orders"));
    }

    #[test]
    fn a_rule_opens_what_it_covers_as_a_whole() {
        let ana = || json!({ "sub": "ana" });
        check("/topic/user/{sub}/**", ana(), "/topic/user/ana", true);
        check("/topic/user/{sub}/**", ana(), "/topic/user/ana/session/7", true);
        check("/topic/user/{sub}/**", ana(), "/topic/user/ana/*/7", true);
        check("/topic/user/{sub}/**", ana(), "/topic/user/ana/**", true);
        check("/topic/user/{sub}/**", ana(), "/topic/user/bob", false);
        check("/topic/user/{sub}/**", ana(), "/topic/user/*", false);
        check("/topic/user/{sub}/**", ana(), "/topic/user/**", false);
        check("/topic/user/{sub}/**", ana(), "/**", false);
        check("/topic/user/{sub}/**", ana(), "/topic/user/anastasia", false);
        check("/topic/system", ana(), "/topic/system", true);
        check("/topic/system", ana(), "/topic/system/more", false);
        check("/topic/*/{sub}", ana(), "/topic/room/ana", true);
    }

    #[test]
    fn claims_are_filled_in_as_text_or_the_rule_does_not_apply() {
        check("/topic/{tenant}", json!({ "tenant": 42 }), "/topic/42", true);
        check("/topic/{tenant}", json!({ "tenant": true }), "/topic/true", true);
        check("/topic/{tenant}", json!({ "tenant": "" }), "/topic/%", true);
        check("/topic/{tenant}/{team}", json!({ "tenant": "a", "team": "b" }), "/topic/a/b", true);
        check("/topic/{tenant}/{team}", json!({ "tenant": "a" }), "/topic/a/b", false);
        for odd in [json!(null), json!(["a"]), json!({ "a": 1 })] {
            check("/topic/{tenant}/**", json!({ "tenant": odd }), "/topic/a", false);
        }
        check("/topic/{tenant}/**", json!({}), "/topic/%", false);
    }

    #[test]
    fn a_hostile_claim_stays_in_its_level() {
        for hostile in ["**", "*", "a/b", "..", ".", "", "{sub}", "%2A", "bob\0", "b\u{43e}b", "bob ", "\u{ff0f}"] {
            let claims = || json!({ "sub": hostile });
            check("/topic/user/{sub}/**", claims(), "/topic/user/bob/session/7", false);
            check("/topic/user/{sub}/**", claims(), "/topic/user/*", false);
            check("/topic/user/{sub}/**", claims(), "/topic/user/**", false);
            check("/topic/user/{sub}/**", claims(), "/topic/user/a/b", false);
            check("/topic/user/{sub}/**", claims(), "/topic", false);
            check("/topic/user/{sub}/**", claims(), &format!("/topic/user/{}/x", encode_value(hostile)), true);
        }
    }

    #[test]
    fn numbers_that_json_rounds_do_not_meet() {
        let rounded = serde_json::from_str(r#"{"tenant":12345678901234567890123}"#).unwrap();
        check("/topic/{tenant}", rounded, "/topic/1.2345678901234568e%2B22", false);
    }

    #[test]
    fn a_rule_for_a_claim_is_for_those_who_have_it() {
        let rules = rules(&[only_for(subscribe("/topic/system"), "role", "operator")]);
        let system = Pattern::parse("/topic/system").unwrap();
        for (role, expected) in [
            (json!("operator"), true),
            (json!(["user", "operator"]), true),
            (json!("user operator"), true),
            (json!("USER,operator"), true),
            (json!("user, operator"), true),
            (json!("operators"), false),
            (json!(["user operator"]), false),
            (json!({ "operator": true }), false),
            (json!(null), false),
        ] {
            let may = rules.may_subscribe(&principal(json!({ "sub": "ana", "role": role })), &system);
            assert_eq!(may, expected, "{role}");
        }
        assert!(!rules.may_subscribe(&principal(json!({ "sub": "ana" })), &system));
    }

    #[test]
    fn claims_of_other_types_are_compared_as_text() {
        let flag = BTreeMap::from([("verified".to_owned(), "true".to_owned()), ("level".to_owned(), "3".to_owned())]);
        assert!(principal(json!({ "verified": true, "level": 3 })).has_claims(&flag));
        assert!(!principal(json!({ "verified": false, "level": 3 })).has_claims(&flag));
        assert!(!principal(json!({ "verified": true })).has_claims(&flag));
    }

    #[test]
    fn publishing_is_opened_by_topic_and_never_for_dead_letters() {
        let ana = principal(json!({ "sub": "ana", "scope": "read publish" }));
        let one = rules(&[publish("orders")]);
        assert!(one.may_publish(&ana, "orders"));
        assert!(!one.may_publish(&ana, "payments"));
        let all = rules(&[only_for(publish("*"), "scope", "publish")]);
        assert!(all.may_publish(&ana, "payments"));
        assert!(!all.may_publish(&ana, "orders-dlq"));
        assert!(!all.may_publish(&principal(json!({ "sub": "ana" })), "orders"));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let wrong =
            [subscribe("/topic/{*order}/**"), publish("orders-dlq"), AccessConfig::default(), subscribe("topic")];
        let problems = AccessRules::new(&wrong, ["orders"]).unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["access[0].subscribe", "access[1].publish", "access[2]", "access[3].subscribe"]);
        assert!(problems[1].message.contains("orders"), "{}", problems[1].message);
    }

    fn any_user() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,6}",
            "[ab*./%{}]{0,4}",
            Just("*".to_owned()),
            Just("**".to_owned()),
            Just("..".to_owned()),
            Just("a/b".to_owned()),
        ]
    }

    /// Patterns that somebody who knows both users might ask for.
    fn any_wanted(one: &str, other: &str) -> impl Strategy<Value = String> + use<> {
        let levels = ["topic", "user", "session", "*", "**", one, other, &encode_value(one), &encode_value(other)];
        prop::collection::vec(prop::sample::select(levels.map(str::to_owned).to_vec()), 0..6)
            .prop_map(|levels| format!("/topic/user/{}", levels.join("/")))
    }

    proptest! {
        #[test]
        fn one_users_rule_never_covers_what_matches_anothers_channel(
            (one, other, wanted) in (any_user(), any_user())
                .prop_flat_map(|(one, other)| (any_wanted(&one, &other), Just(one), Just(other)))
                .prop_map(|(wanted, one, other)| (one, other, wanted))
        ) {
            prop_assume!(one != other);
            let Ok(wanted) = Pattern::parse(&wanted) else { return Ok(()) };
            let rules = rules(&[subscribe("/topic/user/{sub}/**")]);
            if rules.may_subscribe(&principal(json!({ "sub": one })), &wanted) {
                let theirs = format!("/topic/user/{}", encode_value(&other));
                let deeper = format!("{theirs}/session/7");
                prop_assert!(!wanted.matches(&theirs));
                prop_assert!(!wanted.matches(&deeper));
            }
        }
    }
}
