//! The host names under which the emulator is reached, and the checks of `Host` and `Origin` for browsers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Uri};

use crate::Control;
use crate::connection::Connection;
use crate::domain::text::quoted;

/// Protects what needs no credentials from pages of other sites: checks the origin and the host name of requests.
impl Names {
    /// Returns the reason to reject a request, if its host name or origin is not the emulator's own. With a control token, which
    /// no page of another site knows, any host name is allowed.
    pub fn refusal(
        &self,
        control: &Control,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<String> {
        if let Some(name) = self
            .untrusted_host(uri, headers)
            .filter(|_| !control.has_token())
        {
            return Some(format!(
                "{} may be a name of another site; if it is this server's, start it with --allowed-host",
                quoted(name)
            ));
        }
        let is_foreign =
            self.is_cross_origin(uri, headers) || self.is_foreign_change(method, uri, headers);
        is_foreign.then(|| FOREIGN.to_owned())
    }

    /// Returns whether a page of another site sends a request that may change something. The browser may have added credentials
    /// that it remembers, so they do not show who meant the request.
    pub fn is_foreign_change(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        if method.is_safe() {
            return false;
        }
        // Over plain HTTP, browsers send Sec-Fetch-Site to this machine only. To others, what needs no preflight has an Origin.
        if headers.contains_key(SEC_FETCH_SITE) {
            is_cross_site(headers)
        } else {
            needs_no_preflight(headers) && self.is_cross_origin(uri, headers)
        }
    }
}

/// The reason to reject a request of another site's page.
pub const FOREIGN: &str = "requests from pages of another origin are refused; a proxy of the page's own origin can forward them";

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Returns whether, according to `Sec-Fetch-Site`, a page of another site made this request. Only browsers send the header.
pub fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get(SEC_FETCH_SITE);
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Returns whether a browser sends a POST with these headers for a page of another site without asking first, as it does with a
/// form ("CORS-safelisted", Fetch Standard 2.2.2).
fn needs_no_preflight(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let media_type = content_type.to_str().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    ]
    .iter()
    .any(|safe| media_type.eq_ignore_ascii_case(safe))
}

/// Domains in which nobody can register a name, so that a request for one of them is meant for a server of this machine or
/// network: those of RFC 6761, RFC 6762 and RFC 8375, of ICANN (`internal`), and those assigned by routers and Kubernetes.
const UNREGISTRABLE: [&str; 8] = [
    "localhost",
    "local",
    "internal",
    "test",
    "lan",
    "home.arpa",
    "svc",
    "svc.cluster.local",
];

/// The configured names of the emulator.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The URL of the emulator for clients when it is behind a proxy.
    pub public_url: Option<PublicUrl>,
    /// Additional host names under which a browser may reach the control API and the console.
    pub allowed_hosts: Vec<HostName>,
}

impl Names {
    /// Returns the base URL of the emulator for the client of a request: the value of `--public-url`, else the requested host,
    /// else the address of the connection.
    pub fn base_url(&self, request: &Parts) -> String {
        if let Some(public) = &self.public_url {
            return public.to_string();
        }
        let requested = host(&request.uri, &request.headers).map(str::to_owned);
        let connected = || {
            let connection = request.extensions.get::<Connection>()?;
            Some(connection.address()?.to_string())
        };
        format!(
            "http://{}",
            requested.or_else(connected).unwrap_or_default()
        )
    }

    /// Returns the path of the public URL, with which the paths of the emulator begin for a browser.
    pub fn base_path(&self) -> &str {
        self.public_url.as_ref().map_or("", |public| &public.path)
    }

    /// Returns whether a request was sent by a web page of another origin.
    pub fn is_cross_origin(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else {
            return false;
        };
        let Some((scheme, page_host)) =
            origin.to_str().ok().and_then(|text| text.split_once("://"))
        else {
            return true;
        };
        let is_requested_host =
            host(uri, headers).is_some_and(|requested| requested.eq_ignore_ascii_case(page_host));
        let is_public = self.public_url.as_ref().is_some_and(|public| {
            public.scheme.eq_ignore_ascii_case(scheme) && public.host == page_host.to_lowercase()
        });
        !(is_requested_host || is_public)
    }

    /// Returns the requested host if it is one that anybody could have registered and it is not allowed. Another site can point
    /// its own host name at the emulator (DNS rebinding); the requests of its pages then have the same origin.
    pub fn untrusted_host<'a>(&self, uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
        let requested = host(uri, headers)?;
        let Ok(authority) = requested.parse::<Authority>() else {
            return Some(requested);
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
        let known = normalized(name);
        (!is_unregistrable(&known) && !is_allowed(&known)).then_some(requested)
    }
}

/// Returns the requested host as it was sent.
pub fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    // The client of a proxy sends the absolute URL, which takes precedence over the header (RFC 9112, 3.2.2).
    let authority_of_target = uri.authority().map(Authority::as_str);
    let host = authority_of_target.or_else(|| headers.get(HOST)?.to_str().ok());
    host.filter(|host| !host.is_empty())
}

/// Normalizes a host name for comparison: in lower case and without the dot of the root.
fn normalized(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}

/// Returns whether a host name cannot be registered: it is an IP address, has no dot (like the services of a Compose file), or
/// belongs to a reserved domain.
fn is_unregistrable(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let is_below = |suffix: &&str| {
        let rest = name.strip_suffix(*suffix);
        rest.is_some_and(|rest| rest.ends_with('.'))
    };
    !name.contains('.') || address.parse::<IpAddr>().is_ok() || UNREGISTRABLE.iter().any(is_below)
}

/// A host name without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A list in an environment variable may have blanks after its commas.
        let text = text.trim();
        let name = text.parse::<Authority>().ok();
        let is_name = |authority: &Authority| authority.host() == text && !text.contains('*');
        match name.filter(is_name) {
            Some(_) => Ok(Self(normalized(text))),
            None => Err(
                "write a name without scheme, port or path, as in emulator.example.com".to_owned(),
            ),
        }
    }
}

/// The URL of the emulator behind a proxy, such as `https://ci.example.com/uptrends`. The proxy strips the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: String,
    /// Includes the port, unless it is the default port of the scheme.
    host: String,
    /// Empty, or starts with a slash and does not end with one.
    path: String,
}

impl PublicUrl {
    /// Returns the host name without the port.
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
                host: format!("{}{port}", normalized(authority.host())),
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
    fn a_registrable_host_is_untrusted_unless_it_is_allowed() {
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
            assert_eq!(
                names.untrusted_host(&uri, &headers(known, None)),
                None,
                "{known}"
            );
        }
        for untrusted in [
            "example.com",
            "local.example.com",
            "xlocal.com:8080",
            "127.0.0.1.nip.io",
            "a b",
            "x@y.com",
        ] {
            assert_eq!(
                names.untrusted_host(&uri, &headers(untrusted, None)),
                Some(untrusted)
            );
        }
        assert_eq!(names.untrusted_host(&uri, &HeaderMap::new()), None);
        let whole = Uri::from_static("http://example.com/_emulator/accounts");
        assert_eq!(
            names.untrusted_host(&whole, &headers("localhost", None)),
            Some("example.com")
        );
    }

    #[test]
    fn a_page_of_the_requested_host_or_of_the_public_url_has_the_same_origin() {
        let names = names(Some("https://ci.example.com/x"), &[]);
        let uri = Uri::from_static("/");
        for own in [
            None,
            Some("http://localhost:8080"),
            Some("http://LOCALHOST:8080"),
            Some("https://ci.example.com"),
        ] {
            assert!(
                !names.is_cross_origin(&uri, &headers("localhost:8080", own)),
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
                names.is_cross_origin(&uri, &headers("localhost:8080", Some(foreign))),
                "{foreign}"
            );
        }
    }

    #[test]
    fn a_public_url_has_a_scheme_a_host_and_optionally_a_path() {
        for (written, expected) in [
            ("https://ci.example.com", "https://ci.example.com"),
            ("HTTPS://CI.example.com:443/", "https://ci.example.com"),
            (
                "http://10.0.0.1:8080/uptrends/",
                "http://10.0.0.1:8080/uptrends",
            ),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(written.parse::<PublicUrl>().unwrap().to_string(), expected);
        }
        for invalid in [
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
            invalid.parse::<PublicUrl>().unwrap_err();
        }
        for invalid in ["", "http://x", "x:80", "*.x.com", "x/y"] {
            invalid.parse::<HostName>().unwrap_err();
        }
    }
}
