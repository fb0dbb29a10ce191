//! The command line: parses the flags, and runs the emulator until it is stopped, or queries a running one.

mod coverage;
mod flags;
mod log;
mod ready;
mod suggestions;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitCode, id};

use serde_json::json;
use tokio::signal;

use flags::{Command, Config, DEFAULT_PASSWORD, Flags, Switch};
use log::{Lines, Output};

use crate::control::CoverageBody;
use crate::operation::Catalog;
use crate::server::{APIS, documents};
use crate::testing::coverage::Which;
use crate::{Control, Emulator, Options, Seed};

/// The exit code for problems that the user has to fix before the program can start.
const CANNOT_START: u8 = 2;

/// The exit code when what was to be written at exit is not.
const INCOMPLETE: u8 = 1;

/// Why the program ends with another exit code than 0.
struct Failure {
    code: u8,
    reason: String,
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        let code = CANNOT_START;
        Self { code, reason }
    }
}

/// Runs the command that the flags of the process specify, and returns its exit code.
pub fn run() -> ExitCode {
    let Config { command, flags } = Config::read();
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve(flags),
        Command::Healthcheck { wait } => match ready::wait(&flags, wait) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                print_line(io::stderr(), format_args!("not ready: {reason}"));
                ExitCode::FAILURE
            }
        },
        Command::Openapi => {
            let document = &documents(&flags.control()).openapi;
            print_line(io::stdout(), document.trim_end());
            ExitCode::SUCCESS
        }
        Command::Validate { seeds } => validate(seeds),
    }
}

/// Writes a line, and ignores errors: that nobody reads it is no reason to stop.
fn print_line(mut stream: impl io::Write, line: impl fmt::Display) {
    let _ = writeln!(stream, "{line}");
}

/// Checks seed files, and reports on all of them.
fn validate(seeds: Vec<PathBuf>) -> ExitCode {
    let mut outcome = ExitCode::SUCCESS;
    for path in seeds {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin {
            "stdin".to_owned()
        } else {
            path.display().to_string()
        };
        let seed = if is_stdin {
            Seed::read_from(io::stdin(), &name)
        } else {
            Seed::File(path).read()
        };
        match seed {
            Ok(seed) => print_line(io::stdout(), format_args!("{name}: {}", seed.summary())),
            Err(error) => {
                print_line(io::stderr(), error);
                outcome = ExitCode::from(CANNOT_START);
            }
        }
    }
    outcome
}

/// Runs the emulator until it is told to stop.
fn serve(flags: Flags) -> ExitCode {
    let output = Output::new(flags.log.clone(), flags.log_format);
    let outcome = match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let outcome = runtime.block_on(serve_until_stopped(flags, &output.stdout));
            // Nobody waits for the results of tasks that still run, such as the hash of a password.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(error.to_string().into()),
    };
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, reason }) => {
            output.stderr.write(format!("error: {reason}\n"));
            ExitCode::from(code)
        }
    };
    output.flush();
    code
}

/// Runs the emulator until it is told to stop, or returns why it cannot start, or end as it should.
async fn serve_until_stopped(flags: Flags, stdout: &Lines) -> Result<(), Failure> {
    let mut stop = pin!(stop_signal().map_err(|error| error.to_string())?);
    let (control, names) = (flags.control(), flags.names());
    let banner = Banner::of(&flags);
    let Flags {
        listen,
        public_url: _,
        allowed_hosts: _,
        database,
        seed,
        seed_json,
        faults,
        username,
        password,
        coverage_file,
        max_journal_bytes,
        ready_file,
        log: _,
        log_format: _,
        control: _,
        control_token: _,
    } = flags;
    // A file of an earlier run must not announce that this one is ready.
    if let Some(Err(error)) = ready_file.as_deref().map(ready::remove) {
        return Err(format!("the ready file cannot be replaced: {error}").into());
    }
    if let Some(file) = &coverage_file {
        if matches!(control, Control::Off) {
            let reason =
                "--coverage-file needs --control on: without it, requests are not recorded";
            return Err(reason.to_owned().into());
        }
        file.begin()?;
    }
    let options = Options {
        listen,
        names,
        database,
        seed: seed.map(Seed::File).or(seed_json.map(Seed::Text)),
        faults: faults.map(Seed::File),
        username,
        password,
        control,
        max_journal_bytes,
        ..Options::default()
    };
    // Reading a large file takes a while, and a stop signal must not have to wait for the end of it.
    let started = tokio::select! {
        started = Emulator::start(options) => started,
        () = &mut stop => return Ok(()),
    };
    let emulator = started.map_err(|error| error.to_string())?;
    let url = emulator.url();
    if let Some(Err(error)) = ready_file
        .as_deref()
        .map(|path| ready::write(path, &format!("{}\n", json!({"url": url, "pid": id()}))))
    {
        let path = ready_file.unwrap_or_default();
        return Err(format!(
            "the ready file {} cannot be written: {error}",
            path.display()
        )
        .into());
    }
    banner.log(&url, emulator.is_seeded_now());
    stdout.write(format!("uptrends-emulator ready on {url}\n"));
    stop.await;
    tracing::info!("stopping");
    let coverage = emulator.coverage();
    emulator.stop().await;
    if let Some(Err(error)) = ready_file.as_deref().map(ready::remove) {
        tracing::warn!(%error, "the ready file cannot be removed");
    }
    if let Some(file) = coverage_file {
        let sum = CoverageBody::new(coverage.sum(Which::All), Catalog(APIS));
        file.write(&sum).map_err(|reason| {
            let code = INCOMPLETE;
            Failure { code, reason }
        })?;
    }
    Ok(())
}

/// What a person looks for first when the emulator is ready.
struct Banner {
    has_console: bool,
    database: Option<PathBuf>,
    seed: Option<String>,
    /// The user name, and the password where that is no secret.
    credentials: (String, Option<&'static str>),
}

impl Banner {
    fn of(flags: &Flags) -> Self {
        let file = flags.seed.as_ref().map(|path| path.display().to_string());
        let text = flags
            .seed_json
            .as_ref()
            .map(|_| "the text of --seed-json".to_owned());
        let password = (flags.password == DEFAULT_PASSWORD).then_some(DEFAULT_PASSWORD);
        Self {
            has_console: flags.control == Switch::On,
            database: flags.database.clone(),
            seed: file.or(text),
            credentials: (flags.username.clone(), password),
        }
    }

    /// Logs where things are, and the credentials of the built-in account where they hold.
    fn log(&self, url: &str, is_seeded_now: bool) {
        let Self {
            has_console,
            database,
            seed,
            credentials: (user_name, password),
        } = self;
        tracing::info!("API: {url}/v4, documents: {url}/v4/swagger/");
        if *has_console {
            tracing::info!("console: {url}/console");
        }
        if let Some(path) = database {
            tracing::info!("database: {}", path.display());
        } else {
            tracing::info!("database: none, the state is lost at exit");
        }
        match (is_seeded_now, seed, password) {
            (false, _, _) => tracing::info!("seed: none, the database was seeded before"),
            (true, Some(seed), _) => tracing::info!("seed: {seed}"),
            (true, None, Some(password)) => {
                tracing::info!(
                    "seed: the built-in account, API user {user_name}, password {password}"
                );
            }
            (true, None, None) => {
                tracing::info!(
                    "seed: the built-in account, API user {user_name}, the password of --password"
                );
            }
        }
    }
}

/// Returns a future that completes with the first SIGTERM or Ctrl-C from now on.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = signal::unix::signal(signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    })
}
