//! Every input of the fuzz targets' committed corpora, through the targets' own bodies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

#[test]
fn stomp_frames_are_read_the_same_however_they_are_cut() {
    check("stomp_parse", targets::stomp_parse::run);
}

#[test]
fn sockjs_payloads_are_arrays_of_strings_or_refused() {
    check("sockjs_frame", targets::sockjs_frame::run);
}

#[test]
fn selectors_are_read_or_refused_at_a_place() {
    check("selector_parse", targets::selector_parse::run);
}

#[test]
fn upgrade_requests_are_judged_by_their_headers() {
    check("upgrade_request", targets::upgrade_request::run);
}

#[test]
fn records_become_events_or_reasons() {
    check("decode_record", targets::decode_record::run);
}

#[track_caller]
fn check(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path());
    let mut looked_at = 0;
    for file in files {
        let input = std::fs::read(&file).unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&input)));
        assert!(outcome.is_ok(), "{} fails, as told above", file.display());
        looked_at += 1;
    }
    assert!(looked_at > 0, "{} is empty", corpus.display());
}
