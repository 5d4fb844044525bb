//! The topics that clients' messages go through, and the channels that each may lead to.

use std::collections::HashMap;

use super::template::Template;
use crate::channel::Pattern;
use crate::config::AccessConfig;

/// Destinations that are the gateway's own business, whatever a rule says.
const RESERVED: [&str; 3] = ["/user", "/app", "/sluice"];

/// The topics that clients' messages go through. Their records bypass decoders, the catalogue and routes.
#[derive(Clone, Debug, Default)]
pub struct ClientTopics(HashMap<String, Vec<Pattern>>);

impl ClientTopics {
    /// Those of the rules; what is wrong in them is told by [`super::AccessRules`].
    pub fn new(rules: &[AccessConfig]) -> Self {
        let mut topics: HashMap<String, Vec<Pattern>> = HashMap::new();
        for rule in rules {
            let (Some(send), Some(topic)) = (&rule.send, &rule.topic) else { continue };
            let channels = topics.entry(topic.clone()).or_default();
            channels.extend(Template::parse(send).ok().and_then(|template| template.widest()));
        }
        Self(topics)
    }

    /// Whether clients' messages go through that topic.
    pub fn contains(&self, topic: &str) -> bool {
        self.0.contains_key(topic)
    }

    /// Whether a message on that topic may lead to that channel, whoever sent it.
    pub fn lead_to(&self, topic: &str, channel: &str) -> bool {
        can_be_sent_to(channel)
            && self.0.get(topic).is_some_and(|channels| channels.iter().any(|pattern| pattern.matches(channel)))
    }
}

/// Whether a channel of that name can be sent to at all.
pub(crate) fn can_be_sent_to(channel: &str) -> bool {
    let is_below = |root: &str| channel.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !RESERVED.iter().any(|root| is_below(root)) && !channel.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_leads_to_the_channels_of_its_rules_alone() {
        let rule = |send: &str, topic: &str| AccessConfig {
            send: Some(send.to_owned()),
            topic: Some(topic.to_owned()),
            ..AccessConfig::default()
        };
        let topics = ClientTopics::new(&[rule("/topic/{team}/room", "rooms"), rule("/**", "all")]);
        assert!(topics.contains("rooms") && !topics.contains("orders"));
        assert!(topics.lead_to("rooms", "/topic/a/room"));
        assert!(!topics.lead_to("rooms", "/topic/a/b/room"));
        assert!(!topics.lead_to("orders", "/topic/a/room"));
        assert!(topics.lead_to("all", "/users"));
        for reserved in ["/user/queue/replies", "/user", "/app/x", "/sluice/token", "/topic/a\nb"] {
            assert!(!topics.lead_to("all", reserved), "{reserved}");
        }
    }
}
