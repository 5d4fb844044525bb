//! The log's directory: held by one process at a time, and either not there or whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::error::EmbeddedError;
use super::store::Store;

/// Held while the log is open; the system lets go of it when the process ends, however it ends.
const LOCK_FILE: &str = "lock";
const LOG_DIRECTORY: &str = "log";
/// Where a log is made before it gets its name, so that a process killed while making one leaves nothing half made.
const DRAFT_DIRECTORY: &str = "log.new";

/// Whether there is a log in that directory.
pub(super) fn has_log(path: &Path) -> bool {
    path.join(LOG_DIRECTORY).exists()
}

/// Takes the directory for this process, making it when it is missing.
pub(super) fn lock(path: &Path) -> Result<File, EmbeddedError> {
    let unreachable = |reason| EmbeddedError::Unreachable { path: path.to_owned(), reason };
    fs::create_dir_all(path).map_err(unreachable)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK_FILE));
    let file = file.map_err(unreachable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(path.to_owned())),
        Err(TryLockError::Error(reason)) => Err(unreachable(reason)),
    }
}

/// Opens the log in a directory that this process holds, and makes it when it is missing.
pub(super) fn open(path: &Path) -> Result<Store, EmbeddedError> {
    let log = path.join(LOG_DIRECTORY);
    if !log.exists() {
        make(path, &log)?;
    }
    Store::open(&log).map_err(|err| EmbeddedError::opening(path, err))
}

/// Opens the files of a log again that this process has had open before.
pub(super) fn reopen(path: &Path) -> Result<Store, fjall::Error> {
    Store::open(&path.join(LOG_DIRECTORY))
}

fn make(path: &Path, log: &Path) -> Result<(), EmbeddedError> {
    let unreachable = |reason| EmbeddedError::Unreachable { path: path.to_owned(), reason };
    let draft = path.join(DRAFT_DIRECTORY);
    match fs::remove_dir_all(&draft) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(unreachable(err)),
        _ => {}
    }
    let made = Store::open(&draft).and_then(|store| {
        store.found()?;
        store.persist()
    });
    made.map_err(|err| EmbeddedError::opening(path, err))?;
    fs::rename(&draft, log).map_err(unreachable)?;
    File::open(path).and_then(|directory| directory.sync_all()).map_err(unreachable)
}
