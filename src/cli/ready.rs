//! Readiness of the emulator: the file that announces it, and the health check that asks for it.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::id;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::flags::Flags;

/// Writes a file atomically, so that nobody reads a part of it.
pub fn write(path: &Path, content: &str) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", id()));
    let result = fs::write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // An error means that the file does not exist.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Removes a file, unless there is none.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Asks until the emulator is ready, or the time is over. Returns why it is not ready.
pub fn wait(flags: &Flags, time: Duration) -> Result<(), String> {
    const PAUSE: Duration = Duration::from_millis(50);
    let end = Instant::now() + time;
    loop {
        match ask(flags) {
            Err(_) if Instant::now() + PAUSE < end => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
}

/// Asks the emulator that was started with the same flags whether it is ready. The request is written by hand, so that the
/// program contains no HTTP client.
fn ask(flags: &Flags) -> Result<(), String> {
    const TIMEOUT: Duration = Duration::from_secs(3);
    let address = address_to_ask(flags)?;
    let failed = |error: io::Error| format!("{address}: {error}");
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(failed)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
    write!(
        stream,
        "GET /_emulator/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .map_err(failed)?;
    let mut response = String::new();
    stream.read_to_string(&mut response).map_err(failed)?;
    if response.starts_with("HTTP/1.1 200 ") {
        Ok(())
    } else {
        Err(format!(
            "{address} answered {}",
            response.lines().next().unwrap_or("nothing")
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
        let content =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let parse = || {
            serde_json::from_str::<Value>(&content).ok()?["url"]
                .as_str()?
                .strip_prefix("http://")?
                .parse()
                .ok()
        };
        address = parse().ok_or_else(|| format!("{} is not a ready file", path.display()))?;
    }
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}
