//! What the tests share: a gateway on a free port, its clients, tokens and events.

mod any_client;
mod events;
mod gateway;
mod raw_client;
mod sockjs_client;
mod stomp_client;
mod tokens;

use std::future::Future;
use std::time::Duration;

pub use any_client::{AnyClient, Heard, Transport};
pub use events::{learning, learning_types};
pub use gateway::{TestGateway, config_of};
pub use raw_client::{RawClient, raw_status};
pub use sockjs_client::{Lines, Receiving, SockJsClient, messages_of};
pub use stomp_client::{Frame, StompClient, Upgrade};
pub use tokens::{SECRET, operator, token, token_with};

/// How long anything may take before a test fails.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for the future, or fails saying what was waited for.
#[track_caller]
pub fn within<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let what = what.to_owned();
    async move { tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}")) }
}

/// Looks again and again until `look` gives something.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(what, looking).await
}
