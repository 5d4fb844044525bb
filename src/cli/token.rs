//! `sluice token`: a token for trying out.

use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::{ANSWER_IS_NO, TokenArguments, check};
use crate::auth;
use crate::server::data_directory;

pub(super) fn run(arguments: &TokenArguments) -> anyhow::Result<ExitCode> {
    let config = match check::read(&arguments.config) {
        Ok(config) => config,
        Err(problems) => {
            check::print(&problems);
            return Ok(ExitCode::from(ANSWER_IS_NO));
        }
    };
    if !config.auth.development {
        bail!("only development keys sign tokens here: set `auth.development = true`, or ask the issuer for one");
    }
    let claims = arguments.claims.iter().map(|claim| parse_claim(claim)).collect::<anyhow::Result<Map<_, _>>>()?;
    let token =
        auth::sign_development(&config.auth, &data_directory(&config), &arguments.user, claims, arguments.lifetime)?;
    println!("{token}");
    Ok(ExitCode::SUCCESS)
}

fn parse_claim(text: &str) -> anyhow::Result<(String, Value)> {
    let (name, value) = text.split_once('=').with_context(|| format!("`--claim {text}`: write it as `name=value`"))?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}
