//! Whole files in, config or problems out.

use secrecy::ExposeSecret;

use super::*;

/// The keys of the problems, each with its message.
fn problems(text: &str) -> Vec<(String, String)> {
    with_environment(text, &[]).err().unwrap_or_default().into_iter().map(|found| (found.key, found.message)).collect()
}

fn with_environment(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
    load_from(text, variables, |_| Vec::new()).map_err(|err| err.0)
}

/// The text has exactly one problem, at that key, and it says that.
#[track_caller]
fn check(text: &str, key: &str, says: &str) {
    match problems(text).as_slice() {
        [(found, message)] => {
            assert_eq!(found, key, "{message}");
            assert!(message.contains(says), "{message}");
        }
        other => panic!("{other:#?}"),
    }
}

const MISTAKES: &str = r#"
route = [{ chanel = "/topic/a" }, { channel = "/topic/b", overflow = "conflate" }]
access = [{ subscribe = "/topic/**", claims = { role = 7 } }]

[[command]]
name = "cancel-order"

[server]
listen = "localhost:8080"
allowed_origins = ["https://app.example.com", 5]

[auth]
jwks_url = "ftp://id.example.com/keys"

[[auth.keys]]
algorithm = "HS257"
secret = "at least thirty-two octets of secret"

[topics.orders]
partitions = 0
dead_letter = "orders"

[limits]
heartbeat = 10
subscriptions = -1
"#;

#[test]
fn every_mistake_of_a_file_is_told_at_once_and_once_in_the_order_of_the_file() {
    let found: Vec<String> = problems(MISTAKES).into_iter().map(|(key, _)| key).collect();
    let expected = [
        "route[0].chanel",
        "route[1].overflow",
        "access[0].claims.role",
        "command",
        "server.listen",
        "server.allowed_origins[1]",
        "auth.jwks_url",
        "auth.keys[0].algorithm",
        "topics.orders.partitions",
        "topics.orders.dead_letter",
        "limits.heartbeat",
        "limits.subscriptions",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_problem_names_its_line_what_stands_there_and_what_would_be_right() {
    let found = with_environment(MISTAKES, &[]).unwrap_err();
    let of = |key: &str| found.iter().find(|problem| problem.key == key).unwrap().to_string();
    assert_eq!(
        of("limits.heartbeat"),
        "limits.heartbeat = 10: must be a duration as text: \"500ms\", \"10s\", \"5m\", \"2h\", \"14d\" or \"0\" (line 24)"
    );
    assert_eq!(of("limits.subscriptions"), "limits.subscriptions = -1: must be a whole number from 0 (line 25)");
    assert_eq!(
        of("route[0].chanel"),
        "route[0].chanel = \"/topic/a\": is not a known key; did you mean `channel`? (line 2)"
    );
    assert_eq!(
        of("route[1].overflow"),
        "route[1].overflow = \"conflate\": `conflate` is not supported by this version; write `disconnect` (line 2)"
    );
    assert_eq!(of("command"), "command = […]: `command` is not supported by this version (line 5)");
    assert_eq!(of("topics.orders.partitions"), "topics.orders.partitions = 0: must be 1 or more (line 20)");
    assert!(of("auth.keys[0].algorithm").contains("did you mean `HS256`?"), "{}", of("auth.keys[0].algorithm"));
}

#[test]
fn a_missing_algorithm_is_one_problem() {
    check("[[auth.keys]]\nsecret = \"short\"", "auth.keys[0].algorithm", "is missing; write `HS256`, ");
    check("[[auth.keys]]\nalgoritm = \"RS256\"\npublic_key_file = \"x\"", "auth.keys[0].algoritm", "`algorithm`");
}

#[test]
fn wrong_shapes_say_what_would_be_right() {
    check("limits = 5", "limits", "a section with `connect_bytes`, ");
    check("[[limits]]\ndrain = \"1s\"", "limits", "a section with ");
    check("route = { channel = \"/a\" }", "route", "each begun by [[route]]");
    check("limits = []", "limits", "a section with ");
    check("route = [[\"/a\"], { channel = \"/b\" }]", "route[0]", "a section with `channel`, ");
    check("[source]\nkafka = true", "source.kafka", "a section with `brokers`, ");
    check("[topics]\norders = 3\n[[route]]\ntopics = [\"orders\"]\nchannel = \"/a\"", "topics.orders", "a section");
    check("[source.kafka]\nbrokers = \"a:9092\"", "source.kafka.brokers", "must be a list of texts");
    check("[source.kafka]\nbrokers = [5]", "source.kafka.brokers[0]", "must be a text");
    check("[auth]\ndevelopment = \"yes\"", "auth.development", "must be `true` or `false`");
    check("[log]\nformat = \"yaml\"", "log.format", "must be `pretty` or `json`");
    check("[log]\nformat = 1", "log.format", "must be `pretty` or `json`");
    check("[topics.a]\npartitions = 3000000000", "topics.a.partitions", "must be a whole number");
    check("[topics.\"a.b\"]\nretention = \"5 days\"", "topics.\"a.b\".retention", "must be a duration");
    check("[[route]]\nchannel = [\"/a\", 1]", "route[0].channel[1]", "must be a text");
    check("[[route]]\nchannel = 1", "route[0].channel", "must be a text or a list of texts");
    check("[admin]\nclaims = \"operator\"", "admin.claims", "must be a table");
    check("[limits]\nframe_bytes = 65536", "limits.frame_bytes", "must be a size");
}

#[test]
fn a_stand_in_is_not_held_against_its_neighbours() {
    check("[limits]\nframe_bytes = 1048576\nconnect_bytes = \"128KiB\"", "limits.frame_bytes", "must be a size");
    check("[server]\nlisten = 1\n[admin]\nlisten = \"127.0.0.1:8080\"", "server.listen", "must be an IP address");
    check("[source.kafka]\nbrokers = 5", "source.kafka.brokers", "must be a list");
    check("[[access]]\nsned = \"/topic/room/**\"", "access[0].sned", "did you mean `send`?");
    check("[[auth.keys]]\nalgorithm = \"HS256\"\nsecrt = \"x\"", "auth.keys[0].secrt", "`secret`");
}

#[test]
fn no_problem_shows_a_secret() {
    for text in [
        "[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"hunter2\"",
        "[[auth.keys]]\nalgorithm = \"RS256\"\nsecret = \"hunter2\"",
        "[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = [\"hunter2\"]",
        "[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = { value = \"hunter2\" }",
        "[[auth.keys]]\nalgorithm = \"HS256\"\nsecrets = \"hunter2\"",
        "[auth]\nkeys = \"hunter2\"",
        "[auth]\nkeys = [\"hunter2\"]",
        "[auth]\nsecret = \"hunter2\"",
        "auth = \"hunter2\"",
        "[source.kafka]\nbrokers = [\"a:1\"]\npassword = \"hunter2\"",
        "[source.kafka]\nbrokers = [\"a:1\"]\nsettings = \"hunter2\"",
        "[source.kafka]\nbrokers = [\"a:1\"]\n[source.kafka.settings]\n\"sasl.password\" = [\"hunter2\"]",
        "[source.kafka]\nbrokers = [\"a:1\"]\n[source.kafka.settings]\n\"group.id\" = \"hunter2\"",
        "[auth]\njwks_url = \"ftp://me:hunter2@id.example.com\"",
        "[source.kafka]\nbrokers = [\"me:hunter2@redpanda:9092\"]",
        "[source.redis]\nurl = \"redis://:hunter2@redis\"",
        "[server]\njwt_secret = \"hunter2\"",
    ] {
        let found = with_environment(text, &[]).unwrap_err();
        assert!(!format!("{found:?}").contains("hunter2"), "{text}: {found:?}");
    }
    for variable in ["SLUICE__AUTH__SECRET", "SLUICE__PASSWORD", "SLUICE__LIMITS", "SLUICE__AUTH__KEYS"] {
        let found = with_environment("", &[(variable, "hunter2")]).unwrap_err();
        assert!(!format!("{found:?}").contains("hunter2"), "{variable}: {found:?}");
    }
}

#[test]
fn debug_output_shows_no_secret() {
    let config = load_text(
        r#"
        [[auth.keys]]
        algorithm = "HS256"
        secret = "hunter2 hunter2 hunter2 hunter2 hunter2"
        [source.kafka]
        brokers = ["a:9092"]
        settings = { "sasl.password" = "hunter2", "ssl.key.password" = "hunter2", "socket.timeout.ms" = 6000 }
        "#,
    )
    .unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("sasl.password"), "{shown}");
    let settings = config.source.kafka.unwrap().settings;
    assert_eq!(settings["sasl.password"], "hunter2");
    assert_eq!(settings["socket.timeout.ms"], "6000");
}

#[test]
fn without_a_source_there_is_the_embedded_log() {
    let config = load_text("").unwrap();
    assert_eq!(config.source.embedded.map(|log| log.path), Some("sluice-data".into()));
    let config = load_text("[source.kafka]\nbrokers = [\"a:9092\"]").unwrap();
    assert!(config.source.embedded.is_none());
    let config = load_text("[topics.a]\nsource = \"embedded\"").unwrap();
    assert!(config.source.embedded.is_some());
}

#[test]
fn the_environment_goes_over_the_file() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\n[topics.agent-events]\n[topics.\"v1.orders\"]\n";
    let config = with_environment(
        text,
        &[
            ("SLUICE__SERVER__LISTEN", "127.0.0.1:2"),
            ("SLUICE__SERVER__ALLOWED_ORIGINS", "https://a.example.com, https://b.example.com"),
            ("sluice__limits__Frame_Bytes", "1MiB"),
            ("SLUICE__LIMITS__SUBSCRIPTIONS", "7"),
            ("SLUICE__AUTH__DEVELOPMENT", "true"),
            ("SLUICE__SOURCE__KAFKA__BROKERS", "a:9092,b:9092"),
            ("SLUICE__SOURCE__KAFKA__SETTINGS__SASL_PASSWORD", "hunter2"),
            ("SLUICE__ADMIN__CLAIMS__ROLE", "operator"),
            ("SLUICE__TOPICS__AGENT_EVENTS__PARTITIONS", "8"),
            ("SLUICE__TOPICS__V1_ORDERS__DECODE__TYPE", "header:event_type,topic"),
            ("SLUICE_CONFIG", "elsewhere.toml"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:2");
    assert_eq!(config.server.allowed_origins, ["https://a.example.com", "https://b.example.com"]);
    assert_eq!((config.limits.frame_bytes, config.limits.subscriptions), (1 << 20, 7));
    assert!(config.auth.development);
    let kafka = config.source.kafka.unwrap();
    assert_eq!(kafka.brokers, ["a:9092", "b:9092"]);
    assert_eq!(kafka.settings["sasl.password"], "hunter2");
    assert_eq!(config.admin.claims["role"], "operator");
    assert_eq!(config.topics["agent-events"].partitions, 8);
    assert_eq!(config.topics["v1.orders"].decode.event_type.0, ["header:event_type", "topic"]);
}

/// The variable is the only problem of an otherwise good config.
#[track_caller]
fn check_variable(name: &str, value: &str, (key, says): (&str, &str)) {
    let text = "[topics.a-b]\n[topics.a_b]\n[topics.orders]\n[[route]]\nchannel = \"/a\"\n";
    let found = with_environment(text, &[(name, value)]).unwrap_err();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].key, key, "{found:#?}");
    assert!(found[0].message.contains(says), "{found:#?}");
}

#[test]
fn a_variable_that_means_nothing_is_told() {
    let check = |name, says| check_variable(name, "1", (name, says));
    check("SLUICE__SERVER__LISTN", "did you mean `listen`?");
    check("SLUICE__SEVER__LISTEN", "did you mean `server`?");
    check("SLUICE__SERVER", "names the section `server`");
    check("SLUICE__", "names no key");
    check("SLUICE__RESUME__KEYS", "`resume` is not supported by this version");
    check("SLUICE__SERVER__LISTEN__PORT", "goes on after `server.listen`");
    check("SLUICE__ROUTE__0__CHANNEL", "only the file can give");
    check("SLUICE__ROUTE", "only the file can give");
    check("SLUICE__AUTH__KEYS__0__SECRET", "only the file can give");
    check("SLUICE__TOPICS__PAYMENTS__PARTITIONS", "names nothing of `topics` in the file");
    check("SLUICE__TOPICS__A_B__PARTITIONS", "could mean `a-b` or `a_b`");
}

#[test]
fn a_variable_of_the_wrong_kind_is_told_with_its_name() {
    check_variable("SLUICE__LIMITS__HEARTBEAT", "10", ("limits.heartbeat", "(set by SLUICE__LIMITS__HEARTBEAT)"));
    check_variable("SLUICE__LIMITS__SUBSCRIPTIONS", "many", ("limits.subscriptions", "must be a whole number from 0"));
    check_variable("SLUICE__AUTH__DEVELOPMENT", "yes", ("auth.development", "must be `true` or `false`"));
    check_variable(
        "SLUICE__SERVER__ALLOWED_ORIGINS",
        "https://a.example.com,*",
        ("server.allowed_origins[1]", "(set by SLUICE__SERVER__ALLOWED_ORIGINS)"),
    );
}

#[test]
fn two_variables_for_one_key_are_told() {
    let variables = [("SLUICE__LOG__FILTER", "info"), ("sluice__log__filter", "warn")];
    let found = with_environment("", &variables).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].key, "sluice__log__filter");
    assert!(found[0].message.contains("same key as SLUICE__LOG__FILTER"), "{found:?}");
}

#[test]
fn a_file_is_read_and_a_missing_one_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sluice.toml");
    let missing = load(Some(&path), |_| Vec::new()).unwrap_err();
    assert!(missing.to_string().contains("the config file cannot be read"), "{missing}");
    assert!(missing.to_string().contains("sluice.toml"), "{missing}");
    std::fs::write(&path, "[server]\nnode = \"a\"\n").unwrap();
    assert_eq!(load(Some(&path), |_| Vec::new()).unwrap().server.node, "a");
}

#[test]
fn a_key_from_the_file_can_be_used() {
    let text = "[[auth.keys]]\nalgorithm = \"HS256\"\nsecret = \"at least thirty-two octets of secret\"";
    let config = load_text(text).unwrap();
    let secret = config.auth.keys[0].secret.as_ref().unwrap();
    assert_eq!(secret.expose_secret(), "at least thirty-two octets of secret");
}
