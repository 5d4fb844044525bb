//! `sluice bench` against a running gateway: what it counts is what there was.

use std::path::Path;

use clap::Parser;
use serde_json::Value;
use sluice::cli::Cli;

use crate::support::{SECRET, TestGateway};

/// Runs `sluice bench` on a thread of its own, as the command line would, and gives its report.
async fn bench(gateway: &TestGateway, arguments: &[&str]) -> Result<Value, String> {
    let report = gateway.data.path().join("report.json");
    let url = gateway.url("");
    let json = report.display().to_string();
    let common = ["--url", &url, "--secret", SECRET, "--json", &json];
    let arguments: Vec<String> =
        ["sluice", "bench"].iter().chain(arguments).chain(&common).map(|text| (*text).to_owned()).collect();
    let run = move || Cli::try_parse_from(arguments).unwrap().run().map_err(|error| format!("{error:#}"));
    tokio::task::spawn_blocking(run).await.unwrap()?;
    Ok(read(&report))
}

fn read(report: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_delivery_of_a_load_is_counted() {
    let gateway = TestGateway::start().await;
    let pid = std::process::id().to_string();
    let load = ["--connections", "5", "--rate", "200", "--seconds", "1", "--warmup", "0", "--pid", &pid];
    for (name, expected) in [("fanout", 1_000), ("unicast", 200)] {
        let report = bench(&gateway, &[&[name], load.as_slice()].concat()).await.unwrap();
        let deliveries = &report["deliveries"];
        assert_eq!((&report["bench"], &deliveries["events"]), (&name.into(), &200.into()), "{report:#}");
        assert_eq!((&deliveries["expected"], &deliveries["received"]), (&expected.into(), &expected.into()));
        assert_eq!((&deliveries["repeated"], &report["connections"]["lost"]), (&0.into(), &0.into()));
        let latency = |quantile: &str| deliveries["latency_ms"][quantile].as_f64().unwrap();
        assert!(0.0 < latency("p50") && latency("p50") <= latency("p99") && latency("p99") <= latency("max"));
        assert!(report["gateway"]["cpu_per_million"].as_f64().unwrap() > 0.0, "{report:#}");
    }
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_stay_until_the_end() {
    let gateway = TestGateway::start().await;
    let report = bench(&gateway, &["idle", "--connections", "20", "--seconds", "1"]).await.unwrap();
    let connections = &report["connections"];
    assert_eq!((&connections["opened"], &connections["lost"]), (&20.into(), &0.into()), "{report:#}");
    assert!(report["deliveries"].is_null());
    gateway.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_refuses_is_told_in_its_words() {
    let gateway = TestGateway::start().await;
    let error = bench(&gateway, &["fanout", "--token", "x", "--connections", "1", "--warmup", "0"]).await.unwrap_err();
    assert!(error.contains("401"), "{error}");
    gateway.gateway.stop().await;
}
