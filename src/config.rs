//! Flags and environment variables: every flag has a variable of its name, and a flag wins over its variable.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::Control;
use crate::domain::api_user::user_name;

/// What the variables of the flags begin with.
const PREFIX: &str = "UPTRENDS_EMULATOR_";

/// A local stand-in for the account API of Uptrends.
///
/// Every flag can also be given as an environment variable: UPTRENDS_EMULATOR_ and its name in capitals. The flag wins.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Config {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub flags: Flags,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the emulator: what happens without a command, too
    Serve,
    /// Ask a running emulator whether it is ready: exit code 0 if it is, else 1
    Healthcheck,
    /// Print the OpenAPI document of what is served with the same flags
    Openapi,
    /// Check seed files: exit code 0 if they can be loaded, else 2, with every mistake on stderr
    Validate {
        #[arg(required = true, value_name = "SEED")]
        seeds: Vec<PathBuf>,
    },
}

#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The address to listen on; port 0 picks a free one
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        env = "UPTRENDS_EMULATOR_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    #[arg(value_parser = address)]
    pub listen: SocketAddr,

    /// The SQLite file that holds the state, made if it is not there; without it the state is gone at exit
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_DATABASE"
    )]
    pub database: Option<PathBuf>,

    /// The file of the accounts to begin with, in YAML or JSON; a database that has accounts is never seeded again
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_SEED",
        conflicts_with = "seed_json"
    )]
    pub seed: Option<PathBuf>,

    /// The accounts to begin with, as the text of a seed file
    #[arg(
        long,
        global = true,
        value_name = "TEXT",
        env = "UPTRENDS_EMULATOR_SEED_JSON",
        hide_env_values = true
    )]
    pub seed_json: Option<String>,

    /// The user name of the API user of the built-in default account
    #[arg(
        long,
        global = true,
        env = "UPTRENDS_EMULATOR_USERNAME",
        default_value = "emulator"
    )]
    #[arg(value_parser = user_name)]
    pub username: String,

    /// The password of the API user of the built-in default account
    #[arg(
        long,
        global = true,
        env = "UPTRENDS_EMULATOR_PASSWORD",
        default_value = "emulator",
        hide_env_values = true
    )]
    #[arg(value_parser = password)]
    pub password: String,

    /// The control API, under /_emulator, and the console; health and ready always answer
    #[arg(
        long,
        global = true,
        value_name = "on|off",
        env = "UPTRENDS_EMULATOR_CONTROL",
        default_value = "on"
    )]
    pub control: Switch,

    /// If set, the control API wants it (Authorization: Bearer TOKEN), and the console asks for it
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "UPTRENDS_EMULATOR_CONTROL_TOKEN",
        hide_env_values = true
    )]
    #[arg(value_parser = token)]
    pub control_token: Option<String>,

    /// What is logged to stderr, as a filter of the tracing crate: a level, or levels of modules
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "UPTRENDS_EMULATOR_LOG",
        default_value = "info"
    )]
    #[arg(value_parser = log_filter)]
    pub log: String,

    /// How the log is written
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "UPTRENDS_EMULATOR_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,

    /// A file that is written once the emulator is ready: {"url": …, "pid": …}
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_READY_FILE"
    )]
    pub ready_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

impl Flags {
    pub fn control(&self) -> Control {
        match self.control {
            Switch::Off => Control::Off,
            Switch::On => Control::On {
                token: self.control_token.as_deref().map(Into::into),
            },
        }
    }
}

impl Config {
    /// Reads the flags and the variables. What makes no sense ends the program with exit code 2, and a message that names
    /// the nearest thing that does.
    pub fn read() -> Self {
        let config = Self::parse();
        for (name, _) in env::vars_os() {
            if let Some(message) = name.to_str().and_then(unknown_variable) {
                Self::command()
                    .error(ErrorKind::UnknownArgument, message)
                    .exit();
            }
        }
        config
    }
}

/// What is wrong with a variable of our prefix that no flag knows.
fn unknown_variable(name: &str) -> Option<String> {
    let rest = name.strip_prefix(PREFIX)?;
    // Kubernetes sets these for a service that is called uptrends-emulator.
    if rest.starts_with("SERVICE_") || rest == "PORT" || rest.starts_with("PORT_") {
        return None;
    }
    let command = Config::command();
    let known: Vec<_> = command
        .get_arguments()
        .filter_map(|flag| flag.get_env()?.to_str())
        .collect();
    if known.contains(&name) {
        return None;
    }
    let likeness = |known: &&str| strsim::jaro_winkler(known.trim_start_matches(PREFIX), rest);
    let nearest = known
        .iter()
        .copied()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    Some(format!(
        "the environment variable {name} belongs to no flag; the nearest one is {nearest}"
    ))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        "write an IP address and a port, as in 127.0.0.1:8080 or 0.0.0.0:8080".to_owned()
    })
}

fn password(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("it must not be empty".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn token(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(
            "write letters, digits and signs of ASCII without blanks, as a header can hold them"
                .to_owned(),
        )
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "{error}; write a level (error, warn, info, debug, trace), or module=level"
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{Config, PREFIX, unknown_variable};

    #[test]
    fn every_flag_has_the_variable_of_its_name() {
        let command = Config::command();
        command.clone().debug_assert();
        for flag in command
            .get_arguments()
            .filter(|flag| !["help", "version"].contains(&flag.get_id().as_str()))
        {
            let variable = format!(
                "{PREFIX}{}",
                flag.get_long().unwrap().to_uppercase().replace('-', "_")
            );
            assert_eq!(flag.get_env().unwrap().to_str(), Some(variable.as_str()));
        }
    }

    #[test]
    fn a_variable_that_no_flag_knows_is_told_with_the_nearest_one() {
        let told = unknown_variable("UPTRENDS_EMULATOR_DATABSE").unwrap();
        assert!(
            told.contains("UPTRENDS_EMULATOR_DATABSE")
                && told.ends_with("UPTRENDS_EMULATOR_DATABASE"),
            "{told}"
        );
        for fine in [
            "UPTRENDS_EMULATOR_DATABASE",
            "UPTRENDS_EMULATOR_SERVICE_HOST",
            "UPTRENDS_EMULATOR_PORT",
            "UPTRENDS_EMULATOR_PORT_8080_TCP",
            "PATH",
        ] {
            assert_eq!(unknown_variable(fine), None, "{fine}");
        }
    }
}
