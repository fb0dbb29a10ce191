//! The program: reads its flags, runs the emulator until it is told to stop, or asks one that runs.

mod log;

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitCode, id};
use std::time::Duration;

use mimalloc::MiMalloc;
use serde_json::{Value, json};
use tokio::signal;
use uptrends_emulator::config::{Command, Config, Flags};
use uptrends_emulator::{Emulator, Options, Seed, documents};

use log::{Lines, Output};

/// Requests are small things that one thread makes and another drops, the journal's most of all.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The exit code for what its user has to put right before the program can start.
const CANNOT_START: u8 = 2;

fn main() -> ExitCode {
    let Config { command, flags } = Config::read();
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve(flags),
        Command::Healthcheck => match ask_whether_ready(&flags) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                tell(io::stderr(), format_args!("not ready: {reason}"));
                ExitCode::FAILURE
            }
        },
        Command::Openapi => {
            let document = &documents(&flags.control()).openapi;
            tell(io::stdout(), document.trim_end());
            ExitCode::SUCCESS
        }
        Command::Validate { seeds } => validate(seeds),
    }
}

/// Writes a line. Nobody may be listening, which is no reason to stop.
fn tell(mut stream: impl io::Write, line: impl fmt::Display) {
    let _ = writeln!(stream, "{line}");
}

/// Checks seed files, and tells of all of them.
fn validate(seeds: Vec<PathBuf>) -> ExitCode {
    let mut outcome = ExitCode::SUCCESS;
    for path in seeds {
        let name = path.display().to_string();
        match Seed::File(path).read() {
            Ok(seed) => tell(io::stdout(), format_args!("{name}: {}", seed.summary())),
            Err(error) => {
                tell(io::stderr(), error);
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
            let outcome = runtime.block_on(run(flags, &output.stdout));
            // What is still being computed, such as the hash of a password, is for nobody now.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(error.to_string()),
    };
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            output.stderr.write(format!("error: {reason}\n"));
            ExitCode::from(CANNOT_START)
        }
    };
    output.flush();
    code
}

/// The same, or why the emulator cannot start.
async fn run(flags: Flags, stdout: &Lines) -> Result<(), String> {
    let mut stop = pin!(stop_signal().map_err(|error| error.to_string())?);
    let (control, names) = (flags.control(), flags.names());
    let Flags {
        listen,
        public_url: _,
        allowed_hosts: _,
        database,
        seed,
        seed_json,
        username,
        password,
        ready_file,
        log: _,
        log_format: _,
        control: _,
        control_token: _,
    } = flags;
    // A file of an earlier run must not tell that this one is ready.
    if let Some(Err(error)) = ready_file.as_deref().map(remove) {
        return Err(format!("the ready file cannot be replaced: {error}"));
    }
    let options = Options {
        listen,
        names,
        database,
        seed: seed.map(Seed::File).or(seed_json.map(Seed::Text)),
        username,
        password,
        control,
        ..Options::default()
    };
    // A large file takes a while to read, and nobody should have to wait for the end of that.
    let started = tokio::select! {
        started = Emulator::start(options) => started,
        () = &mut stop => return Ok(()),
    };
    let emulator = started.map_err(|error| error.to_string())?;
    let url = emulator.url();
    if let Some(Err(error)) = ready_file
        .as_deref()
        .map(|path| write_whole(path, &json!({"url": url, "pid": id()})))
    {
        let path = ready_file.unwrap_or_default();
        return Err(format!(
            "the ready file {} cannot be written: {error}",
            path.display()
        ));
    }
    stdout.write(format!("uptrends-emulator ready on {url}\n"));
    stop.await;
    tracing::info!("stopping");
    emulator.stop().await;
    if let Some(Err(error)) = ready_file.as_deref().map(remove) {
        tracing::warn!(%error, "the ready file cannot be removed");
    }
    Ok(())
}

/// Completes with the first SIGTERM or Ctrl-C from now on.
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

/// Writes a file so that nobody sees a part of it.
fn write_whole(path: &Path, content: &Value) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", id()));
    let written = fs::write(&draft, format!("{content}\n")).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The error is that there is none.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Asks the emulator that was started with the same flags. One request by hand, so that the program holds no HTTP client.
fn ask_whether_ready(flags: &Flags) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let address = address_to_ask(flags)?;
    let failed = |error: io::Error| format!("{address}: {error}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    write!(
        stream,
        "GET /_emulator/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    if answer.starts_with("HTTP/1.1 200 ") {
        Ok(())
    } else {
        Err(format!(
            "{address} answered {}",
            answer.lines().next().unwrap_or("nothing")
        ))
    }
}

fn address_to_ask(flags: &Flags) -> Result<SocketAddr, String> {
    let first = flags.listen.first().ok_or("there is no --listen")?;
    let mut address = first.first();
    if address.port() == 0 {
        let path = flags
            .ready_file
            .as_deref()
            .ok_or("port 0 says nothing; name the --ready-file as well")?;
        let written =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let read = || {
            serde_json::from_str::<Value>(&written).ok()?["url"]
                .as_str()?
                .strip_prefix("http://")?
                .parse()
                .ok()
        };
        address = read().ok_or_else(|| format!("{} is not a ready file", path.display()))?;
    }
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}
