//! From a request below the prefix to what answers it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::address::{Address, Transport};
use super::answer::{NO_STORE, UNBUFFERED, allow_reading, methods, preflight, set_cookie, text, wrong_method};
use super::frame::{Close, PayloadError, parse_payload};
use super::reception::Reception;
use super::session::Session;
use super::websocket::FramedLink;
use super::wire::Wire;
use super::{Service, SockJs, page};
use crate::transport::connection::Peer;
use crate::transport::websocket::{WebSocketLink, configure};

/// How long the body of a request may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// A callback's name is as long as the client makes it; nobody needs more.
const CALLBACK_BYTES_MAX: usize = 128;

pub(super) async fn dispatch<S: Service>(State(sockjs): State<Arc<SockJs<S>>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let rest = path.strip_prefix(sockjs.prefix).unwrap_or_default();
    let Some(address) = Address::parse(rest, sockjs.settings.legacy) else {
        return text(StatusCode::NOT_FOUND, "there is no such address below this one\n");
    };
    if !sockjs.service.allows(&parts.headers) {
        return text(StatusCode::FORBIDDEN, "this page's origin is not in `server.allowed_origins`\n");
    }
    let is_reading = parts.method == Method::GET || parts.method == Method::HEAD;
    match address {
        Address::Greeting if parts.headers.contains_key(header::UPGRADE) => upgrade_raw(&sockjs, &mut parts).await,
        Address::RawWebSocket => upgrade_raw(&sockjs, &mut parts).await,
        Address::Greeting if is_reading => page::greeting(),
        Address::Iframe if is_reading => page::iframe(&sockjs.settings, &parts.headers),
        Address::Greeting | Address::Iframe => wrong_method("GET"),
        Address::Info => {
            let mut response = match parts.method {
                Method::OPTIONS => preflight(&parts, "OPTIONS, GET"),
                _ if is_reading => page::info(&sockjs.settings),
                _ => wrong_method("OPTIONS, GET"),
            };
            allow_reading(&mut response, parts.headers.get(header::ORIGIN));
            response
        }
        Address::Session { transport: Transport::WebSocket, .. } => upgrade_framed(&sockjs, &mut parts).await,
        Address::Session { id, transport } => {
            let mut response = if parts.method == Method::OPTIONS {
                preflight(&parts, methods(transport))
            } else if parts.method == transport.method() {
                session_request(&sockjs, id, transport, &parts, body).await
            } else {
                wrong_method(methods(transport))
            };
            allow_reading(&mut response, parts.headers.get(header::ORIGIN));
            if sockjs.settings.cookie {
                set_cookie(&mut response, &parts.headers);
            }
            response
        }
    }
}

async fn session_request<S: Service>(
    sockjs: &SockJs<S>,
    id: &str,
    transport: Transport,
    parts: &Parts,
    body: Body,
) -> Response {
    let callback = || callback(parts);
    let wire = match transport {
        Transport::XhrSend | Transport::JsonpSend => return send(sockjs, id, transport, &parts.headers, body).await,
        Transport::Xhr => Wire::Xhr,
        Transport::XhrStreaming => Wire::XhrStreaming,
        Transport::HtmlFile | Transport::Jsonp => match callback() {
            Ok(callback) if transport == Transport::HtmlFile => Wire::HtmlFile(callback),
            Ok(callback) => Wire::Jsonp(callback),
            Err(message) => return text(StatusCode::INTERNAL_SERVER_ERROR, message),
        },
        Transport::EventSource | Transport::WebSocket => Wire::EventSource,
    };
    let session = match sockjs.sessions.get(id) {
        Some(session) => session,
        None => match open(sockjs, id, parts) {
            Ok(session) => session,
            Err(refused) => return refused,
        },
    };
    receive(sockjs, &session, wire, parts).await
}

/// Begins the session of that id.
#[expect(clippy::result_large_err, reason = "the answer is sent as it is")]
fn open<S: Service>(sockjs: &SockJs<S>, id: &str, parts: &Parts) -> Result<Arc<Session>, Response> {
    let guest = sockjs.service.admit(parts)?;
    let (session, link) = sockjs.sessions.open(id, sockjs.settings.disconnect_delay, sockjs.settings.text_form);
    if let Some(link) = link {
        tokio::spawn(sockjs.service.run(link, guest));
    }
    Ok(session)
}

/// Answers with what there is for the session's client, now or as it comes.
async fn receive<S: Service>(sockjs: &SockJs<S>, session: &Arc<Session>, wire: Wire, parts: &Parts) -> Response {
    let content_type = wire.content_type();
    let head = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, NO_STORE)];
    let carrier = parts.extensions.get::<ConnectInfo<Peer>>().map(|peer| &peer.0.connection);
    let receiver = match session.attach(carrier) {
        Ok(receiver) => receiver,
        Err(close) => return (head, told(&wire, &close)).into_response(),
    };
    let is_polling = wire.is_polling();
    let settings = &sockjs.settings;
    let mut reception = Reception::new(receiver, wire, settings.heartbeat, settings.response_bytes);
    let length = if is_polling { Some(reception.prepare().await) } else { None };
    let mut response = (head, Body::from_stream(reception.into_stream())).into_response();
    let headers = response.headers_mut();
    headers.insert(UNBUFFERED.0, UNBUFFERED.1);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

/// A whole response that only says that the session is over, or not this request's.
fn told(wire: &Wire, close: &Close) -> Vec<u8> {
    let mut octets = wire.prelude().unwrap_or_default();
    wire.write(&close.frame(), &mut octets);
    octets
}

/// The function that a script or page calls.
fn callback(parts: &Parts) -> Result<String, &'static str> {
    let query = parts.uri.query().unwrap_or_default();
    let callback = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "c" || name == "callback");
    let callback = callback.map(|(_, value)| value.into_owned()).filter(|callback| !callback.is_empty());
    let callback = callback.ok_or("\"callback\" parameter required")?;
    let is_name = callback.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet));
    if is_name && callback.len() <= CALLBACK_BYTES_MAX { Ok(callback) } else { Err("invalid \"callback\" parameter") }
}

/// Takes messages from the session's client.
async fn send<S: Service>(
    sockjs: &SockJs<S>,
    id: &str,
    transport: Transport,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    let Some(session) = sockjs.sessions.get(id) else {
        return text(StatusCode::NOT_FOUND, "there is no such session\n");
    };
    let bytes_max = sockjs.settings.payload_bytes();
    let octets = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, bytes_max)).await {
        Ok(Ok(octets)) => octets,
        Ok(Err(_)) => {
            let message = format!("more than {bytes_max} octets (three times limits.frame_bytes)\n");
            return text(StatusCode::PAYLOAD_TOO_LARGE, message);
        }
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the messages did not come in time\n"),
    };
    let is_form = transport == Transport::JsonpSend && is_form(headers);
    let payload = if is_form { form_payload(&octets) } else { octets };
    match parse_payload(&payload) {
        Ok(messages) => session.receive(messages, bytes_max).await,
        Err(error @ (PayloadError::Missing | PayloadError::Broken)) => {
            return text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
        }
    }
    match transport {
        Transport::JsonpSend => text(StatusCode::OK, "ok"),
        _ => text(StatusCode::NO_CONTENT, ""),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The member `d` of a form.
fn form_payload(form: &[u8]) -> Bytes {
    let member = url::form_urlencoded::parse(form).find(|(name, _)| name == "d");
    member.map(|(_, value)| value.into_owned().into()).unwrap_or_default()
}

async fn upgrade_raw<S: Service>(sockjs: &Arc<SockJs<S>>, parts: &mut Parts) -> Response {
    let upgrade = match websocket(parts).await {
        Ok(upgrade) => upgrade,
        Err(refused) => return refused,
    };
    let guest = match sockjs.service.admit(parts) {
        Ok(guest) => guest,
        Err(refused) => return refused,
    };
    let sockjs = Arc::clone(sockjs);
    configure(upgrade, sockjs.settings.message_bytes)
        .on_upgrade(|socket| async move { sockjs.service.run(WebSocketLink::new(socket), guest).await })
}

async fn upgrade_framed<S: Service>(sockjs: &Arc<SockJs<S>>, parts: &mut Parts) -> Response {
    let upgrade = match websocket(parts).await {
        Ok(upgrade) => upgrade,
        Err(refused) => return refused,
    };
    let guest = match sockjs.service.admit(parts) {
        Ok(guest) => guest,
        Err(refused) => return refused,
    };
    let sockjs = Arc::clone(sockjs);
    configure(upgrade, sockjs.settings.payload_bytes()).on_upgrade(|socket| async move {
        let settings = &sockjs.settings;
        let link = FramedLink::new(WebSocketLink::new(socket), settings.heartbeat, settings.text_form);
        sockjs.service.run(link, guest).await;
    })
}

/// The upgrade that a request asks for, or the answer that says what it lacks (RFC 6455, section 4.2).
async fn websocket(parts: &mut Parts) -> Result<WebSocketUpgrade, Response> {
    if parts.method != Method::GET {
        return Err(wrong_method("GET"));
    }
    let names = |name: header::HeaderName, token: &str| {
        let values = parts.headers.get_all(name);
        let mut lists = values.iter().filter_map(|value| value.to_str().ok());
        lists.any(|list| list.split(',').any(|item| item.trim().eq_ignore_ascii_case(token)))
    };
    if !names(header::UPGRADE, "websocket") {
        return Err(text(StatusCode::BAD_REQUEST, "Can \"Upgrade\" only to \"WebSocket\"."));
    }
    if !names(header::CONNECTION, "upgrade") {
        return Err(text(StatusCode::BAD_REQUEST, "\"Connection\" must be \"Upgrade\"."));
    }
    if !names(header::SEC_WEBSOCKET_VERSION, "13") {
        let response = text(StatusCode::UPGRADE_REQUIRED, "only version 13 of the WebSocket protocol is spoken here\n");
        return Err(([(header::SEC_WEBSOCKET_VERSION, "13")], response).into_response());
    }
    WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(IntoResponse::into_response)
}
