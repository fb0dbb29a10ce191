//! Where the emulator listens.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How many ports are tried to find one that is free on both loopbacks.
const TRIES: usize = 64;

/// An address to listen on: an IP address and a port, or `localhost` and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// This address. Port 0 picks a free one.
    At(SocketAddr),
    /// The loopbacks of IPv4 and IPv6, on one port: some clients take one for `localhost`, and some the other. Port 0 picks
    /// one that is free on both.
    Localhost(u16),
}

impl Listen {
    /// The address that is listened on first.
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
        // A list in a variable may have blanks behind its commas.
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
                meant(text)
            )
        })
    }
}

/// What somebody may have meant that wrote a part of an address, or more than that.
fn meant(text: &str) -> String {
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

/// A port as people write it.
fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Listens on addresses, in their order; one that was named already is passed over, and so are those of IPv6 where the
/// machine has none and another address is served. The error names the address that cannot be had.
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
    match (bound.listeners, bound.without_ipv6) {
        (listeners, Some(missing)) if listeners.is_empty() => Err(missing),
        (listeners, _) => Ok(listeners),
    }
}

#[derive(Default)]
struct BoundListeners {
    named: Vec<SocketAddr>,
    listeners: Vec<TcpListener>,
    /// An address of IPv6 that this machine does not have.
    without_ipv6: Option<(Listen, io::Error)>,
}

impl BoundListeners {
    fn add(&mut self, address: SocketAddr, all: &[Listen]) -> io::Result<()> {
        // Each port 0 is another one.
        if address.port() != 0 && self.named.contains(&address) {
            return Ok(());
        }
        self.named.push(address);
        // Where IPv4 is listened on by itself, `[::]` is IPv6 alone: otherwise it is both.
        let is_of_both = !all.iter().any(|other| {
            let other = other.first();
            other.is_ipv4() && other.port() == address.port()
        });
        match open(address, is_of_both) {
            Ok(listener) => self.listeners.push(listener),
            Err(Unheard::NoIpv6(cause)) => {
                tracing::info!(%address, %cause, "this machine has no IPv6");
                self.without_ipv6 = Some((address.into(), cause));
            }
            Err(Unheard::Taken(cause)) => return Err(cause),
        }
        Ok(())
    }

    fn add_localhost(&mut self) -> io::Result<()> {
        let mut taken = None;
        for _ in 0..TRIES {
            let first =
                open((Ipv4Addr::LOCALHOST, 0).into(), false).map_err(Unheard::into_cause)?;
            let port = first.local_addr()?.port();
            match open((Ipv6Addr::LOCALHOST, port).into(), false) {
                Ok(second) => self.listeners.extend([first, second]),
                Err(Unheard::NoIpv6(_)) => self.listeners.push(first),
                Err(Unheard::Taken(cause)) => {
                    taken = Some(cause);
                    continue;
                }
            }
            return Ok(());
        }
        Err(taken.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
    }
}

/// Why an address cannot be listened on.
enum Unheard {
    /// It is one of IPv6, which this machine does not have.
    NoIpv6(io::Error),
    Taken(io::Error),
}

impl Unheard {
    fn into_cause(self) -> io::Error {
        match self {
            Self::NoIpv6(cause) | Self::Taken(cause) => cause,
        }
    }
}

fn open(address: SocketAddr, is_of_both: bool) -> Result<TcpListener, Unheard> {
    let is_everybodys = address.ip().is_loopback() || address.ip().is_unspecified();
    let of_ipv6 = |cause| match address {
        SocketAddr::V6(_) => Unheard::NoIpv6(cause),
        SocketAddr::V4(_) => Unheard::Taken(cause),
    };
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).map_err(of_ipv6)?;
    let listen = || {
        if address.is_ipv6() {
            socket.set_only_v6(!is_of_both)?;
        }
        // As tokio does: a server that starts again finds its port free. On Windows it would share the port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)
    };
    match listen() {
        Err(cause) if is_everybodys && cause.kind() == io::ErrorKind::AddrNotAvailable => {
            return Err(of_ipv6(cause));
        }
        outcome => outcome.map_err(Unheard::Taken)?,
    }
    TcpListener::from_std(socket.into()).map_err(Unheard::Taken)
}

#[cfg(test)]
mod tests {
    use super::Listen;

    #[test]
    fn an_address_is_an_ip_address_or_localhost_and_a_port() {
        for fine in ["127.0.0.1:8080", "[::1]:0", "0.0.0.0:80", "localhost:8080"] {
            assert_eq!(fine.parse::<Listen>().unwrap().to_string(), fine);
        }
        for (wrong, meant) in [
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
            let told = wrong.parse::<Listen>().unwrap_err();
            assert!(told.ends_with(meant), "{wrong}: {told}");
        }
    }
}
