//! What an address below the prefix stands for.

/// A session id is as long as the client makes it; nobody needs more.
const ID_BYTES_MAX: usize = 128;

/// The last part of a session's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    WebSocket,
    Xhr,
    XhrStreaming,
    XhrSend,
    EventSource,
    HtmlFile,
    Jsonp,
    JsonpSend,
}

impl Transport {
    fn parse(name: &str, with_legacy: bool) -> Option<Self> {
        Some(match name {
            "websocket" => Self::WebSocket,
            "xhr" => Self::Xhr,
            "xhr_streaming" => Self::XhrStreaming,
            "xhr_send" => Self::XhrSend,
            "eventsource" => Self::EventSource,
            "htmlfile" if with_legacy => Self::HtmlFile,
            "jsonp" if with_legacy => Self::Jsonp,
            "jsonp_send" if with_legacy => Self::JsonpSend,
            _ => return None,
        })
    }

    /// The method that it is used with.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::WebSocket | Self::EventSource | Self::HtmlFile | Self::Jsonp => "GET",
            Self::Xhr | Self::XhrStreaming | Self::XhrSend | Self::JsonpSend => "POST",
        }
    }
}

/// What an address below the prefix stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address<'a> {
    /// The prefix itself.
    Greeting,
    /// `/info`
    Info,
    /// `/iframe.html`, `/iframe-….html`
    Iframe,
    /// `/websocket`: without SockJS's framing.
    RawWebSocket,
    /// `/{server}/{session}/{transport}`; the server's part means nothing here.
    Session { id: &'a str, transport: Transport },
}

impl<'a> Address<'a> {
    /// Reads what follows the prefix.
    pub(super) fn parse(rest: &'a str, with_legacy: bool) -> Option<Self> {
        match rest {
            "" | "/" => return Some(Self::Greeting),
            "/info" => return Some(Self::Info),
            "/websocket" => return Some(Self::RawWebSocket),
            _ => {}
        }
        let rest = rest.strip_prefix('/')?;
        if let Some(version) = rest.strip_prefix("iframe").and_then(|rest| rest.strip_suffix(".html")) {
            let is_version =
                version.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'z' | b'-' | b'.' | b'_'));
            return (is_version && (version.is_empty() || version.starts_with('-'))).then_some(Self::Iframe);
        }
        let mut parts = rest.split('/');
        let (server, id, transport) = (parts.next()?, parts.next()?, parts.next()?);
        let is_id = |text: &str| !text.is_empty() && !text.contains('.') && text.len() <= ID_BYTES_MAX;
        if parts.next().is_some() || !is_id(server) || !is_id(id) {
            return None;
        }
        Transport::parse(transport, with_legacy).map(|transport| Self::Session { id, transport })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_part_means_nothing() {
        let expected = Some(Address::Session { id: "abc", transport: Transport::Xhr });
        assert_eq!(Address::parse("/000/abc/xhr", false), expected);
        assert_eq!(Address::parse("/999/abc/xhr", false), expected);
    }

    #[test]
    fn ids_with_dots_or_without_letters_and_more_parts_are_nothing() {
        for rest in [
            "//",
            "///",
            "/a",
            "/a.html",
            "/a/",
            "/a/a",
            "/a/a/",
            "//a/xhr",
            "/a//xhr",
            "/a./a/xhr",
            "/a/a./xhr",
            "/./a/xhr",
            "/a/a/xhr/",
            "/a/a/xhr/b",
            "/a/a/fax",
            "/info/",
            "/infos",
            "/websocket/",
            "/iframe",
            "/iframe.htm",
            "/IFRAME.HTML",
            "/iframe.HTML",
            "/iframe.xml",
            "/iframe-/.html",
            "/iframex.html",
            "a/a/xhr",
        ] {
            assert_eq!(Address::parse(rest, true), None, "{rest}");
        }
        assert_eq!(Address::parse(&format!("/0/{}/xhr", "x".repeat(129)), true), None);
    }

    #[test]
    fn iframes_may_have_a_version() {
        for rest in ["/iframe.html", "/iframe-a.html", "/iframe-.html", "/iframe-0.1.2abc-dirty.2144.html"] {
            assert_eq!(Address::parse(rest, false), Some(Address::Iframe), "{rest}");
        }
    }

    #[test]
    fn old_browsers_transports_are_there_only_when_switched_on() {
        for name in ["htmlfile", "jsonp", "jsonp_send"] {
            let rest = format!("/0/a/{name}");
            assert_eq!((Address::parse(&rest, false), Address::parse(&rest, true).is_some()), (None, true), "{name}");
        }
    }
}
