//! Tokens of every kind against an authenticator, told as whoever holds them meets it.

mod algorithms;
mod claims;
mod config;
mod http;
mod jwks;
mod support;
