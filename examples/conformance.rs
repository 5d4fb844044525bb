//! A gateway with the echo and close services that no config can switch on: what `scripts/conformance` runs its cases
//! against. Takes the same arguments as `sluice serve`, and no more of them than `--config FILE`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use sluice::config::load;
use sluice::server::{self, Gateway, Options};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "serve");
    let (Some("--config"), Some(file)) = (arguments.next().as_deref(), arguments.next()) else {
        bail!("usage: conformance [serve] --config FILE");
    };
    let config = load(Some(&PathBuf::from(&file)), server::check).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let options = Options { test_services: true, ..Options::default() };
    let gateway = Gateway::start(config, options).await.context("the gateway does not start")?;
    tokio::signal::ctrl_c().await?;
    gateway.stop().await;
    Ok(())
}
