//! `[server]`, `[admin]` and `[log]`.

use std::net::SocketAddr;

use tracing_subscriber::EnvFilter;
use url::Url;

use super::Findings;
use crate::config::problem::{Problem, quoted, text};
use crate::config::units::{show_bytes, show_duration};
use crate::config::{Config, SockJsConfig};

pub(super) fn check(config: &Config, findings: &mut Findings) {
    let (server, admin) = (&config.server, &config.admin);
    if collide(server.listen, admin.listen) {
        let shown = text(&admin.listen.to_string());
        let message = format!("is the address of `server.listen`, {}, too; choose another port", server.listen);
        findings.add_beside(Problem::new("admin.listen", shown, message), &["server.listen"]);
    }
    for (index, origin) in server.allowed_origins.iter().enumerate() {
        if let Some(message) = origin_fault(origin) {
            findings.add(format!("server.allowed_origins[{index}]"), text(origin), message);
        }
    }
    if server.node.chars().any(char::is_control) {
        findings.add("server.node", text(&server.node), "has a control character; it is sent in headers");
    }
    check_sockjs(&server.sockjs, findings);
    for (name, value) in &admin.claims {
        findings.not_empty(&format!("admin.claims.{}", quoted(name)), Some(value));
    }
    if let Err(err) = EnvFilter::builder().parse(&config.log.filter) {
        let message = format!("is no filter: {err}; write as `info` or `sluice=debug,warn`");
        findings.add("log.filter", text(&config.log.filter), message);
    }
}

fn check_sockjs(sockjs: &SockJsConfig, findings: &mut Findings) {
    let durations = [("heartbeat", sockjs.heartbeat), ("disconnect_delay", sockjs.disconnect_delay)];
    let durations = durations.map(|(name, value)| (name, value.is_zero(), show_duration(value)));
    let bytes = ("response_bytes", sockjs.response_bytes == 0, show_bytes(sockjs.response_bytes));
    for (name, _, shown) in durations.into_iter().chain([bytes]).filter(|(_, is_zero, _)| *is_zero) {
        findings.add(
            format!("server.sockjs.{name}"),
            text(&shown),
            "must be more than nothing, or no session could live",
        );
    }
    let url = &sockjs.client_url;
    let is_address = url.starts_with('/') || Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if !is_address {
        let message = "is no address of a script; write `https://…/sockjs.min.js`, or a path on this server";
        findings.add("server.sockjs.client_url", text(url), message);
    }
}

/// Whether two listeners cannot both have their address. Port 0 is a free port, each time another.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (any || one.ip() == other.ip())
}

/// Why no browser ever sends that as its Origin.
fn origin_fault(origin: &str) -> Option<String> {
    const RIGHT: &str = "write scheme, host and port alone, as `https://app.example.com`";
    if origin == "null" {
        return None;
    }
    if origin.contains('*') {
        return Some(format!("may have no wildcard; {RIGHT}, once for each page"));
    }
    let Ok(url) = Url::parse(origin) else { return Some(format!("is no origin; {RIGHT}")) };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Some(format!("has more than an origin; {RIGHT}"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        // Those of applications, as `capacitor://localhost`, are compared as they stand.
        let host = origin.split_once("://").map_or("", |(_, host)| host);
        return (matches!(url.scheme(), "ws" | "wss" | "file") || host.is_empty() || host.contains('/'))
            .then(|| format!("is no page's origin; {RIGHT}"));
    }
    let right = url.origin().ascii_serialization();
    (right != origin).then(|| format!("is not how a browser writes it; write `{right}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_as_browsers_send_them() {
        for origin in [
            "null",
            "https://app.example.com",
            "http://localhost:5173",
            "http://[::1]:8080",
            "https://xn--bcher-kva.example",
            "capacitor://localhost",
            "chrome-extension://abcdefghijklmnop",
        ] {
            assert_eq!(origin_fault(origin), None, "{origin}");
        }
    }

    #[test]
    fn origins_that_no_browser_sends() {
        for (origin, says) in [
            ("", "is no origin"),
            ("*", "no wildcard"),
            ("https://*.example.com", "no wildcard"),
            ("app.example.com", "is no origin"),
            ("localhost:3000", "no page's origin"),
            ("https://app.example.com/", "`https://app.example.com`"),
            ("https://app.example.com/page", "`https://app.example.com`"),
            ("https://App.Example.com", "`https://app.example.com`"),
            ("https://app.example.com:443", "`https://app.example.com`"),
            ("https://bücher.example", "`https://xn--bcher-kva.example`"),
            ("https://app.example.com?x=1", "more than an origin"),
            ("https://user@app.example.com", "more than an origin"),
            ("wss://app.example.com", "no page's origin"),
            ("capacitor://localhost/x", "no page's origin"),
        ] {
            let fault = origin_fault(origin).unwrap_or_default();
            assert!(fault.contains(says), "{origin}: {fault}");
        }
    }

    #[test]
    fn listeners_collide_on_one_port_of_one_address() {
        let collide = |one: &str, other: &str| collide(one.parse().unwrap(), other.parse().unwrap());
        assert!(collide("127.0.0.1:80", "127.0.0.1:80"));
        assert!(collide("0.0.0.0:80", "127.0.0.1:80"));
        assert!(!collide("127.0.0.1:80", "127.0.0.2:80"));
        assert!(!collide("127.0.0.1:80", "127.0.0.1:81"));
        assert!(!collide("127.0.0.1:0", "127.0.0.1:0"));
    }
}
