//! The way back: octets from a client to frames.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use sluice::config::LimitsConfig;
use sluice::stomp::{Limits, Parser, Version};

pub(crate) fn bench(criterion: &mut Criterion) {
    let config = LimitsConfig::default();
    let limits =
        Limits { frame_bytes: config.frame_bytes, header_bytes: config.header_bytes, headers: config.frame_headers };
    let mut parser = Parser::new(limits);
    parser.connected(Version::V12, limits);
    let subscribe =
        "SUBSCRIBE\nid:sub-0\ndestination:/user/session/71c2a6de-58f6-4d6f-9f1e-0f6f0f1f2a10\nreceipt:r-0\n\n\0";
    let body = format!("{{\"orderId\":\"{}\"}}", "7".repeat(480));
    let send = format!(
        "SEND\ndestination:/app/cancel-order\ncontent-type:application/json\ncontent-length:{}\nreceipt:r-1\n\n{body}\0",
        body.len()
    );
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(1));
    for (name, frame) in [("a SUBSCRIBE", subscribe), ("a SEND with a body of 500 octets", &send)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                parser.push(black_box(frame.as_bytes()));
                parser.next_frame().expect("a right frame").expect("a whole frame")
            });
        });
    }
    group.finish();
}
