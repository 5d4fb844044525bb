//! The learning platform.
