//! `sluice health`: asks a running gateway how it is, for containers that have no other tool to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use reqwest::StatusCode;

use super::{ANSWER_IS_NO, HealthArguments};
use crate::catalogue::api::HealthReport;
use crate::config::{self, ConfigError};

/// How long the gateway has to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn run(arguments: &HealthArguments) -> anyhow::Result<ExitCode> {
    let address = match &arguments.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => match config::load(arguments.config.config.as_deref(), |_| Vec::new()) {
            Ok(config) => address(config.server.listen),
            Err(ConfigError(problems)) => {
                super::check::print(&problems);
                return Ok(ExitCode::from(ANSWER_IS_NO));
            }
        },
    };
    let url = format!("{address}/health/{}", if arguments.ready { "ready" } else { "live" });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(ask(&url)) {
        Ok((StatusCode::OK, _)) => {
            println!("{}", if arguments.ready { "ready" } else { "live" });
            Ok(ExitCode::SUCCESS)
        }
        Ok((status, body)) => {
            eprintln!("{url} answers {status}{}", unready(&body));
            Ok(ExitCode::from(ANSWER_IS_NO))
        }
        Err(error) => {
            eprintln!("{error:#}");
            Ok(ExitCode::from(ANSWER_IS_NO))
        }
    }
}

/// Where a gateway that listens there is reached from its own machine.
fn address(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

async fn ask(url: &str) -> anyhow::Result<(StatusCode, Vec<u8>)> {
    // A proxy of the environment is for addresses outside, not for this one.
    let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
    let answer = client.get(url).send().await.with_context(|| format!("{url} cannot be asked"))?;
    let status = answer.status();
    let body = answer.bytes().await.with_context(|| format!("{url} broke off"))?;
    Ok((status, body.to_vec()))
}

/// The parts that make the node unready, one a line.
fn unready(body: &[u8]) -> String {
    let Ok(report) = serde_json::from_slice::<HealthReport>(body) else { return String::new() };
    let parts = report.parts.iter().filter(|(_, part)| part.required && !part.ready);
    parts.map(|(name, part)| format!("\n    {name}: {}", part.detail.as_deref().unwrap_or("not ready"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(listen: &str, expected: &str) {
        assert_eq!(address(listen.parse().unwrap()), expected);
    }

    #[test]
    fn every_address_of_the_machine_is_asked_at_its_own() {
        check("0.0.0.0:8080", "http://127.0.0.1:8080");
        check("[::]:8080", "http://[::1]:8080");
        check("10.0.0.7:80", "http://10.0.0.7:80");
    }

    #[test]
    fn only_parts_that_make_the_node_unready_are_told() {
        let body = br#"{"ready":false,"parts":{"dead-letters.kafka":{"ready":false,"required":false,"detail":"away"},
            "source.embedded":{"ready":true,"required":true},
            "source.kafka":{"ready":false,"required":true,"detail":"no broker can be reached"}}}"#;
        assert_eq!(unready(body), "\n    source.kafka: no broker can be reached");
        assert_eq!(unready(b"<html>"), "");
    }
}
