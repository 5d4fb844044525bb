//! What can go wrong with the embedded log, told so that a person knows what to do.

use std::path::{Path, PathBuf};

/// What can go wrong with the embedded log.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Another process, or another part of this one, has the directory open.
    #[error(
        "the log in `{}` is in use by another sluice; stop it, or give this one another `source.embedded.path`",
        .0.display()
    )]
    InUse(PathBuf),
    /// The directory cannot be made, read or written.
    #[error("the log in `{}` cannot be opened: {reason}", .path.display())]
    Unreachable {
        /// The log's directory.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The directory was written by another version of Sluice or of its storage.
    #[error(
        "the log in `{}` has format {found}, and this sluice reads format {expected}; start the version that wrote it, \
         or give this one another `source.embedded.path`", .path.display()
    )]
    UnknownFormat {
        /// The log's directory.
        path: PathBuf,
        /// What stands there.
        found: String,
        /// What this build reads.
        expected: &'static str,
    },
    /// The files are not what was written.
    #[error(
        "the log in `{}` is damaged ({reason}); restore the directory from a copy, or move it away to begin anew",
        .path.display()
    )]
    Damaged {
        /// The log's directory.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A read or write failed while the log was open.
    #[error("the log in `{}` cannot be used: {reason}", .path.display())]
    Storage {
        /// The log's directory.
        path: PathBuf,
        /// What the storage said.
        reason: String,
    },
    /// One record cannot be read.
    #[error("the record {offset} of partition {partition} of topic `{topic}` is damaged")]
    DamagedRecord {
        /// Its topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: u64,
    },
    /// The log has no such topic or partition.
    #[error("the embedded log has no partition {partition} of topic `{topic}`")]
    UnknownPartition {
        /// The topic asked for.
        topic: String,
        /// The partition asked for.
        partition: i32,
    },
    /// The log has been closed.
    #[error("the embedded log is closed")]
    Closed,
}

impl EmbeddedError {
    /// An error of the storage while a log is being opened.
    pub(super) fn opening(path: &Path, err: fjall::Error) -> Self {
        let path = path.to_owned();
        match err {
            fjall::Error::Locked => Self::InUse(path),
            fjall::Error::Io(reason) | fjall::Error::Storage(fjall::LsmError::Io(reason)) => {
                Self::Unreachable { path, reason }
            }
            fjall::Error::InvalidVersion(found) => Self::UnknownFormat {
                path,
                found: found.map_or_else(|| "unknown".to_owned(), |version| format!("{version} of its storage")),
                expected: "3 of its storage",
            },
            other => Self::Damaged { path, reason: reason(&other) },
        }
    }

    /// An error of the storage while a log is in use.
    pub(super) fn using(path: &Path, err: &fjall::Error) -> Self {
        Self::Storage { path: path.to_owned(), reason: reason(err) }
    }
}

/// The storage's own words without its wrapping.
pub(super) fn reason(err: &fjall::Error) -> String {
    match err {
        fjall::Error::Io(err) | fjall::Error::Storage(fjall::LsmError::Io(err)) => err.to_string(),
        fjall::Error::Poisoned => "an earlier write failed".to_owned(),
        fjall::Error::Storage(err) => format!("{err:?}"),
        other => format!("{other:?}"),
    }
}
