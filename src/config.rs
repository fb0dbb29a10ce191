//! Flags and environment variables: every flag has a variable of its name, and a flag wins over its variable.

use std::any::TypeId;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{
    Arg, ArgMatches, Args, CommandFactory as _, Error, FromArgMatches as _, Parser, Subcommand,
    ValueEnum,
};
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::domain::api_user::user_name;
use crate::{Control, HostName, Listen, Names, PublicUrl};

/// What the variables of the flags begin with.
const PREFIX: &str = "UPTRENDS_EMULATOR_";

/// What people write, and the flag that they mean.
const MEANT: [(&str, &[&str]); 12] = [
    (
        "listen",
        &[
            "port",
            "p",
            "host",
            "bind",
            "address",
            "addr",
            "interface",
            "server",
            "l",
        ],
    ),
    (
        "public-url",
        &[
            "url",
            "base-url",
            "external-url",
            "root-url",
            "base-path",
            "path-base",
        ],
    ),
    (
        "allowed-host",
        &[
            "allow-host",
            "allowed-hosts",
            "hosts",
            "server-name",
            "cors",
        ],
    ),
    (
        "database",
        &[
            "db",
            "db-path",
            "database-url",
            "sqlite",
            "file",
            "path",
            "data",
            "data-dir",
            "storage",
            "d",
        ],
    ),
    (
        "seed",
        &[
            "seed-file",
            "seeds",
            "fixtures",
            "accounts",
            "import",
            "init",
            "config",
            "c",
            "s",
        ],
    ),
    ("username", &["user", "user-name", "u"]),
    ("password", &["pass", "pwd", "secret"]),
    ("control", &["control-api", "admin", "console", "ui"]),
    (
        "control-token",
        &["token", "api-token", "admin-token", "auth-token", "api-key"],
    ),
    (
        "log",
        &[
            "verbose",
            "v",
            "vv",
            "debug",
            "trace",
            "quiet",
            "q",
            "log-level",
            "loglevel",
            "level",
            "rust-log",
        ],
    ),
    ("log-format", &["format", "json", "log-json"]),
    ("ready-file", &["ready", "pid-file", "pidfile", "url-file"]),
];

/// What people call levels of a log, and the level that they mean.
const MEANT_LEVELS: [(&str, &[&str]); 6] = [
    ("off", &["none", "no", "silent", "quiet", "false", "0"]),
    ("error", &["err", "fatal", "critical", "severe", "1"]),
    ("warn", &["warning", "2"]),
    (
        "info",
        &[
            "information",
            "notice",
            "normal",
            "default",
            "on",
            "true",
            "3",
        ],
    ),
    ("debug", &["verbose", "fine", "4"]),
    ("trace", &["all", "full", "max", "silly", "5"]),
];

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
    #[arg(value_parser = log_filter)]
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

/// Says what is wrong with a variable of our prefix: no flag knows it, or no flag can want its value.
fn told_of_variable(name: &str, value: &OsStr) -> Option<(ErrorKind, String)> {
    let rest = name.strip_prefix(PREFIX)?;
    let text = value.to_string_lossy();
    if text.is_empty() || is_of_kubernetes(rest, &text) {
        return None;
    }
    let command = Config::command();
    let flag = rest.to_lowercase().replace('_', "-");
    let is_meant = |argument: &&Arg| argument.get_env().and_then(OsStr::to_str) == Some(name);
    if let Some(argument) = command.get_arguments().find(is_meant) {
        let is_path = argument.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        let told = if value.to_str().is_none() && !is_path {
            format!("the value of {name} is not UTF-8")
        } else {
            told_of_controls(name, &flag, &text)?
        };
        return Some((ErrorKind::ValueValidation, told));
    }
    let known: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
    let nearest = meant(&flag, &MEANT).unwrap_or_else(|| nearest(&flag, &known));
    let told = format!(
        "the environment variable {name} belongs to no flag; the nearest one is {PREFIX}{}",
        flag_in_capitals(nearest)
    );
    Some((ErrorKind::UnknownArgument, told))
}

fn flag_in_capitals(flag: &str) -> String {
    flag.to_uppercase().replace('-', "_")
}

/// Whether Kubernetes sets a variable for a service whose name begins with `uptrends-emulator`.
/// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
fn is_of_kubernetes(rest: &str, value: &str) -> bool {
    // Of a service: `…_PORT`, a URL; `…_PORT_8080_TCP` and more; `…_SERVICE_HOST`, `…_SERVICE_PORT` and more.
    let begins = |part: &str| {
        let behind = |at: usize| at == 0 || rest[..at].ends_with('_');
        rest.match_indices(part)
            .find(|(at, _)| behind(*at))
            .map(|(at, _)| &rest[at + part.len()..])
    };
    let is_port =
        begins("PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_service =
        begins("SERVICE_").is_some_and(|rest| rest.starts_with("HOST") || rest.starts_with("PORT"));
    let is_url = value.contains("://");
    is_port || is_service || is_url && (rest == "PORT" || rest.ends_with("_PORT"))
}

/// Says that a value holds a control character, which comes from a file or a script rather than from a person. A seed may
/// hold tabs and line ends.
fn told_of_controls(name: &str, flag: &str, value: &str) -> Option<String> {
    let is_text = flag == "seed-json";
    let is_wrong =
        |character: &char| character.is_control() && !(is_text && "\t\r\n".contains(*character));
    let character = value.chars().find(is_wrong)?;
    Some(format!(
        "the value of {name} holds the control character {}; leave it out",
        character.escape_default()
    ))
}

fn controls_in_flags(command: &clap::Command, matches: &ArgMatches) -> Option<String> {
    command.get_arguments().find_map(|argument| {
        let id = argument.get_id().as_str();
        let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
        let mut values = matches.try_get_raw(id).ok()??.filter(|_| is_given);
        let flag = argument.get_long()?;
        values.find_map(|value| {
            told_of_controls(&format!("--{flag}"), flag, &value.to_string_lossy())
        })
    })
}

/// Makes a message of clap name what was meant: the flag for one that there is not, and the variable where a value came
/// from one. A secret is not repeated.
fn explained(mut error: Error, command: &clap::Command) -> Error {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if error.kind() == ErrorKind::UnknownArgument {
        let word = given.split('=').next().unwrap_or_default();
        let word = word.trim_start_matches('-').to_lowercase();
        if let Some(flag) = meant(&word, &MEANT) {
            let suggested = ContextValue::String(format!("--{flag}"));
            error.insert(ContextKind::SuggestedArg, suggested);
        }
        return error;
    }
    // `InvalidArg` is what the message is about, and `PriorArg` what that cannot be used with.
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let Some(ContextValue::String(given)) = error.get(kind) else {
            continue;
        };
        let given = given.split(' ').next().unwrap_or_default();
        let is_given = |argument: &&Arg| argument.get_long() == given.strip_prefix("--");
        let Some(argument) = command.get_arguments().find(is_given) else {
            continue;
        };
        let of_flag = |word: &str| word == given || word.starts_with(&format!("{given}="));
        let is_flag = env::args_os().any(|word| word.to_str().is_some_and(of_flag));
        if argument.is_hide_env_values_set() && error.get(ContextKind::InvalidValue).is_some() {
            let hidden = ContextValue::String("…".to_owned());
            error.insert(ContextKind::InvalidValue, hidden);
        }
        if let Some(variable) = argument.get_env().filter(|_| !is_flag) {
            let variable = variable.to_string_lossy().into_owned();
            error.insert(kind, ContextValue::String(variable));
        }
    }
    error
}

/// The thing that people mean by another word.
fn meant<'a>(word: &str, table: &[(&'a str, &[&str])]) -> Option<&'a str> {
    let (meant, _) = table.iter().find(|(_, words)| words.contains(&word))?;
    Some(meant)
}

fn nearest<'a>(word: &str, known: &[&'a str]) -> &'a str {
    let likeness = |known: &&str| strsim::jaro_winkler(known, word);
    let nearest = known
        .iter()
        .copied()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    nearest.unwrap_or_default()
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

/// Reads levels with commas between them: one for all, or one for a target. A bare target, which `Targets` takes, is almost
/// always a level that is none.
fn log_filter(text: &str) -> Result<Targets, String> {
    let mut filter = Targets::new();
    for part in text.split(',').map(str::trim) {
        filter = match part.split_once('=') {
            // Cargo writes the names of crates with dashes, and Rust those of modules without.
            Some((target, word)) => {
                filter.with_target(target.trim().replace('-', "_"), level(word.trim())?)
            }
            None => filter.with_default(level(part).map_err(|told| {
                let is_word = meant(&part.to_lowercase(), &MEANT_LEVELS).is_some();
                if is_word || part.is_empty() {
                    told
                } else {
                    format!("{told}; for the lines of one target, write {part}=debug")
                }
            })?),
        };
    }
    Ok(filter)
}

fn level(word: &str) -> Result<LevelFilter, String> {
    let word = word.to_lowercase();
    let levels = MEANT_LEVELS.map(|(level, _)| level);
    if levels.contains(&word.as_str()) {
        return word.parse().map_err(|_| "it is no level".to_owned());
    }
    let nearest = meant(&word, &MEANT_LEVELS).unwrap_or_else(|| nearest(&word, &levels));
    Err(format!(
        "'{word}' is not a level; the nearest one is {nearest} (write off, error, warn, info, debug or trace, or \
         target=level)"
    ))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::{Config, MEANT, PREFIX, log_filter, told_of_variable};

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
    fn what_is_meant_by_other_words_are_flags_and_those_are_none() {
        let command = Config::command();
        let flags: Vec<_> = command
            .get_arguments()
            .filter_map(clap::Arg::get_long)
            .collect();
        for (flag, words) in MEANT {
            assert!(flags.contains(&flag), "{flag}");
            assert!(!words.iter().any(|word| flags.contains(word)), "{flag}");
        }
    }

    #[test]
    fn a_variable_that_no_flag_knows_is_told_with_the_nearest_one() {
        for (variable, nearest) in [
            ("UPTRENDS_EMULATOR_DATABSE", "UPTRENDS_EMULATOR_DATABASE"),
            ("UPTRENDS_EMULATOR_PORT", "UPTRENDS_EMULATOR_LISTEN"),
            ("UPTRENDS_EMULATOR_DB", "UPTRENDS_EMULATOR_DATABASE"),
            ("UPTRENDS_EMULATOR_LOG_LEVEL", "UPTRENDS_EMULATOR_LOG"),
            ("UPTRENDS_EMULATOR_listen", "UPTRENDS_EMULATOR_LISTEN"),
            ("UPTRENDS_EMULATOR_SEED-JSON", "UPTRENDS_EMULATOR_SEED_JSON"),
        ] {
            let (kind, told) = told_of_variable(variable, OsStr::new("9000")).unwrap();
            assert_eq!(kind, ErrorKind::UnknownArgument);
            assert!(told.contains(variable) && told.ends_with(nearest), "{told}");
        }
        for (fine, value) in [
            ("UPTRENDS_EMULATOR_DATABASE", "x"),
            ("UPTRENDS_EMULATOR_DATABSE", ""),
            ("UPTRENDS_EMULATOR_SERVICE_HOST", "10.0.0.1"),
            ("UPTRENDS_EMULATOR_SERVICE_PORT_HTTP", "8080"),
            ("UPTRENDS_EMULATOR_PORT", "tcp://10.0.0.1:8080"),
            ("UPTRENDS_EMULATOR_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("UPTRENDS_EMULATOR_PORT_8080_TCP_PORT", "8080"),
            ("UPTRENDS_EMULATOR_TLS_SERVICE_HOST", "10.0.0.1"),
            ("UPTRENDS_EMULATOR_TLS_PORT", "tcp://10.0.0.1:8443"),
            ("PATH", "/bin"),
        ] {
            assert_eq!(told_of_variable(fine, OsStr::new(value)), None, "{fine}");
        }
    }

    #[test]
    fn a_filter_of_the_log_has_levels_that_there_are() {
        for fine in [
            "off",
            "INFO",
            "debug",
            "warn,uptrends_emulator=trace",
            "uptrends-emulator=debug, sqlx = off",
        ] {
            log_filter(fine).unwrap();
        }
        for (wrong, nearest) in [
            ("warning", "warn"),
            ("verbose", "debug"),
            ("2", "warn"),
            ("inof", "info"),
            ("info,sqlx=verbose", "debug"),
        ] {
            let told = log_filter(wrong).unwrap_err();
            assert!(
                told.contains(&format!("the nearest one is {nearest} ")),
                "{told}"
            );
        }
        for wrong in ["", "uptrends_emulator", "info,", "sqlx=", "a=b=c"] {
            assert!(log_filter(wrong).unwrap_err().contains("is not a level"));
        }
    }
}
