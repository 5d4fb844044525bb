//! `sluice demo`: the gateway with a platform's topics, life-like events, and a page to look at.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use super::{DemoArguments, log, serve};
use crate::config::{self, Config, ConfigError, EmbeddedConfig, SourceConfig};
use crate::platform::learning::{Story, StoryUser};
use crate::publish::Outgoing;
use crate::server::{DemoTokens, DemoUser, Gateway, Options, data_directory};
use crate::{auth, platform, server};

/// How long the ready-made tokens are good for.
const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// The story's users; their ids are always the same, so that a restarted demo goes on with them.
const USERS: [(&str, &str, &str); 2] = [
    ("Ana Silva", "0b9b6d0e-3a44-4f0e-9a0e-5d6f8a7b1c02", "ana@example.com"),
    ("Ben Okafor", "5f1c2a90-7d3b-4c55-8e21-9b4a6d0e7f13", "ben@example.com"),
];

/// The operator, who may see everything and publish.
const OPERATOR: (&str, &str) = ("Operator", "operator");

pub(super) fn run(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let config = config(arguments)?;
    if !(arguments.pace.is_finite() && arguments.pace > 0.0) {
        bail!("--pace {}: a factor above 0, as 1 or 20", arguments.pace);
    }
    log::start(&config.log);
    let tokens = tokens(&config, &arguments.platform)?;
    Runtime::new()?.block_on(async {
        let data = data_directory(&config);
        let gateway = match Gateway::start(config, Options { demo: Some(tokens.clone()), ..Options::default() }).await {
            Ok(gateway) => gateway,
            Err(error) => return serve::refused(error),
        };
        announce(&gateway, &tokens, &data.display().to_string());
        let seed = arguments.seed.unwrap_or_else(rand::random);
        tokio::select! {
            () = tell(&gateway, seed, arguments.pace) => {}
            stopped = serve::stop_signal() => stopped?,
        }
        gateway.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The platform's preset on the embedded log, with tokens of the demo's own.
fn config(arguments: &DemoArguments) -> anyhow::Result<Config> {
    let Some(preset) = platform::preset(&arguments.platform) else {
        let known: Vec<&str> = platform::names().collect();
        bail!("--platform {}: there is no such platform; known: {}", arguments.platform, known.join(", "));
    };
    let mut config = config::load_preset(preset, server::check).map_err(|ConfigError(problems)| {
        super::check::print(&problems);
        anyhow::anyhow!("the preset of {} is wrong", arguments.platform)
    })?;
    config.server.listen = arguments.listen;
    config.source =
        SourceConfig { embedded: Some(EmbeddedConfig { path: arguments.data.clone() }), ..SourceConfig::default() };
    config.auth.development = true;
    Ok(config)
}

fn tokens(config: &Config, platform: &str) -> anyhow::Result<DemoTokens> {
    let sign = |name: &str, user: &str, role: &str, claims: Map<String, Value>| -> anyhow::Result<DemoUser> {
        let data = data_directory(config);
        let token = auth::sign_development(&config.auth, &data, user, claims, TOKEN_LIFETIME)
            .with_context(|| format!("cannot sign a token for {name}"))?;
        Ok(DemoUser { name: name.to_owned(), user: user.to_owned(), role: role.to_owned(), token })
    };
    let mut users = Vec::new();
    for (name, user, _) in USERS {
        let claims = Map::from_iter([("name".to_owned(), name.into()), ("role".to_owned(), "learner".into())]);
        users.push(sign(name, user, "learner", claims)?);
    }
    let claims = [("name", OPERATOR.0), ("role", "operator"), ("scope", "publish")];
    let claims = claims.map(|(claim, value)| (claim.to_owned(), Value::from(value)));
    users.push(sign(OPERATOR.0, OPERATOR.1, "operator", Map::from_iter(claims))?);
    Ok(DemoTokens { platform: platform.to_owned(), users })
}

fn announce(gateway: &Gateway, tokens: &DemoTokens, data: &str) {
    println!("\nSluice demo: the {} platform, its events made up and kept in {data}", tokens.platform);
    println!("page      http://{}/", gateway.address());
    println!("stomp     ws://{}/ws\n", gateway.address());
    println!("Tokens of this demo, good for a month, signed with a development key (never for production):");
    for user in &tokens.users {
        println!("{:<11} {}", user.name, user.token);
    }
    println!("\nCtrl-C stops it.\n");
}

/// Plays the story until the process is told to stop.
async fn tell(gateway: &Gateway, seed: u64, pace: f64) {
    let users = USERS.map(|(name, id, email)| StoryUser { id: id.into(), name: name.into(), email: email.into() });
    let mut story = Story::new(seed, &users).with_pace(pace);
    loop {
        let (wait, event) = story.next(SystemTime::now());
        tokio::time::sleep(wait).await;
        let record =
            Outgoing { topic: Arc::from(event.topic), key: Some(event.key), headers: Vec::new(), body: event.body };
        for outcome in gateway.publish(vec![record]).await {
            if let Err(error) = outcome {
                tracing::warn!(%error, "an event of the story was not written");
            }
        }
    }
}
