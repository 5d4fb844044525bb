//! Whether the log can be written, for those who tell others.

use std::sync::Arc;

use tokio::sync::watch;

use crate::health::Part;
use crate::metrics;

/// Whether the log can be written, and why not.
pub(crate) struct Condition(watch::Receiver<Option<Arc<str>>>);

impl Condition {
    pub(super) fn new(mut failure: watch::Receiver<Option<Arc<str>>>) -> Self {
        // So that the first wait ends at once, and how it begins is told, too.
        failure.mark_changed();
        Self(failure)
    }

    /// Waits until it may have changed since it was last told.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // Nothing can change any more once the log is gone.
            std::future::pending::<()>().await;
        }
    }

    /// Tells the part how it is.
    pub(crate) fn tell(&mut self, part: &Part) {
        let failure = self.0.borrow_and_update().clone();
        metrics::source_connected("embedded", failure.is_none());
        match failure {
            Some(reason) => part.down(format!("the embedded log cannot be written: {reason}")),
            None => part.up(),
        }
    }

    /// Waits until the log can be written.
    #[cfg(test)]
    pub(crate) async fn good(&mut self) {
        self.0.wait_for(Option::is_none).await.unwrap();
    }
}
