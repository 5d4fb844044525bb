//! Systems that Sluice serves out of the box: their topics, routes and access rules, and life-like events to try it with.

pub mod learning;

/// Each preset's name and its config.
const PRESETS: [(&str, &str); 1] = [("learning", include_str!("learning.toml"))];

/// The config of the platform with that name, as TOML.
pub fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::channel::Pattern;
    use crate::config::{CatalogueMode, Cleanup, Config};

    fn learning() -> Config {
        toml::from_str(preset("learning").unwrap()).unwrap()
    }

    #[test]
    fn every_preset_is_a_config() {
        for name in names() {
            let read = toml::from_str::<Config>(preset(name).unwrap());
            assert!(read.is_ok(), "{name}: {:?}", read.err());
        }
        assert!(preset("nobody").is_none());
    }

    #[test]
    fn the_learning_platforms_topics_are_as_on_its_broker() {
        let config = learning();
        let expected = [
            ("user-events", 3, 30, 30),
            ("session-events", 5, 90, 30),
            ("agent-events", 8, 14, 30),
            ("content-events", 3, 60, 30),
            ("payment-events", 2, 365, 365),
            ("system-events", 1, 7, 30),
        ];
        assert_eq!(config.read_topics().count(), expected.len());
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        for (name, partitions, retention, dead_letter_retention) in expected {
            let topic = &config.topics[name];
            assert_eq!((topic.partitions, topic.retention), (partitions, days(retention)), "{name}");
            assert_eq!(
                (topic.cleanup, topic.catalogue, topic.must_route),
                (Cleanup::Delete, CatalogueMode::Strict, true)
            );
            assert_eq!(topic.key.as_deref(), Some("/userId"));
            let dead_letter = topic.dead_letter.as_deref().unwrap();
            assert_eq!(dead_letter, format!("{name}-dlq"));
            let dead_letter = &config.topics[dead_letter];
            assert_eq!((dead_letter.partitions, dead_letter.retention), (1, days(dead_letter_retention)), "{name}");
        }
    }

    /// Whether a glob with at most one star, at its end, fits.
    fn fits(glob: &str, name: &str) -> bool {
        glob.strip_suffix('*').map_or(glob == name, |start| name.starts_with(start))
    }

    #[test]
    fn each_of_the_fifteen_types_has_a_topic_and_a_channel() {
        let config = learning();
        let mut types_of: BTreeMap<&str, usize> = BTreeMap::new();
        for event_type in Catalogue::builtin().types() {
            assert!(config.topics.contains_key(&*event_type.topic), "{}", event_type.name);
            let route = config.route.iter().find(|route| {
                route.when.is_none()
                    && route.topics.iter().any(|topic| **topic == *event_type.topic)
                    && route.event.0.iter().any(|glob| fits(glob, &event_type.name))
            });
            let route = route.unwrap_or_else(|| panic!("{} goes nowhere", event_type.name));
            assert_eq!(route.channel.0.len(), 1);
            let channel =
                config.route.iter().flat_map(|route| &route.channel.0).find(|text| **text == route.channel.0[0]);
            *types_of.entry(channel.unwrap()).or_default() += 1;
            // Every member that the channel needs is one that the type must have.
            for member in route.channel.0[0].split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
                let kind = &event_type.schema["properties"][member]["type"];
                assert_eq!(kind, "string", "{} has no {member}", event_type.name);
            }
        }
        let channels: Vec<_> = types_of.into_iter().collect();
        assert_eq!(
            channels,
            [("/topic/system", 2), ("/topic/user/{userId}", 6), ("/topic/user/{userId}/session/{sessionId}", 7)]
        );
    }

    #[test]
    fn the_first_bridges_browser_messages_can_be_had_by_config() {
        let text = include_str!("../../examples/learning-browser-messages.toml");
        let config: Config = toml::from_str(text).unwrap();
        let catalogue = Catalogue::builtin();
        let mut messages = Vec::new();
        for event_type in catalogue.types().filter(|event_type| config.topics.contains_key(&*event_type.topic)) {
            let routes: Vec<_> =
                config.route.iter().filter(|route| fits(&route.event.0[0], &event_type.name)).collect();
            assert_eq!(routes.len(), 1, "{}", event_type.name);
            let wrap = routes[0].project.as_ref().unwrap().wrap.as_ref().unwrap();
            let names: Vec<_> = wrap.with.keys().map(String::as_str).collect();
            assert_eq!(names, ["data", "sessionId", "timestamp", "type"]);
            // Each value of `data` is a fixed text, the event's time, or a member that the type has.
            for value in wrap.with["data"].as_table().unwrap().values().map(|value| value.as_str().unwrap()) {
                let member = value.strip_prefix('{').and_then(|value| value.strip_suffix('}')).unwrap_or("eventType");
                let known = event_type.schema["properties"].get(member).is_some() || member == "@time";
                assert!(known, "{}: {value}", event_type.name);
            }
            messages.push(wrap.with["type"].as_str().unwrap());
        }
        messages.sort_unstable();
        messages.dedup();
        assert_eq!(
            messages,
            [
                "agent.error",
                "agent.progress",
                "content.generated",
                "content.updated",
                "session.completed",
                "session.error",
                "session.started",
                "system.alert",
                "system.notification",
            ]
        );
    }

    #[test]
    fn access_rules_are_channel_patterns() {
        for rule in learning().access {
            let Some(channel) = rule.subscribe else { continue };
            assert!(Pattern::parse(&channel.replace("{sub}", "42")).is_ok(), "{channel}");
        }
    }
}
