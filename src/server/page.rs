//! stub
pub(super) fn routes() -> axum::Router {
    axum::Router::new()
}
