//! `sluice types`: the TypeScript of the protocol and of every known event.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::catalogue::{types_files, types_ts};

pub(super) fn run(out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let Some(out) = out else {
        print!("{}", types_ts());
        return Ok(ExitCode::SUCCESS);
    };
    fs::create_dir_all(out).with_context(|| format!("cannot make the directory {}", out.display()))?;
    for (name, text) in types_files() {
        let path = out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
