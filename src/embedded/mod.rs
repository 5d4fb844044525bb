//! The log on this node's own disk.
