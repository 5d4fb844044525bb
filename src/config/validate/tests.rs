//! Configs of the right shape with something wrong in them.

use super::*;
use crate::config::load_text;

/// The text has exactly one problem, at that key, and it says that.
#[track_caller]
fn check(text: &str, key: &str, says: &str) {
    let found = load_text(text).err().map(|err| err.0).unwrap_or_default();
    assert_eq!(found.len(), 1, "{text}\n{found:#?}");
    assert_eq!(found[0].key, key, "{found:#?}");
    assert!(found[0].message.contains(says), "{found:#?}");
}

#[track_caller]
fn check_fine(text: &str) {
    if let Err(err) = load_text(text) {
        panic!("{text}\n{err}");
    }
}

#[test]
fn the_defaults_are_fine() {
    assert_eq!(problems(&Config::default()), []);
}

#[test]
fn listeners() {
    check("[admin]\nlisten = \"127.0.0.1:8080\"", "admin.listen", "the address of `server.listen`");
    check("[server]\nallowed_origins = [\"https://a.example.com/\"]", "server.allowed_origins[0]", "write `https:");
    check("[server.sockjs]\nheartbeat = \"0\"", "server.sockjs.heartbeat", "more than nothing");
    check("[server.sockjs]\nresponse_bytes = \"0B\"", "server.sockjs.response_bytes", "more than nothing");
    check("[server.sockjs]\nclient_url = \"sockjs.js\"", "server.sockjs.client_url", "no address of a script");
    check_fine("[server.sockjs]\nclient_url = \"/sockjs.js\"");
    check("[server]\nnode = \"a\\nb\"", "server.node", "control character");
    check("[admin]\nclaims = { role = \"\" }", "admin.claims.role", "is empty");
    check("[log]\nfilter = \"sluice=loud\"", "log.filter", "is no filter");
    check_fine("[log]\nfilter = \"sluice::hub=debug,warn\"");
}

#[test]
fn a_key_has_exactly_one_place() {
    let hmac = "[[auth.keys]]\nalgorithm = \"HS256\"\n";
    let rsa = "[[auth.keys]]\nalgorithm = \"RS256\"\n";
    check(hmac, "auth.keys[0]", "has no key; write one of `secret` or `secret_file`");
    check(rsa, "auth.keys[0]", "has no key; write one of `public_key_file`");
    check(&format!("{hmac}secret = \"x\"\nsecret_file = \"x\""), "auth.keys[0]", "more than one key");
    check(&format!("{hmac}public_key_file = \"x\""), "auth.keys[0].public_key_file", "shared secret");
    check(&format!("{rsa}secret = \"x\""), "auth.keys[0].secret", "an RS256 key is a public key");
    check(&format!("{rsa}secret_file = \"x\""), "auth.keys[0].secret_file", "an RS256 key is a public key");
}

#[test]
fn a_secret_is_long_enough() {
    let key = |secret: &str| format!("[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"{secret}\"");
    check(&key(&"x".repeat(31)), "auth.keys[0].secret", "is 31 octets long");
    check_fine(&key(&"x".repeat(32)));
    check_fine(&key(&"é".repeat(16)));
}

#[test]
fn key_files_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let hmac = |file: &str| format!("[[auth.keys]]\nalgorithm = \"HS512\"\nsecret_file = \"{file}\"");
    let edwards = |file: &str| format!("[[auth.keys]]\nalgorithm = \"EdDSA\"\npublic_key_file = \"{file}\"");
    check(&hmac("/nowhere/key"), "auth.keys[0].secret_file", "cannot be read: ");
    check(&edwards("/nowhere/key"), "auth.keys[0].public_key_file", "cannot be read: ");
    check(&hmac(&write("short", &format!("{}\n", "x".repeat(31)))), "auth.keys[0].secret_file", "is 31 octets");
    check_fine(&hmac(&write("long", &format!("{}\n", "x".repeat(32)))));
    let pem = |kind: &str| format!("-----BEGIN {kind} KEY-----\nAAAA\n-----END {kind} KEY-----\n");
    check(&edwards(&write("private", &pem("PRIVATE"))), "auth.keys[0].public_key_file", "private key");
    check(&edwards(&write("other", "AAAA")), "auth.keys[0].public_key_file", "is not PEM");
    check(&edwards(&write("huge", &"x".repeat(70_000))), "auth.keys[0].public_key_file", "too large");
    check_fine(&edwards(&write("public", &pem("PUBLIC"))));
}

#[test]
fn whose_tokens_are_believed() {
    check("[auth]\nissuer = \"\"", "auth.issuer", "is empty");
    check("[auth]\naudience = \" \"", "auth.audience", "is empty");
    for url in ["ftp://id.example.com", "id.example.com/keys", "https://", "/keys"] {
        check(&format!("[auth]\njwks_url = \"{url}\""), "auth.jwks_url", "https://");
    }
    check("[auth]\njwks_url = \"https://me:hunter2@id.example.com\"", "auth.jwks_url", "may hold no password");
    check("[auth]\njwks_refresh = \"0\"", "auth.jwks_refresh", "at least 10s");
    check_fine("[auth]\njwks_url = \"http://localhost:8000/keys\"\nleeway = \"0\"");
}

#[test]
fn sources() {
    check("[source.kafka]", "source.kafka.brokers", "at least one broker");
    check("[source.kafka]\nbrokers = [\"a:9092\", \"b\"]", "source.kafka.brokers[1]", "host and its port");
    let kafka = "[source.kafka]\nbrokers = [\"a:9092\"]\n";
    check(&format!("{kafka}replication = -1"), "source.kafka.replication", "how many replicas");
    check(&format!("{kafka}group = \"\""), "source.kafka.group", "is empty");
    check(
        &format!("{kafka}settings = {{ \"bootstrap.servers\" = \"b:9092\" }}"),
        "source.kafka.settings.\"bootstrap.servers\"",
        "`source.kafka.brokers`",
    );
    check("[source.embedded]\npath = \"\"", "source.embedded.path", "must be a directory");
}

#[test]
fn a_topic_belongs_to_a_source_that_there_is() {
    let kafka = "[source.kafka]\nbrokers = [\"a:9092\"]\n";
    let both = format!("{kafka}[source.embedded]\n");
    check("[topics.a]\nsource = \"kafka\"", "topics.a.source", "there is no [source.kafka]");
    check(&format!("{kafka}[topics.a]\nsource = \"embedded\""), "topics.a.source", "no [source.embedded]");
    check("[topics.a]\nsource = \"redis\"", "topics.a.source", "`redis` is not supported by this version");
    check(&format!("{both}[topics.a]"), "topics.a.source", "is missing");
    check_fine(&format!("{both}[topics.a]\nsource = \"kafka\"\n[topics.b]\nsource = \"embedded\""));
    check_fine(&format!("{both}[topics.a]\nsource = \"kafka\"\ndead_letter = \"b\"\n[topics.b]"));
    check(
        &format!("{both}[topics.a]\nsource = \"kafka\"\ndead_letter = \"b\"\n[topics.b]\nsource = \"embedded\""),
        "topics.b.source",
        "the dead letters of `a` stay with its own source",
    );
}

#[test]
fn topics() {
    check("[topics.\"a b\"]", "topics.\"a b\"", "must be a topic's name");
    check("[topics.a]\npartitions = 0", "topics.a.partitions", "must be 1 or more");
    check("[topics.a]\nretention = \"0\"", "topics.a.retention", "gone at once");
    check("[topics.a]\nkey = \"userId\"", "topics.a.key", "must be a JSON pointer");
    check("[topics.a]\ndead_letter = \"a/b\"", "topics.a.dead_letter", "must be a topic's name");
    check("[topics.a]\ndead_letter = \"a\"", "topics.a.dead_letter", "is the topic itself");
    check(
        "[topics.a]\ndead_letter = \"b\"\n[topics.b]\ndead_letter = \"c\"",
        "topics.a.dead_letter",
        "has a dead-letter topic itself",
    );
    check_fine("[topics.a]\ndead_letter = \"c\"\n[topics.b]\ndead_letter = \"c\"\n[topics.c]");
}

#[test]
fn places_of_what_is_decoded() {
    let decode = |line: &str| format!("[topics.a.decode]\n{line}");
    for place in ["body", "body:", "body:a", "header:", "headers:x", "", "Key", "value"] {
        check(&decode(&format!("id = \"{place}\"")), "topics.a.decode.id", "must be a place");
    }
    check(&decode("type = []"), "topics.a.decode.type", "at least one place");
    check(&decode("type = \"x\""), "topics.a.decode.type", "must be a place");
    check(&decode("type = [\"header:t\", \"x\"]"), "topics.a.decode.type[1]", "must be a place");
    check(&decode("type = \"field:type\""), "topics.a.decode.type", "`field:` is not supported by this version");
    check(&decode("format = \"avro\""), "topics.a.decode.format", "`avro` is not supported by this version");
    check(&decode("aliases = { \"A\" = \"\" }"), "topics.a.decode.aliases.A", "is empty");
    check_fine(&decode("type = [\"header:t\", \"key\", \"topic\", \"body:/a/b\"]\ntime = \"header:x:y\""));
}

#[test]
fn routes() {
    let topics = "[topics.orders]\ndead_letter = \"orders-dlq\"\n[topics.orders-dlq]\n[[route]]\n";
    let with = |lines: &str| format!("{topics}channel = \"/a\"\n{lines}");
    check(topics, "route[0].channel", "is missing");
    check(&format!("{topics}channel = []"), "route[0].channel", "is missing");
    check(&with("topics = [\"orders\", \"ordrs\"]"), "route[0].topics[1]", "did you mean `orders`?");
    check(&with("topics = [\"payments\"]"), "route[0].topics[0]", "there are `orders`");
    check(&with("topics = [\"orders-dlq\"]"), "route[0].topics[0]", "dead letters of `orders`");
    check(&with("priority = \"urgent\""), "route[0].priority", "must be `critical`, `high`, `normal` or `low`");
    check(&with("project = { pick = [\"a\"], omit = [\"b\"] }"), "route[0].project", "both `pick` and `omit`");
    check(&with("project = { rename = { a = \"\" } }"), "route[0].project.rename.a", "is empty");
    check(&with("project = { wrap = {} }"), "route[0].project.wrap.member", "is missing");
    check(
        &with("project = { wrap = { member = \"a\", with = { a = 1 } } }"),
        "route[0].project.wrap.with.a",
        "is the member that holds the body",
    );
    check_fine(&with("topics = [\"orders\"]\npriority = \"critical\"\nproject = { pick = [\"a\"] }"));
}

#[test]
fn access_rules() {
    let topics = "[topics.orders]\ndead_letter = \"orders-dlq\"\n[[access]]\n";
    let with = |lines: &str| format!("{topics}{lines}");
    check(topics, "access[0]", "opens nothing");
    check(&with("publish = \"payments\""), "access[0].publish", "there is no [topics.payments]");
    check(&with("publish = \"orders-dlq\""), "access[0].publish", "dead letters of `orders`");
    check(&with("publish = \"*\"\nclaims = { scope = \"\" }"), "access[0].claims.scope", "is empty");
    check_fine(&with("subscribe = \"/a\"\nonly = \"x = 1\""));
    check_fine(&with("publish = \"orders\""));
    check_fine(&with("publish = \"*\"\nclaims = { scope = \"publish\" }"));
    check_fine(&with("publish = \"{tenant}-orders\""));
}

#[test]
fn limits() {
    for key in ["frame_headers", "subscriptions", "connections_per_user", "connections_per_address", "request_events"] {
        check(&format!("[limits]\n{key} = 0"), &format!("limits.{key}"), "more than nothing");
    }
    for key in ["connect_timeout", "write_timeout", "publish_timeout"] {
        check(&format!("[limits]\n{key} = \"0\""), &format!("limits.{key}"), "more than nothing");
    }
    for key in ["connect_bytes", "header_bytes", "outbox_bytes", "request_bytes"] {
        check(&format!("[limits]\n{key} = \"0B\""), &format!("limits.{key}"), "more than nothing");
    }
    check_fine("[limits]\nheartbeat = \"0\"\ndrain = \"0\"");
    check("[limits]\nconnect_bytes = \"128KiB\"", "limits.frame_bytes", "at least `limits.connect_bytes`");
    check("[limits]\nheader_bytes = \"65KiB\"", "limits.frame_bytes", "at least `limits.header_bytes`");
}

#[test]
fn what_clients_send_has_a_topic_of_its_own() {
    let rule = "[[access]]\nsend = \"/a\"\ntopic = \"rooms\"\n";
    check_fine(&format!("[topics.rooms]\n{rule}"));
    check(rule, "access[0].topic", "there is no [topics.rooms]");
    check(&format!("[topics.o]\ndead_letter = \"rooms\"\n{rule}"), "access[0].topic", "holds the dead letters");
    let routed = "[[route]]\ntopics = [\"rooms\"]\nchannel = \"/b\"\n";
    check(&format!("[topics.rooms]\n{routed}{rule}"), "access[0].topic", "is read by route[0]");
    check(&format!("[topics.rooms]\ndead_letter = \"d\"\n{rule}"), "access[0].topic", "has dead letters");
}

#[test]
fn an_unacknowledged_window_holds_the_default() {
    check("[limits]\nunacknowledged = 10", "limits.unacknowledged", "`limits.prefetch`, which is 100");
    check("[limits]\nframes_per_second = 0", "limits.frames_per_second", "more than nothing");
    check_fine("[limits]\nprefetch = 5\nunacknowledged = 5");
}
