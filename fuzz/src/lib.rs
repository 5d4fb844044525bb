//! What the fuzz targets do with their input. `tests/it/corpus.rs` takes in this file too and runs each body over the
//! committed corpus, so that an input that once failed is looked at by every `cargo test`.

pub mod decode_record;
pub mod selector_parse;
pub mod sockjs_frame;
pub mod stomp_parse;
pub mod upgrade_request;
