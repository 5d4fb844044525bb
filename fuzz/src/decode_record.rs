//! Records: whatever stands on a topic becomes an event with the same body, or a reason that can be shown.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use sluice::catalogue::Catalogue;
use sluice::config::load_text;
use sluice::decode::{DecodeError, Decoder, REASONS};
use sluice::record::{Partition, Position, Record};
use sluice::route::RouteTable;
use uuid::Uuid;

const CONFIG: &str = r#"
[source.embedded]
[topics.plain]
[topics.strict]
catalogue = "strict"
[topics.placed]
catalogue = "off"
[topics.placed.decode]
type = ["header:type", "key", "body:/kind"]
id = "header:id"
time = "body:/at/0"
aliases = { a = "thing.happened" }
[topics.named.decode]
type = "topic"
[[route]]
channel = ["/topic/{/a/b}/{c}", "/topic/{header:type}"]
when = "c > 1 OR c LIKE 'x%'"
[route.project]
omit = ["d", "/a/e"]
[[route]]
event = "thing.*"
channel = "/topic/all"
[route.project]
pick = ["/a/b", "c"]
"#;

static PARTS: LazyLock<(Decoder, RouteTable)> = LazyLock::new(|| {
    let config = load_text(CONFIG).expect("the config of this file is right");
    let decoder = Decoder::new(&config.topics, Arc::new(Catalogue::builtin())).expect("its places are right");
    (decoder, RouteTable::new(&config.route).expect("its routes are right"))
});

/// The first octet chooses the topic; key, `type` header and body follow, a NUL between them.
pub fn run(data: &[u8]) {
    let [topic, rest @ ..] = data else { return };
    let mut parts = rest.splitn(3, |octet| *octet == 0).map(Bytes::copy_from_slice);
    let (key, header, body) = (parts.next(), parts.next(), parts.next());
    let topic = ["plain", "strict", "placed", "named", "unknown"][usize::from(topic % 5)];
    let record = Record {
        position: Position { partition: Arc::new(Partition::new("c", topic, Uuid::nil(), 0)), epoch: 0, number: 7 },
        timestamp_ms: 1_700_000_000_000,
        key,
        headers: header.map(|value| ("type".to_owned(), value)).into_iter().collect(),
        body,
    };
    let (decoder, routes) = &*PARTS;
    match decoder.decode(&record) {
        Err(error) => check_reason(&error),
        Ok(event) => {
            assert_eq!(event.body, record.body.clone().unwrap_or_default(), "the body is not rewritten");
            for delivery in routes.deliveries(&event, 0) {
                assert!(delivery.channel.starts_with("/topic/"), "{}", delivery.channel);
            }
        }
    }
}

fn check_reason(error: &DecodeError) {
    assert!(REASONS.iter().any(|(name, _)| *name == error.reason()), "{error}");
    assert!(error.to_string().len() < 16 * 1024, "a reason that is longer than what anybody reads");
}
