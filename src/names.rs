//! The names under which the emulator is reached, and which of them a browser may use.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use crate::Control;
use crate::connection::Connection;
use crate::domain::text::quoted;

/// Keeps web pages of elsewhere out of what needs no credentials, and names that may be theirs.
impl Names {
    /// Why a request is refused whose name or origin is not the emulator's own. A control token, which no page of another
    /// site has, stands for any name.
    pub fn refusal(&self, control: &Control, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        if let Some(name) = self.stranger(uri, headers).filter(|_| !control.has_token()) {
            return Some(format!(
                "{} may be a name of another site; if it is this server's, start it with --allowed-host",
                quoted(name)
            ));
        }
        let told = "requests from pages of another origin are refused";
        self.is_foreign(uri, headers).then(|| told.to_owned())
    }
}

/// Names that nobody can register, so that whoever asks for one of them means a server of this machine or network: those
/// of RFC 6761, RFC 6762, RFC 8375, of ICANN (`internal`), and those that routers and Kubernetes give.
const OF_NOBODY: [&str; 8] = [
    "localhost",
    "local",
    "internal",
    "test",
    "lan",
    "home.arpa",
    "svc",
    "svc.cluster.local",
];

/// What is known of the names of the emulator beyond what a request says.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Where clients find the emulator when it is behind a proxy.
    pub public_url: Option<PublicUrl>,
    /// Further names under which a browser may reach the control API and the console.
    pub allowed_hosts: Vec<HostName>,
}

impl Names {
    /// What the URLs of the emulator begin with, for the client of a request: what `--public-url` says, else the host that
    /// it asked, else the address of its connection.
    pub fn base_url(&self, request: &Parts) -> String {
        if let Some(public) = &self.public_url {
            return public.to_string();
        }
        let asked = host(&request.uri, &request.headers).map(str::to_owned);
        let connected = || {
            let connection = request.extensions.get::<Connection>()?;
            Some(connection.address()?.to_string())
        };
        format!("http://{}", asked.or_else(connected).unwrap_or_default())
    }

    /// What the paths of the emulator begin with for a browser.
    pub fn base_path(&self) -> &str {
        self.public_url.as_ref().map_or("", |public| &public.path)
    }

    /// Whether a web page of another origin sends a request.
    pub fn is_foreign(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else {
            return false;
        };
        let Some((scheme, of_page)) = origin.to_str().ok().and_then(|text| text.split_once("://"))
        else {
            return true;
        };
        let is_asked = host(uri, headers).is_some_and(|asked| asked.eq_ignore_ascii_case(of_page));
        let is_public = self.public_url.as_ref().is_some_and(|public| {
            public.scheme.eq_ignore_ascii_case(scheme) && public.host == of_page.to_lowercase()
        });
        !(is_asked || is_public)
    }

    /// The name that a request asks for, if it is one that somebody could have registered: a page of another site can
    /// point its own name here (DNS rebinding), and its requests are then of its own origin.
    pub fn stranger<'a>(&self, uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
        let asked = host(uri, headers)?;
        let Ok(authority) = asked.parse::<Authority>() else {
            return Some(asked);
        };
        let name = authority.host();
        let is_allowed = |name: &str| {
            let public = self.public_url.as_ref().map(PublicUrl::name);
            let mut allowed = self
                .allowed_hosts
                .iter()
                .map(|HostName(name)| name.as_str());
            public == Some(name) || allowed.any(|allowed| allowed == name)
        };
        let known = bare(name);
        (!is_of_nobody(&known) && !is_allowed(&known)).then_some(asked)
    }
}

/// The host that a request asks for, as it was sent.
pub fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    // A proxy's client writes the whole URL, which then says it (RFC 9112, 3.2.2).
    let of_target = uri.authority().map(Authority::as_str);
    let host = of_target.or_else(|| headers.get(HOST)?.to_str().ok());
    host.filter(|host| !host.is_empty())
}

/// A name as it is compared: in lower case, without the dot of the root.
fn bare(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}

/// Whether a name is an address, has no dot, as the services of a Compose file, or is one that nobody can register.
fn is_of_nobody(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let is_below = |suffix: &&str| {
        let rest = name.strip_suffix(*suffix);
        rest.is_some_and(|rest| rest.ends_with('.'))
    };
    !name.contains('.') || address.parse::<IpAddr>().is_ok() || OF_NOBODY.iter().any(is_below)
}

/// A name of a host, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A list in a variable may have blanks behind its commas.
        let text = text.trim();
        let name = text.parse::<Authority>().ok();
        let is_name = |authority: &Authority| authority.host() == text && !text.contains('*');
        match name.filter(is_name) {
            Some(_) => Ok(Self(bare(text))),
            None => Err(
                "write a name without scheme, port or path, as in emulator.example.com".to_owned(),
            ),
        }
    }
}

/// Where clients find the emulator when it is behind a proxy: `https://ci.example.com/uptrends`. The proxy strips the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: String,
    /// With its port, unless it is that of the scheme.
    host: String,
    /// Empty, or with a slash at its beginning and none at its end.
    path: String,
}

impl PublicUrl {
    /// The name of the host.
    fn name(&self) -> &str {
        let port = self.host.rsplit_once(':');
        match port {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &self.host,
        }
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let uri: Uri = text.parse().ok()?;
            let scheme = uri.scheme_str()?.to_lowercase();
            let authority = uri.authority()?;
            let port = match (scheme.as_str(), authority.port_u16()) {
                ("http", Some(80)) | ("https", Some(443)) | ("http" | "https", None) => {
                    String::new()
                }
                ("http" | "https", Some(port)) => format!(":{port}"),
                _ => return None,
            };
            let path = uri.path().trim_end_matches('/');
            let is_plain = path
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte));
            if uri.query().is_some()
                || text.contains(['#', '@'])
                || !is_plain
                || path.contains("//")
            {
                return None;
            }
            Some(Self {
                host: format!("{}{port}", bare(authority.host())),
                scheme,
                path: path.to_owned(),
            })
        };
        read().ok_or_else(|| {
            format!(
                "{} is not a URL of a server; write it as https://ci.example.com/uptrends, without a query",
                quoted(text)
            )
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, path } = self;
        write!(f, "{scheme}://{host}{path}")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::{HOST, ORIGIN};
    use axum::http::{HeaderMap, Uri};

    use super::{HostName, Names, PublicUrl};

    fn headers(host: &'static str, origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    fn names(public_url: Option<&str>, allowed: &[&str]) -> Names {
        Names {
            public_url: public_url.map(|url| url.parse().unwrap()),
            allowed_hosts: allowed.iter().map(|name| name.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_name_that_somebody_could_register_is_strange_unless_it_is_allowed() {
        let names = names(
            Some("https://ci.example.com:8443/x"),
            &["Emulator.Example.com"],
        );
        let uri = Uri::from_static("/_emulator/accounts");
        for known in [
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "10.1.2.3",
            "localhost",
            "localhost.:8080",
            "emulator:8080",
            "x.localhost",
            "MY-MAC.local",
            "host.docker.internal:80",
            "uptrends.test",
            "box.lan",
            "nas.home.arpa",
            "emulator.default.svc",
            "emulator.default.svc.cluster.local",
            "ci.example.com",
            "emulator.example.com:9000",
        ] {
            assert_eq!(names.stranger(&uri, &headers(known, None)), None, "{known}");
        }
        for strange in [
            "example.com",
            "local.example.com",
            "xlocal.com:8080",
            "127.0.0.1.nip.io",
            "a b",
            "x@y.com",
        ] {
            assert_eq!(names.stranger(&uri, &headers(strange, None)), Some(strange));
        }
        assert_eq!(names.stranger(&uri, &HeaderMap::new()), None);
        let whole = Uri::from_static("http://example.com/_emulator/accounts");
        assert_eq!(
            names.stranger(&whole, &headers("localhost", None)),
            Some("example.com")
        );
    }

    #[test]
    fn a_page_of_the_host_that_is_asked_or_of_the_public_url_is_no_stranger() {
        let names = names(Some("https://ci.example.com/x"), &[]);
        let uri = Uri::from_static("/");
        for own in [
            None,
            Some("http://localhost:8080"),
            Some("http://LOCALHOST:8080"),
            Some("https://ci.example.com"),
        ] {
            assert!(
                !names.is_foreign(&uri, &headers("localhost:8080", own)),
                "{own:?}"
            );
        }
        for foreign in [
            "http://localhost",
            "http://ci.example.com",
            "https://ci.example.com:8443",
            "null",
        ] {
            assert!(
                names.is_foreign(&uri, &headers("localhost:8080", Some(foreign))),
                "{foreign}"
            );
        }
    }

    #[test]
    fn a_public_url_is_that_of_a_server_and_perhaps_a_path() {
        for (written, means) in [
            ("https://ci.example.com", "https://ci.example.com"),
            ("HTTPS://CI.example.com:443/", "https://ci.example.com"),
            (
                "http://10.0.0.1:8080/uptrends/",
                "http://10.0.0.1:8080/uptrends",
            ),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(written.parse::<PublicUrl>().unwrap().to_string(), means);
        }
        for wrong in [
            "ci.example.com",
            "/x",
            "ftp://x",
            "http://x/?a",
            "http://x/#a",
            "http://u:p@x/",
            "https://",
            "http://x//y",
            "http://x/a\"b",
        ] {
            wrong.parse::<PublicUrl>().unwrap_err();
        }
        for wrong in ["", "http://x", "x:80", "*.x.com", "x/y"] {
            wrong.parse::<HostName>().unwrap_err();
        }
    }
}
