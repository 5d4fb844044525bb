//! One line that tells how far a run is, where somebody looks.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often the line changes.
const EVERY: Duration = Duration::from_millis(200);

/// The line.
#[derive(Debug)]
pub(super) struct Progress {
    is_terminal: bool,
    shown: Mutex<Option<Instant>>,
}

impl Progress {
    /// A line on standard error; nothing at all where that is no terminal.
    pub(super) fn new() -> Self {
        Self { is_terminal: stderr().is_terminal(), shown: Mutex::new(None) }
    }

    /// Shows how far it is, unless it just did.
    pub(super) fn show(&self, text: impl FnOnce() -> String) {
        let mut shown = self.shown.lock();
        if !self.is_terminal || shown.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        *shown = Some(Instant::now());
        let _ = write!(stderr(), "\r\x1b[K{}", text());
        let _ = stderr().flush();
    }

    /// Removes the line.
    pub(super) fn clear(&self) {
        if self.shown.lock().take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
