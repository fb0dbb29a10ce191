//! Flags and environment variables: every flag has a variable of the same name, and takes precedence over it.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, mem};

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Error, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::Targets;

use super::coverage::CoverageFile;
use super::log;
use super::suggestions::{check_flags, check_variable, explain};
use crate::Control;
use crate::domain::api_user::user_name;
use crate::listen::Listen;
use crate::names::{HostName, Names, PublicUrl};
use crate::testing::journal;

/// The password of the API user of the built-in account, which is no secret.
pub const DEFAULT_PASSWORD: &str = "emulator";

/// A local stand-in for the account API of Uptrends.
///
/// Every flag can also be given as an environment variable: UPTRENDS_EMULATOR_ and its name in capitals. The flag takes
/// precedence. An empty variable counts as not set.
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
    /// Run the emulator; this is the default
    Serve,
    /// Ask a running emulator whether it is ready: exit code 0 if it is, else 1
    Healthcheck {
        /// How long to wait until it is ready, such as 30s or 500ms
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
        wait: Duration,
    },
    /// Print the OpenAPI document of what is served with the same flags
    Openapi,
    /// Check seed files: exit code 0 if they can be loaded, else 2, with every problem on stderr
    Validate {
        /// The files, in YAML or JSON; - is stdin
        #[arg(required = true, value_name = "SEED")]
        seeds: Vec<PathBuf>,
    },
}

#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// An address to listen on, repeatable (in the variable, separated by commas); port 0 picks a free one, and
    /// localhost:PORT stands for both loopback addresses
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        env = "UPTRENDS_EMULATOR_LISTEN",
        default_value = "127.0.0.1:8080",
        value_delimiter = ','
    )]
    pub listen: Vec<Listen>,

    /// The URL of the emulator behind a proxy; the proxy strips the path of the URL, if there is one
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "UPTRENDS_EMULATOR_PUBLIC_URL"
    )]
    pub public_url: Option<PublicUrl>,

    /// A further host name under which a browser may reach the control API and the console, repeatable
    #[arg(
        long = "allowed-host",
        global = true,
        value_name = "NAME",
        env = "UPTRENDS_EMULATOR_ALLOWED_HOST",
        value_delimiter = ','
    )]
    pub allowed_hosts: Vec<HostName>,

    /// The SQLite file that holds the state, created if it does not exist; without it the state is lost at exit
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_DATABASE"
    )]
    pub database: Option<PathBuf>,

    /// The file of the initial accounts, in YAML or JSON; a database that was ever seeded is never seeded again
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_SEED",
        conflicts_with = "seed_json"
    )]
    pub seed: Option<PathBuf>,

    /// The initial accounts, as the text of a seed file
    #[arg(
        long,
        global = true,
        value_name = "TEXT",
        env = "UPTRENDS_EMULATOR_SEED_JSON",
        hide_env_values = true
    )]
    pub seed_json: Option<String>,

    /// The file of the server's faults and canned answers to begin with, in YAML or JSON: a list, each as
    /// POST /_emulator/faults takes it
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_FAULTS"
    )]
    pub faults: Option<PathBuf>,

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
        default_value = DEFAULT_PASSWORD,
        hide_env_values = true
    )]
    #[arg(value_parser = password)]
    pub password: String,

    /// Whether to serve the control API, under /_emulator, and the console; health and ready always answer
    #[arg(
        long,
        global = true,
        value_name = "on|off",
        env = "UPTRENDS_EMULATOR_CONTROL",
        default_value = "on"
    )]
    pub control: Switch,

    /// The token that the control API requires (Authorization: Bearer TOKEN) and the console asks for; none by default
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "UPTRENDS_EMULATOR_CONTROL_TOKEN",
        hide_env_values = true
    )]
    #[arg(value_parser = token)]
    pub control_token: Option<String>,

    /// A file that is written at exit with the operations that were called and those that were not, in JSON (.json) or in
    /// Markdown (.md)
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "UPTRENDS_EMULATOR_COVERAGE_FILE"
    )]
    #[arg(value_parser = PathBufValueParser::new().try_map(CoverageFile::new))]
    pub coverage_file: Option<CoverageFile>,

    /// The number of bytes that the recorded requests of all accounts may have together; the oldest are forgotten first
    #[arg(
        long,
        global = true,
        value_name = "BYTES",
        env = "UPTRENDS_EMULATOR_MAX_JOURNAL_BYTES",
        default_value_t = journal::MAX_BYTES
    )]
    #[arg(value_parser = max_journal_bytes)]
    pub max_journal_bytes: usize,

    /// What to log to stderr: off, error, warn, info, debug or trace, or target=level for the modules of tracing
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "UPTRENDS_EMULATOR_LOG",
        default_value = "info"
    )]
    #[arg(value_parser = log::filter)]
    pub log: Targets,

    /// The format of the log
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
    /// Returns the names under which the emulator is reached.
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
    /// Parses the flags and the variables. An invalid one ends the program with exit code 2, and a message that names the flag
    /// or the variable, and the nearest valid one.
    pub fn read() -> Self {
        Self::try_read().unwrap_or_else(|error| error.exit())
    }

    fn try_read() -> Result<Self, Error> {
        // An empty variable counts as not set: `${NAME:-}` in a Compose file sets one.
        let mut command = Self::command().mut_args(|flag| {
            let is_empty = flag
                .get_env()
                .and_then(env::var_os)
                .is_some_and(|value| value.is_empty());
            if is_empty { flag.env(None) } else { flag }
        });
        command.build();
        for subcommand in command.get_subcommands_mut() {
            let name = subcommand.get_name().to_owned();
            *subcommand = mem::take(subcommand).mut_args(|flag| {
                let is_used = is_used_by(&name, flag.get_id().as_str());
                flag.hide(!is_used)
            });
        }
        for (name, value) in env::vars_os() {
            let problem = name.to_str().and_then(|name| check_variable(name, &value));
            if let Some((kind, message)) = problem {
                return Err(command.error(kind, message));
            }
        }
        let matches = command
            .try_get_matches_from_mut(env::args_os())
            .map_err(|error| explain(error, &command))?;
        if let Some(message) = check_flags(&command, &matches) {
            return Err(command.error(ErrorKind::ValueValidation, message));
        }
        Self::from_arg_matches(&matches)
    }
}

/// Returns whether the help of a command lists a flag. All commands accept the flags of all, since they are run with the same
/// variables and in the same places.
fn is_used_by(command: &str, flag: &str) -> bool {
    match command {
        "healthcheck" => matches!(flag, "listen" | "ready_file" | "wait" | "help"),
        "openapi" => matches!(flag, "control" | "help"),
        "validate" => matches!(flag, "seeds" | "help"),
        _ => true,
    }
}

/// Parses a number of seconds or milliseconds: `30s`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let message = "write it as 30s or 500ms, at most 3600s";
    let (number, factor) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 1000),
        (None, None) => return Err(message.to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| message.to_owned())?;
    let duration = Duration::from_millis(number.saturating_mul(factor));
    if duration > Duration::from_hours(1) {
        return Err(message.to_owned());
    }
    Ok(duration)
}

fn max_journal_bytes(text: &str) -> Result<usize, String> {
    let bytes = text
        .parse()
        .map_err(|_| "write a number of bytes: 67108864")?;
    journal::max_bytes(bytes)
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
    use crate::cli::suggestions::PREFIX;

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
