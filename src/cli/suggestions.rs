//! Checks flags, variables and values, and suggests the nearest known one for an unknown one.

use std::any::TypeId;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory as _, Error};

use super::flags::Config;

/// The prefix of the flags' variables.
pub const PREFIX: &str = "UPTRENDS_EMULATOR_";

/// Flags, each with other words that people use for it.
const ALIASES: [(&str, &[&str]); 15] = [
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
    (
        "faults",
        &[
            "fault",
            "faults-file",
            "failures",
            "mocks",
            "stubs",
            "answers",
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
        "coverage-file",
        &["coverage", "cov", "coverage-report", "report", "summary"],
    ),
    (
        "max-journal-bytes",
        &["journal-bytes", "max-journal", "journal-size", "journal"],
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

/// Returns the problem of a variable with our prefix, if it has one: no flag has it, or its value is valid for no flag.
pub fn check_variable(name: &str, value: &OsStr) -> Option<(ErrorKind, String)> {
    let rest = name.strip_prefix(PREFIX)?;
    let text = value.to_string_lossy();
    if text.is_empty() || is_of_kubernetes(rest, &text) {
        return None;
    }
    let command = Config::command();
    let flag = rest.to_lowercase().replace('_', "-");
    let has_name = |argument: &&Arg| argument.get_env().and_then(OsStr::to_str) == Some(name);
    if let Some(argument) = command.get_arguments().find(has_name) {
        let is_path = argument.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        let message = if value.to_str().is_none() && !is_path {
            format!("the value of {name} is not UTF-8")
        } else {
            check_control_characters(name, &flag, &text)?
        };
        return Some((ErrorKind::ValueValidation, message));
    }
    let known: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
    let nearest = canonical(&flag, &ALIASES).unwrap_or_else(|| nearest(&flag, &known));
    let message = format!(
        "the environment variable {name} belongs to no flag; the nearest one is {PREFIX}{}",
        flag_in_capitals(nearest)
    );
    Some((ErrorKind::UnknownArgument, message))
}

fn flag_in_capitals(flag: &str) -> String {
    flag.to_uppercase().replace('-', "_")
}

/// Returns whether Kubernetes sets this variable for a service whose name begins with `uptrends-emulator`.
/// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
fn is_of_kubernetes(rest: &str, value: &str) -> bool {
    // For a service it sets: `…_PORT`, a URL; `…_PORT_8080_TCP` and more; `…_SERVICE_HOST`, `…_SERVICE_PORT` and more.
    let after = |part: &str| {
        let is_start = |at: usize| at == 0 || rest[..at].ends_with('_');
        rest.match_indices(part)
            .find(|(at, _)| is_start(*at))
            .map(|(at, _)| &rest[at + part.len()..])
    };
    let is_port = after("PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_service =
        after("SERVICE_").is_some_and(|rest| rest.starts_with("HOST") || rest.starts_with("PORT"));
    let is_url = value.contains("://");
    is_port || is_service || is_url && (rest == "PORT" || rest.ends_with("_PORT"))
}

/// Returns an error message if a value contains a control character, which comes from a file or a script rather than from a
/// person. A seed may contain tabs and line breaks.
fn check_control_characters(name: &str, flag: &str, value: &str) -> Option<String> {
    let is_seed = flag == "seed-json";
    let is_wrong =
        |character: &char| character.is_control() && !(is_seed && "\t\r\n".contains(*character));
    let character = value.chars().find(is_wrong)?;
    Some(format!(
        "the value of {name} holds the control character {}; leave it out",
        character.escape_default()
    ))
}

/// Returns an error message if the value of a flag contains a control character.
pub fn check_flags(command: &clap::Command, matches: &ArgMatches) -> Option<String> {
    command.get_arguments().find_map(|argument| {
        let id = argument.get_id().as_str();
        let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
        let mut values = matches.try_get_raw(id).ok()??.filter(|_| is_given);
        let flag = argument.get_long()?;
        values.find_map(|value| {
            check_control_characters(&format!("--{flag}"), flag, &value.to_string_lossy())
        })
    })
}

/// Improves an error of clap: suggests a known flag for an unknown one, and names the variable if a value came from one. A
/// secret is not repeated.
pub fn explain(mut error: Error, command: &clap::Command) -> Error {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if error.kind() == ErrorKind::UnknownArgument {
        let word = name.split('=').next().unwrap_or_default();
        let word = word.trim_start_matches('-').to_lowercase();
        if let Some(flag) = canonical(&word, &ALIASES) {
            let suggested = ContextValue::String(format!("--{flag}"));
            error.insert(ContextKind::SuggestedArg, suggested);
        }
        return error;
    }
    // `InvalidArg` is the argument that the message is about, and `PriorArg` the one that it conflicts with.
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let Some(ContextValue::String(name)) = error.get(kind) else {
            continue;
        };
        let name = name.split(' ').next().unwrap_or_default();
        let has_name = |argument: &&Arg| argument.get_long() == name.strip_prefix("--");
        let Some(argument) = command.get_arguments().find(has_name) else {
            continue;
        };
        let sets_flag = |word: &str| word == name || word.starts_with(&format!("{name}="));
        let is_on_command_line = env::args_os().any(|word| word.to_str().is_some_and(sets_flag));
        if argument.is_hide_env_values_set() && error.get(ContextKind::InvalidValue).is_some() {
            let hidden = ContextValue::String("…".to_owned());
            error.insert(ContextKind::InvalidValue, hidden);
        }
        if let Some(variable) = argument.get_env().filter(|_| !is_on_command_line) {
            let variable = variable.to_string_lossy().into_owned();
            error.insert(kind, ContextValue::String(variable));
        }
    }
    error
}

/// Returns the word of a table that has another word as its alias.
pub fn canonical<'a>(word: &str, table: &[(&'a str, &[&str])]) -> Option<&'a str> {
    let (canonical, _) = table.iter().find(|(_, words)| words.contains(&word))?;
    Some(canonical)
}

/// Returns the known word that is most similar to another.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> &'a str {
    let similarity = |known: &&str| strsim::jaro_winkler(known, word);
    let nearest = known
        .iter()
        .copied()
        .max_by(|one, other| similarity(one).total_cmp(&similarity(other)));
    nearest.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::{ALIASES, check_variable};
    use crate::cli::flags::Config;

    #[test]
    fn aliases_belong_to_flags_and_are_not_flags_themselves() {
        let command = Config::command();
        let flags: Vec<_> = command
            .get_arguments()
            .filter_map(clap::Arg::get_long)
            .collect();
        for (flag, words) in ALIASES {
            assert!(flags.contains(&flag), "{flag}");
            assert!(!words.iter().any(|word| flags.contains(word)), "{flag}");
        }
    }

    #[test]
    fn an_unknown_variable_is_reported_with_the_nearest_known_one() {
        for (variable, nearest) in [
            ("UPTRENDS_EMULATOR_DATABSE", "UPTRENDS_EMULATOR_DATABASE"),
            ("UPTRENDS_EMULATOR_PORT", "UPTRENDS_EMULATOR_LISTEN"),
            ("UPTRENDS_EMULATOR_DB", "UPTRENDS_EMULATOR_DATABASE"),
            ("UPTRENDS_EMULATOR_LOG_LEVEL", "UPTRENDS_EMULATOR_LOG"),
            ("UPTRENDS_EMULATOR_listen", "UPTRENDS_EMULATOR_LISTEN"),
            ("UPTRENDS_EMULATOR_SEED-JSON", "UPTRENDS_EMULATOR_SEED_JSON"),
        ] {
            let (kind, message) = check_variable(variable, OsStr::new("9000")).unwrap();
            assert_eq!(kind, ErrorKind::UnknownArgument);
            assert!(
                message.contains(variable) && message.ends_with(nearest),
                "{message}"
            );
        }
        for (valid, value) in [
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
            assert_eq!(check_variable(valid, OsStr::new(value)), None, "{valid}");
        }
    }
}
