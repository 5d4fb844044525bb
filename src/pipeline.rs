//! The path from source to hub.
