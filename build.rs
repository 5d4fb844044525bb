//! Has the gateway built again when its page was.

fn main() {
    // The page is embedded file by file; only the folder tells that a file has come or gone.
    println!("cargo:rerun-if-changed=console/dist");
}
