//! How each transport over HTTP wraps SockJS's frames.

use super::frame::{HEARTBEAT, quote};

/// Some browsers show nothing of a stream before so many octets came.
const STREAM_PRELUDE_BYTES: usize = 2048;

/// The same, for a page.
const PAGE_PRELUDE_BYTES: usize = 1024;

/// A way to receive over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// One line in each response.
    Xhr,
    /// Line after line in one response.
    XhrStreaming,
    /// Server-Sent Events.
    EventSource,
    /// A page that never ends, and calls its parent's function of that name.
    HtmlFile(String),
    /// A script that calls the function of that name once.
    Jsonp(String),
}

impl Wire {
    /// Whether a response ends with its first frames.
    pub(super) const fn is_polling(&self) -> bool {
        matches!(self, Self::Xhr | Self::Jsonp(_))
    }

    /// Whether a response holds one frame only.
    pub(super) const fn is_single(&self) -> bool {
        matches!(self, Self::Jsonp(_))
    }

    pub(super) const fn content_type(&self) -> &'static str {
        match self {
            Self::Xhr | Self::XhrStreaming | Self::Jsonp(_) => "application/javascript;charset=UTF-8",
            Self::EventSource => "text/event-stream;charset=UTF-8",
            Self::HtmlFile(_) => "text/html;charset=UTF-8",
        }
    }

    /// What a response begins with.
    pub(super) fn prelude(&self) -> Option<Vec<u8>> {
        match self {
            Self::Xhr | Self::Jsonp(_) => None,
            Self::XhrStreaming => {
                let mut prelude = HEARTBEAT.repeat(STREAM_PRELUDE_BYTES);
                prelude.push('\n');
                Some(prelude.into_bytes())
            }
            Self::EventSource => Some(b"\r\n".to_vec()),
            Self::HtmlFile(callback) => Some(page(callback)),
        }
    }

    /// Appends a frame.
    pub(super) fn write(&self, frame: &str, out: &mut Vec<u8>) {
        let text = match self {
            Self::Xhr | Self::XhrStreaming => format!("{frame}\n"),
            Self::EventSource => format!("data: {frame}\r\n\r\n"),
            Self::HtmlFile(_) => format!("<script>\np({});\n</script>\r\n", script_text(frame)),
            Self::Jsonp(callback) => format!("/**/{callback}({});\r\n", script_text(frame)),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

/// A text inside of a script inside of a page: nothing in it ends the script.
fn script_text(text: &str) -> String {
    quote(text).replace('<', "\\u003c")
}

fn page(callback: &str) -> Vec<u8> {
    let mut page = format!(
        "<!doctype html>\n<html>\n<head>\n<meta charset=\"UTF-8\">\n<title>SockJS</title>\n</head>\n<body>\n<script>\n\
         var client = parent.{callback};\nfunction p(frame) {{ client.message(frame); }}\n\
         window.onload = function () {{ client.stop(); }};\nclient.start();\n</script>\n"
    );
    while page.len() < PAGE_PRELUDE_BYTES {
        page.push(' ');
    }
    page.push_str("\r\n\r\n");
    page.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(wire: &Wire, frame: &str) -> String {
        let mut out = Vec::new();
        wire.write(frame, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_transport_wraps_frames_as_the_protocol_says() {
        assert_eq!(written(&Wire::Xhr, "o"), "o\n");
        assert_eq!(written(&Wire::XhrStreaming, r#"a["x"]"#), "a[\"x\"]\n");
        assert_eq!(written(&Wire::EventSource, "o"), "data: o\r\n\r\n");
        assert_eq!(written(&Wire::HtmlFile("c".to_owned()), "o"), "<script>\np(\"o\");\n</script>\r\n");
        assert_eq!(written(&Wire::Jsonp("cb".to_owned()), r#"a["x"]"#), "/**/cb(\"a[\\\"x\\\"]\");\r\n");
    }

    #[test]
    fn preludes_are_long_enough_for_the_browsers_that_need_them() {
        assert_eq!(Wire::XhrStreaming.prelude().unwrap(), ["h".repeat(2048), "\n".to_owned()].concat().into_bytes());
        assert_eq!(Wire::EventSource.prelude().unwrap(), b"\r\n");
        let page = String::from_utf8(Wire::HtmlFile("a.b-c_1".to_owned()).prelude().unwrap()).unwrap();
        assert!(page.len() >= 1024 && page.contains("parent.a.b-c_1;"), "{page}");
        assert_eq!((Wire::Xhr.prelude(), Wire::Jsonp(String::new()).prelude()), (None, None));
    }

    #[test]
    fn no_message_ends_the_script_that_carries_it() {
        let frame = r#"a["</script><script>alert(1)"]"#;
        assert!(!written(&Wire::HtmlFile("c".to_owned()), frame).contains("</script><script>"));
    }
}
