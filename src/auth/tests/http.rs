//! Where the token stands in an HTTP request.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::auth::bearer;

#[track_caller]
fn check(headers: &[(&'static str, &'static str)], expected: Option<&str>) {
    let map: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    assert_eq!(bearer(&map), expected, "{headers:?}");
}

#[test]
fn a_token_is_found_in_either_header() {
    check(&[("authorization", "Bearer a.b.c")], Some("a.b.c"));
    check(&[("authorization", "bearer  a.b.c ")], Some("a.b.c"));
    check(&[("x-auth-token", " a.b.c ")], Some("a.b.c"));
    check(&[("authorization", "Bearer one"), ("x-auth-token", "two")], Some("one"));
    check(&[("authorization", "Basic dTpw"), ("x-auth-token", "two")], Some("two"));
    check(&[("authorization", "Basic dTpw")], None);
    check(&[("authorization", "Bearer")], None);
    check(&[("authorization", "Bearer ")], None);
    check(&[("authorization", "a.b.c")], None);
    check(&[("x-auth-token", "")], None);
    check(&[], None);
}
