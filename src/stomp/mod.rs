//! The wire format of STOMP 1.0, 1.1 and 1.2, and nothing else: octets to frames and back. Imports nothing of ours.

mod encode;
mod frame;
mod parse;
#[cfg(test)]
mod tests;
mod version;

pub use encode::{FrameWriter, encode};
pub use frame::{Command, Frame, Headers};
pub use parse::{Limits, ParseError, Parser};
pub use version::Version;
