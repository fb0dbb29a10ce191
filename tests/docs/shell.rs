//! Runs the commands of a page in a folder of its own, against an emulator of its own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_uptrends-emulator");

/// The address of the server in pages. Each page has one at another address.
const ADDRESS: &str = "127.0.0.1:8080";

const READY: &str = "uptrends-emulator ready on http://";

/// Nothing in a page takes longer, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// What `cargo` is in a page: the program is built already.
const CARGO: &str =
    "#!/bin/sh\n[ \"$1 $2\" = 'run --release' ] && shift 2 && exec uptrends-emulator \"$@\"\n";

/// The folder in which the commands of a page are run.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["bin", "strict", "plain", "work"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        symlink(PROGRAM, path.join("bin/uptrends-emulator")).unwrap();
        fs::write(path.join("bin/cargo"), CARGO).unwrap();
        let permissions = fs::Permissions::from_mode(0o755);
        fs::set_permissions(path.join("bin/cargo"), permissions).unwrap();
        // A command without a shown response has to be accepted.
        let strict = "no-progress-meter\nfail\n";
        fs::write(path.join("strict/.curlrc"), strict).unwrap();
        fs::write(path.join("plain/.curlrc"), "no-progress-meter\n").unwrap();
        Self(folder)
    }

    /// Returns where the commands are run.
    pub fn work(&self) -> PathBuf {
        self.0.path().join("work")
    }

    /// Returns a command that finds the program, and a server at `address` where the page has one.
    pub fn command(&self, name: impl AsRef<OsStr>, address: &str, curl: &str) -> Command {
        let path = env::var("PATH").unwrap_or_default();
        let bin = self.0.path().join("bin");
        let mut command = Command::new(name);
        command
            .current_dir(self.work())
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("CURL_HOME", self.0.path().join(curl))
            .env("UPTRENDS_EMULATOR_LISTEN", address)
            .env("UPTRENDS_EMULATOR", format!("http://{address}"))
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .stdin(Stdio::null());
        command
    }

    /// Returns a command that runs a script against a server.
    pub fn script(&self, script: &str, address: &str, curl: &str) -> Command {
        let mut command = self.command("sh", address, curl);
        let script = script.replace(ADDRESS, address);
        command.args(["-e", "-c", &script]);
        command
    }
}

/// Kills a process with all that it started.
fn kill(process: u32) {
    let group = format!("-{process}");
    let mut kill = Command::new("kill");
    kill.args(["-KILL", "--", &group]).stderr(Stdio::null());
    // An error means that nothing of it runs any more.
    let _ = kill.status();
}

/// Runs a command, and ends what it leaves in the background. Returns whether it succeeded, and its stdout and stderr.
pub fn run(mut command: Command, address: &str) -> (bool, String) {
    let mut file = tempfile::tempfile().unwrap();
    command
        .stdout(file.try_clone().unwrap())
        .stderr(file.try_clone().unwrap())
        .process_group(0);
    let mut child = command.spawn().unwrap();
    let process = child.id();
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait()));
    let status = ended.recv_timeout(LIMIT);
    kill(process);
    let mut output = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut output).unwrap();
    let is_success = status.is_ok_and(|status| status.unwrap().success());
    (is_success, output.replace(address, ADDRESS))
}

/// A running emulator, killed at the end.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    pub address: String,
    /// What it has printed, with the address of pages.
    pub printed: Vec<String>,
}

impl Server {
    /// Runs a script that ends with a server, and waits until that is ready.
    pub fn start(folder: &Folder, script: &str) -> Result<Self, String> {
        let script = format!("exec 2>&1\n{script}");
        let mut command = folder.script(&script, "127.0.0.1:0", "strict");
        command.stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut server = Self {
            child,
            lines,
            address: String::new(),
            printed: Vec::new(),
        };
        server.wait_until(|server| {
            let last = server.printed.last();
            let url = last.and_then(|line| line.strip_prefix(READY));
            server.address = url.unwrap_or_default().to_owned();
            !server.address.is_empty()
        })?;
        for line in &mut server.printed {
            *line = line.replace(&server.address, ADDRESS);
        }
        Ok(server)
    }

    /// Reads what the server prints until a condition is met.
    pub fn wait_until(&mut self, mut is_met: impl FnMut(&mut Self) -> bool) -> Result<(), String> {
        let end = Instant::now() + LIMIT;
        while !is_met(self) {
            let line = self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()));
            let line =
                line.map_err(|_| format!("it printed only:\n{}", self.printed.join("\n")))?;
            self.printed.push(if self.address.is_empty() {
                line
            } else {
                line.replace(&self.address, ADDRESS)
            });
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        kill(self.child.id());
        let _ = self.child.wait();
    }
}
