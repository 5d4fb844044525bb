//! `sluice check`: every problem of the config at once.

use std::process::ExitCode;

use super::{ANSWER_IS_NO, ConfigArgument};
use crate::config::{Config, ConfigError, Problem};
use crate::{config, platform, server};

pub(super) fn run(argument: &ConfigArgument) -> anyhow::Result<ExitCode> {
    match read(argument) {
        Ok(_) => {
            println!("the config is in order");
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            print(&problems);
            Ok(ExitCode::from(ANSWER_IS_NO))
        }
    }
}

/// The config that a command runs with: the file's, else the preset on the embedded log with development tokens.
pub(super) fn read(argument: &ConfigArgument) -> Result<Config, Vec<Problem>> {
    let read = match &argument.config {
        Some(path) => config::load(Some(path), server::check),
        None => config::load_preset(platform::preset("learning").unwrap_or_default(), server::check),
    };
    let mut config = read.map_err(|ConfigError(problems)| problems)?;
    config.auth.development |= argument.config.is_none();
    Ok(config)
}

/// One problem a paragraph, on standard error.
pub(super) fn print(problems: &[Problem]) {
    for problem in problems {
        let value = if problem.value.is_empty() { String::new() } else { format!(" = {}", problem.value) };
        eprintln!("{}{value}\n    {}", problem.key, problem.message);
    }
    eprintln!("{} problem{} in the config", problems.len(), if problems.len() == 1 { "" } else { "s" });
}
