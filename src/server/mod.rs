//! Every URL, and what a request must be like to get to it.

pub mod page;
