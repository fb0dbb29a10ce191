//! The addresses that the emulator listens on.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

/// The maximum number of connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// The number of attempts to find a port that is free on both loopback addresses.
const MAX_ATTEMPTS: usize = 64;

/// An address to listen on: an IP address and a port, or `localhost` and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// This address. Port 0 picks a free one.
    At(SocketAddr),
    /// The loopback addresses of IPv4 and IPv6 on one port, since some clients resolve `localhost` to one and some to the
    /// other. Port 0 picks a port that is free on both.
    Localhost(u16),
}

impl Listen {
    /// Returns the address that is bound first.
    pub fn first(self) -> SocketAddr {
        match self {
            Self::At(address) => address,
            Self::Localhost(port) => (Ipv4Addr::LOCALHOST, port).into(),
        }
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self::At(address)
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A list in an environment variable may have blanks after its commas.
        let text = text.trim();
        if let Some((name, port)) = text.split_once(':')
            && ["localhost", "localhost."].contains(&name.to_ascii_lowercase().as_str())
            && let Some(port) = self::port(port)
        {
            return Ok(Self::Localhost(port));
        }
        text.parse().map(Self::At).map_err(|_| {
            format!(
                "write an IP address or localhost, and a port: {}",
                suggestion(text)
            )
        })
    }
}

/// Returns a suggestion for an invalid address: the complete address if only a part was given, or the address in a URL.
fn suggestion(text: &str) -> String {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.trim_end_matches('/');
    if let Ok(ip) = rest.parse::<IpAddr>() {
        return SocketAddr::new(ip, 8080).to_string();
    }
    if let Some(port) = port(rest.trim_start_matches(':')) {
        return format!("127.0.0.1:{port}");
    }
    if rest != text && rest.parse::<Listen>().is_ok() {
        return rest.to_owned();
    }
    "127.0.0.1:8080, 0.0.0.0:8080 or localhost:8080".to_owned()
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Localhost(port) => write!(f, "localhost:{port}"),
        }
    }
}

/// Parses a port, which may consist of digits only.
fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Binds listeners to addresses, in order. Skips duplicates, and IPv6 addresses if the machine has no IPv6 and another address
/// could be bound. The error holds the address that cannot be bound.
pub fn bind(all: &[Listen]) -> Result<Vec<TcpListener>, (Listen, io::Error)> {
    let mut bound = BoundListeners::default();
    for listen in all {
        match listen {
            Listen::At(address) => bound.add(*address, all),
            Listen::Localhost(0) => bound.add_localhost(),
            Listen::Localhost(port) => bound
                .add((Ipv4Addr::LOCALHOST, *port).into(), all)
                .and_then(|()| bound.add((Ipv6Addr::LOCALHOST, *port).into(), all)),
        }
        .map_err(|cause| (*listen, cause))?;
    }
    match (bound.listeners, bound.missing_ipv6) {
        (listeners, Some(missing)) if listeners.is_empty() => Err(missing),
        (listeners, _) => Ok(listeners),
    }
}

/// The listeners that were bound so far.
#[derive(Default)]
struct BoundListeners {
    addresses: Vec<SocketAddr>,
    listeners: Vec<TcpListener>,
    /// An IPv6 address that could not be bound because the machine has no IPv6.
    missing_ipv6: Option<(Listen, io::Error)>,
}

impl BoundListeners {
    fn add(&mut self, address: SocketAddr, all: &[Listen]) -> io::Result<()> {
        // Every port 0 stands for a different free port.
        if address.port() != 0 && self.addresses.contains(&address) {
            return Ok(());
        }
        self.addresses.push(address);
        // `[::]` accepts IPv6 only if an IPv4 address with the same port is bound separately, and both otherwise.
        let is_dual_stack = !all.iter().any(|other| {
            let other = other.first();
            other.is_ipv4() && other.port() == address.port()
        });
        match open(address, is_dual_stack) {
            Ok(listener) => self.listeners.push(listener),
            Err(BindError::NoIpv6(cause)) => {
                tracing::info!(%address, %cause, "this machine has no IPv6");
                self.missing_ipv6 = Some((address.into(), cause));
            }
            Err(BindError::Taken(cause)) => return Err(cause),
        }
        Ok(())
    }

    fn add_localhost(&mut self) -> io::Result<()> {
        let mut taken = None;
        for _ in 0..MAX_ATTEMPTS {
            let first =
                open((Ipv4Addr::LOCALHOST, 0).into(), false).map_err(BindError::into_cause)?;
            let port = first.local_addr()?.port();
            match open((Ipv6Addr::LOCALHOST, port).into(), false) {
                Ok(second) => self.listeners.extend([first, second]),
                Err(BindError::NoIpv6(_)) => self.listeners.push(first),
                Err(BindError::Taken(cause)) => {
                    taken = Some(cause);
                    continue;
                }
            }
            return Ok(());
        }
        Err(taken.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
    }
}

/// The error when an address cannot be bound.
enum BindError {
    /// The machine has no IPv6.
    NoIpv6(io::Error),
    Taken(io::Error),
}

impl BindError {
    fn into_cause(self) -> io::Error {
        match self {
            Self::NoIpv6(cause) | Self::Taken(cause) => cause,
        }
    }
}

fn open(address: SocketAddr, is_dual_stack: bool) -> Result<TcpListener, BindError> {
    let is_local = address.ip().is_loopback() || address.ip().is_unspecified();
    let unavailable = |cause| match address {
        SocketAddr::V6(_) => BindError::NoIpv6(cause),
        SocketAddr::V4(_) => BindError::Taken(cause),
    };
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, None).map_err(unavailable)?;
    let listen = || {
        if address.is_ipv6() {
            socket.set_only_v6(!is_dual_stack)?;
        }
        // As in tokio: a restarted server can bind its port again at once. On Windows, the option would share the port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)
    };
    match listen() {
        Err(cause) if is_local && cause.kind() == io::ErrorKind::AddrNotAvailable => {
            return Err(unavailable(cause));
        }
        outcome => outcome.map_err(BindError::Taken)?,
    }
    TcpListener::from_std(socket.into()).map_err(BindError::Taken)
}

#[cfg(test)]
mod tests {
    use super::Listen;

    #[test]
    fn an_address_is_an_ip_address_or_localhost_and_a_port() {
        for valid in ["127.0.0.1:8080", "[::1]:0", "0.0.0.0:80", "localhost:8080"] {
            assert_eq!(valid.parse::<Listen>().unwrap().to_string(), valid);
        }
        for (invalid, suggestion) in [
            ("9000", "127.0.0.1:9000"),
            (":9000", "127.0.0.1:9000"),
            ("10.0.0.1", "10.0.0.1:8080"),
            ("::1", "[::1]:8080"),
            ("http://127.0.0.1:9000/", "127.0.0.1:9000"),
            ("tcp://localhost:9000", "localhost:9000"),
            ("localhost", "localhost:8080"),
            ("localhost:+80", "localhost:8080"),
            ("example.com:80", "localhost:8080"),
            ("", "localhost:8080"),
        ] {
            let message = invalid.parse::<Listen>().unwrap_err();
            assert!(message.ends_with(suggestion), "{invalid}: {message}");
        }
    }
}
