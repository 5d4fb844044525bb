//! `[[access]]`: who may subscribe to, send to and publish what. Nothing is open unless a rule opens it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Principal;
use super::client_topics::{ClientTopics, can_be_sent_to};
use super::only::Only;
use super::template::Template;
use crate::channel::Pattern;
use crate::config::{AccessConfig, Problem};
use crate::selector::Condition;

/// Topics that a rule opens to `POST /api/v1/events`.
#[derive(Debug)]
enum Topics {
    All,
    One(String),
}

#[derive(Debug)]
struct Rule {
    subscribe: Option<Template>,
    only: Option<Only>,
    /// The channels that may be sent to, and the topic that their messages go through.
    send: Option<(Template, Arc<str>)>,
    publish: Option<Topics>,
    claims: BTreeMap<String, String>,
}

/// What of the channels that a subscription names is open to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Everything.
    All,
    /// What one of these conditions admits.
    Only(Vec<Arc<Condition>>),
}

/// Every `[[access]]` rule. What no rule opens is closed.
#[derive(Debug)]
pub struct AccessRules {
    rules: Vec<Rule>,
    topics: BTreeSet<String>,
}

impl AccessRules {
    /// Reads the rules. `topics` are all that are read, without dead letters. Those that a rule gives to clients' messages
    /// are written by the gateway alone; the others may be published to.
    ///
    /// # Errors
    /// All problems together.
    pub fn new<T: Into<String>>(
        rules: &[AccessConfig],
        topics: impl IntoIterator<Item = T>,
    ) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader {
            topics: topics.into_iter().map(Into::into).collect(),
            client_topics: ClientTopics::new(rules),
            problems: Vec::new(),
        };
        let rules = rules.iter().enumerate().map(|(index, rule)| reader.rule(index, rule)).collect();
        if reader.problems.is_empty() { Ok(Self { rules, topics: reader.publishable() }) } else { Err(reader.problems) }
    }

    /// Whether one rule opens everything that `wanted` stands for, if only on a condition. `/user/…` is to be translated
    /// before.
    pub fn may_subscribe(&self, principal: &Principal, wanted: &Pattern) -> bool {
        self.opening(principal, wanted).is_some()
    }

    /// What is open of everything that `wanted` stands for; `None`: nothing. Of several rules that cover it as a whole each
    /// admits what its own condition does.
    pub fn opening(&self, principal: &Principal, wanted: &Pattern) -> Option<Opening> {
        let mut conditions = Vec::new();
        let covering =
            |rule: &&Rule| rule.subscribe.as_ref().is_some_and(|template| template.covers(principal, wanted));
        for rule in self.rules_for(principal).filter(covering) {
            match &rule.only {
                None => return Some(Opening::All),
                Some(only) => conditions.extend(only.for_principal(principal)),
            }
        }
        (!conditions.is_empty()).then_some(Opening::Only(conditions))
    }

    /// The topic that what is sent to that channel goes through, if a rule opens it: the first one's.
    pub fn send_topic(&self, principal: &Principal, channel: &Pattern) -> Option<&Arc<str>> {
        let mut open = self.rules_for(principal).filter_map(|rule| rule.send.as_ref());
        open.find(|(template, _)| template.covers(principal, channel)).map(|(_, topic)| topic)
    }

    /// Whether a rule opens the topic. Dead letters' topics and those of clients' messages are never open.
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

/// Reads rules, and collects what is wrong in them.
struct Reader {
    topics: BTreeSet<String>,
    client_topics: ClientTopics,
    problems: Vec<Problem>,
}

impl Reader {
    fn rule(&mut self, index: usize, config: &AccessConfig) -> Rule {
        if config.subscribe.is_none() && config.send.is_none() && config.publish.is_none() {
            self.add(index, "", "", "the rule opens nothing; give it `subscribe`, `send` or `publish`");
        }
        let subscribe = self.template(index, ".subscribe", config.subscribe.as_deref());
        let only = config
            .only
            .as_deref()
            .and_then(|text| Only::parse(text).map_err(|message| self.add(index, ".only", text, message)).ok());
        if config.only.is_some() && config.subscribe.is_none() {
            self.add(index, ".only", "", "says which messages a subscription gets, so the rule needs `subscribe`");
        }
        let publish = config.publish.as_deref().map(|name| match name {
            "*" => Topics::All,
            name => {
                if !self.publishable().contains(name) {
                    self.add(index, ".publish", name, self.unknown_topic());
                }
                Topics::One(name.to_owned())
            }
        });
        Rule { subscribe, only, send: self.send(index, config), publish, claims: config.claims.clone() }
    }

    fn send(&mut self, index: usize, config: &AccessConfig) -> Option<(Template, Arc<str>)> {
        let template = self.template(index, ".send", config.send.as_deref());
        if let Some(text) = config.send.as_deref().filter(|text| template.is_some() && !can_be_sent_to(text)) {
            self.add(index, ".send", text, "is the gateway's own: nothing below `/app` and `/sluice` is a channel");
        }
        match (&config.send, &config.topic) {
            (Some(_), None) => {
                let message =
                    "is missing; name the topic that what is sent goes through, so that every node delivers it";
                self.add(index, ".topic", "", message);
            }
            (None, Some(topic)) => {
                self.add(index, ".topic", topic, "is the topic of what is sent, so the rule needs `send`")
            }
            (Some(_), Some(topic)) if !self.topics.contains(topic) => {
                let names: Vec<&str> = self.topics.iter().map(String::as_str).collect();
                self.add(
                    index,
                    ".topic",
                    topic,
                    format!("no topic of that name is read; there are: {}", names.join(", ")),
                );
            }
            _ => {}
        }
        template.zip(config.topic.as_deref().map(Arc::from))
    }

    fn template(&mut self, index: usize, member: &str, text: Option<&str>) -> Option<Template> {
        let text = text?;
        Template::parse(text).map_err(|error| self.add(index, member, text, error.to_string())).ok()
    }

    fn add(&mut self, index: usize, member: &str, value: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(format!("access[{index}]{member}"), value, message));
    }

    fn publishable(&self) -> BTreeSet<String> {
        self.topics.iter().filter(|name| !self.client_topics.contains(name)).cloned().collect()
    }

    fn unknown_topic(&self) -> String {
        let names: Vec<String> = self.publishable().into_iter().collect();
        format!("no topic of that name may be published to; write `*` or one of: {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
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

    fn send(template: &str, topic: &str) -> AccessConfig {
        AccessConfig { send: Some(template.to_owned()), topic: Some(topic.to_owned()), ..AccessConfig::default() }
    }

    #[test]
    fn sending_is_opened_by_channel_and_its_topic_is_the_gateways() {
        let rules = rules(&[send("/topic/room/{team}/**", "payments"), publish("*")]);
        let ana = principal(json!({ "sub": "ana", "team": "a/b" }));
        let topic = |channel: &str| rules.send_topic(&ana, &Pattern::parse(channel).unwrap()).map(|topic| &**topic);
        assert_eq!(topic("/topic/room/a%2Fb/x"), Some("payments"));
        assert_eq!(topic("/topic/room/b/x"), None);
        assert!(rules.may_publish(&ana, "orders"));
        assert!(!rules.may_publish(&ana, "payments"));
        assert!(!rules.may_subscribe(&ana, &Pattern::parse("/topic/room/a%2Fb/x").unwrap()));
        let problems = AccessRules::new(&[send("/a", "payments"), publish("payments")], ["payments"]).unwrap_err();
        assert_eq!(problems[0].key, "access[1].publish");
    }

    #[test]
    fn of_several_rules_each_admits_what_its_condition_does() {
        let only = |rule, text: &str| AccessConfig { only: Some(text.to_owned()), ..rule };
        let wanted = Pattern::parse("/topic/a").unwrap();
        let conditions = [
            only(subscribe("/topic/**"), "tenant = {tenant}"),
            only(subscribe("/topic/a"), "public = TRUE"),
            only(subscribe("/topic/b"), "never = 1"),
        ];
        let texts = |rules: &AccessRules, claims| match rules.opening(&principal(claims), &wanted) {
            Some(Opening::Only(conditions)) => conditions.iter().map(|condition| condition.text().to_owned()).collect(),
            Some(Opening::All) => vec!["all".to_owned()],
            None => vec![],
        };
        let some = rules(&conditions);
        assert_eq!(texts(&some, json!({ "tenant": "t" })), ["tenant = 't'", "public = TRUE"]);
        assert_eq!(texts(&some, json!({})), ["public = TRUE"]);
        assert_eq!(texts(&rules(&conditions[..1]), json!({})), [] as [&str; 0]);
        let open = rules(&[conditions[0].clone(), subscribe("/topic/a")]);
        assert_eq!(texts(&open, json!({})), ["all"]);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let with = |only: Option<&str>, send: Option<&str>, topic: Option<&str>| AccessConfig {
            subscribe: Some("/a".to_owned()),
            only: only.map(str::to_owned),
            send: send.map(str::to_owned),
            topic: topic.map(str::to_owned),
            ..AccessConfig::default()
        };
        let wrong = [
            subscribe("/topic/{*order}/**"),
            publish("orders-dlq"),
            AccessConfig::default(),
            subscribe("topic"),
            with(Some("a == 1"), None, None),
            with(None, Some("/a"), None),
            with(None, None, Some("orders")),
            with(None, Some("a"), Some("unheard-of")),
            AccessConfig { subscribe: None, ..with(Some("a = 1"), Some("/app/x"), Some("orders")) },
        ];
        let problems = AccessRules::new(&wrong, ["orders"]).unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        let expected = [
            "access[0].subscribe",
            "access[1].publish",
            "access[2]",
            "access[3].subscribe",
            "access[4].only",
            "access[5].topic",
            "access[6].topic",
            "access[7].send",
            "access[7].topic",
            "access[8].only",
            "access[8].send",
        ];
        assert_eq!(keys, expected);
        assert!(problems[4].message.contains("column 3"), "{}", problems[4].message);
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
