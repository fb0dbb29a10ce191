//! Flags and environment variables: every flag has a variable of its name, and a flag wins over its variable.

use std::env;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Error, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::Targets;

use super::log;
use super::meant::{controls_in_flags, explained, told_of_variable};
use crate::Control;
use crate::domain::api_user::user_name;
use crate::listen::Listen;
use crate::names::{HostName, Names, PublicUrl};

/// A local stand-in for the account API of Uptrends.
///
/// Every flag can also be given as an environment variable: UPTRENDS_EMULATOR_ and its name in capitals. The flag wins.
/// A variable that is empty is none.
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
    /// An address to listen on, more than once if wanted (in the variable with commas between them); port 0 picks a
    /// free one, and localhost:PORT is both loopbacks
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        env = "UPTRENDS_EMULATOR_LISTEN",
        default_value = "127.0.0.1:8080",
        value_delimiter = ','
    )]
    pub listen: Vec<Listen>,

    /// Where clients find the emulator when it is behind a proxy, which strips the path, if there is one
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "UPTRENDS_EMULATOR_PUBLIC_URL"
    )]
    pub public_url: Option<PublicUrl>,

    /// A further name under which a browser may reach the control API and the console, more than once if wanted
    #[arg(
        long = "allowed-host",
        global = true,
        value_name = "NAME",
        env = "UPTRENDS_EMULATOR_ALLOWED_HOST",
        value_delimiter = ','
    )]
    pub allowed_hosts: Vec<HostName>,

    /// The SQLite file that holds the state, made if it is not there; without it the state is gone at exit
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_DATABASE"
    )]
    pub database: Option<PathBuf>,

    /// The file of the accounts to begin with, in YAML or JSON; a database that was ever seeded is never seeded again
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

    /// What is logged to stderr: off, error, warn, info, debug or trace, or target=level for the modules of tracing
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "UPTRENDS_EMULATOR_LOG",
        default_value = "info"
    )]
    #[arg(value_parser = log::filter)]
    pub log: Targets,

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
    /// Under which names the emulator is reached.
    pub fn names(&self) -> Names {
        Names {
            public_url: self.public_url.clone(),
            allowed_hosts: self.allowed_hosts.clone(),
        }
    }

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
    /// the flag or the variable, and the nearest thing that makes sense.
    pub fn read() -> Self {
        Self::try_read().unwrap_or_else(|error| error.exit())
    }

    fn try_read() -> Result<Self, Error> {
        // An empty variable is none: `${NAME:-}` in a Compose file makes one.
        let mut command = Self::command().mut_args(|flag| {
            let is_empty = flag
                .get_env()
                .and_then(env::var_os)
                .is_some_and(|value| value.is_empty());
            if is_empty { flag.env(None) } else { flag }
        });
        for (name, value) in env::vars_os() {
            let told = name
                .to_str()
                .and_then(|name| told_of_variable(name, &value));
            if let Some((kind, told)) = told {
                return Err(command.error(kind, told));
            }
        }
        let matches = command
            .try_get_matches_from_mut(env::args_os())
            .map_err(|error| explained(error, &command))?;
        if let Some(told) = controls_in_flags(&command, &matches) {
            return Err(command.error(ErrorKind::ValueValidation, told));
        }
        Self::from_arg_matches(&matches)
    }
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Config;
    use crate::cli::meant::PREFIX;

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
}
