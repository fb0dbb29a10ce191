//! What somebody may have meant who wrote a flag, a variable or a value that there is not.

use std::any::TypeId;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory as _, Error};

use super::flags::Config;

/// What the variables of the flags begin with.
pub const PREFIX: &str = "UPTRENDS_EMULATOR_";

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

/// Says what is wrong with a variable of our prefix: no flag knows it, or no flag can want its value.
pub fn told_of_variable(name: &str, value: &OsStr) -> Option<(ErrorKind, String)> {
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

/// Says the same of the flags.
pub fn controls_in_flags(command: &clap::Command, matches: &ArgMatches) -> Option<String> {
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
pub fn explained(mut error: Error, command: &clap::Command) -> Error {
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
pub fn meant<'a>(word: &str, table: &[(&'a str, &[&str])]) -> Option<&'a str> {
    let (meant, _) = table.iter().find(|(_, words)| words.contains(&word))?;
    Some(meant)
}

/// The word that is most like another.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> &'a str {
    let likeness = |known: &&str| strsim::jaro_winkler(known, word);
    let nearest = known
        .iter()
        .copied()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    nearest.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::{MEANT, told_of_variable};
    use crate::cli::flags::Config;

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
}
