//! Benchmarks of the path.

fn main() {}
