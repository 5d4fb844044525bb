//! The command line of the `sluice` binary.

mod check;
mod demo;
mod health;
mod log;
mod serve;
mod token;
mod topics;
mod types;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// The answer is no: a config with problems, a topic that could not be made.
pub(crate) const ANSWER_IS_NO: u8 = 1;

/// A real-time event gateway: topics in, typed STOMP channels out.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ConfigArgument,
}

/// Where the config is.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArgument {
    /// The config file; without one: the learning platform's topics on the embedded log in ./sluice-data, with
    /// development tokens.
    #[arg(long, short, env = "SLUICE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gateway (also without a command).
    Serve(ConfigArgument),
    /// Runs the gateway with a platform's topics, life-like events, and a page to look at.
    Demo(DemoArguments),
    /// Reads the config and prints every problem at once.
    Check(ConfigArgument),
    /// Asks a running gateway how it is: exit code 0 when it is well. For the health checks of containers.
    Health(HealthArguments),
    /// Signs a token for trying out, with the development key of the data directory.
    Token(TokenArguments),
    /// Writes the TypeScript types of the protocol and of every event in the catalogue.
    Types {
        /// The directory to write to; without it everything goes to standard output.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Shows or creates the topics that the config names.
    Topics {
        #[command(subcommand)]
        action: TopicsAction,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Whose events are played.
    #[arg(long, default_value = "learning", value_name = "NAME")]
    pub(crate) platform: String,
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// The data directory, made when missing.
    #[arg(long, default_value = "sluice-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// How much faster than life the story goes.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    pub(crate) pace: f64,
    /// What the story's chances hang on; the same number tells the same story.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    /// Where the gateway is, as `http://127.0.0.1:8080`; left out: where the config says that it listens.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Asks whether it can serve clients, and not only whether it runs.
    #[arg(long)]
    pub(crate) ready: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgument,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// The token's `sub`.
    #[arg(long, value_name = "USER")]
    pub(crate) user: String,
    /// More claims, as `role=operator`; a value that is JSON is taken as such.
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    pub(crate) claims: Vec<String>,
    /// How long it is good for.
    #[arg(long, default_value = "24h", value_parser = lifetime, value_name = "DURATION")]
    pub(crate) lifetime: std::time::Duration,
    #[command(flatten)]
    pub(crate) config: ConfigArgument,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TopicsAction {
    /// Looks at each topic and says how it differs from the config.
    List(ConfigArgument),
    /// Creates the missing ones; leaves others alone.
    Apply(ConfigArgument),
}

fn lifetime(text: &str) -> Result<std::time::Duration, String> {
    crate::config::units::parse_duration(text).ok_or_else(|| format!("`{text}` is no duration; write `10m` or `24h`"))
}

impl Cli {
    /// Does what the command line says. The exit code is 0 when it is done, 1 when the answer is no.
    ///
    /// # Errors
    /// What went wrong, for a person.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(argument) => serve::run(&argument),
            Command::Demo(arguments) => demo::run(&arguments),
            Command::Check(argument) => check::run(&argument),
            Command::Health(arguments) => health::run(&arguments),
            Command::Token(arguments) => token::run(&arguments),
            Command::Types { out } => types::run(out.as_deref()),
            Command::Topics { action } => topics::run(&action),
        }
    }
}
