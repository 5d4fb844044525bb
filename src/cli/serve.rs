//! `sluice serve`: the gateway until it is told to stop.

use std::process::ExitCode;

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::{ANSWER_IS_NO, ConfigArgument, check, log};
use crate::server::{Gateway, Options, StartError};

pub(super) fn run(argument: &ConfigArgument) -> anyhow::Result<ExitCode> {
    let config = match check::read(argument) {
        Ok(config) => config,
        Err(problems) => {
            check::print(&problems);
            return Ok(ExitCode::from(ANSWER_IS_NO));
        }
    };
    log::start(&config.log);
    let development = config.auth.development;
    Runtime::new()?.block_on(async {
        let gateway = match Gateway::start(config, Options::default()).await {
            Ok(gateway) => gateway,
            Err(error) => return refused(error),
        };
        tracing::info!(address = %gateway.address(), "listening");
        if development {
            tracing::warn!("development tokens are believed (auth.development): `sluice token --user NAME` signs one");
        }
        stop_signal().await?;
        gateway.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// A config problem is told as `sluice check` tells it; anything else is an error.
pub(super) fn refused(error: StartError) -> anyhow::Result<ExitCode> {
    match error {
        StartError::Config(problems) => {
            check::print(&problems);
            Ok(ExitCode::from(ANSWER_IS_NO))
        }
        other => Err(other.into()),
    }
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn stop_signal() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
