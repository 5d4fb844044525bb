//! Tests of the whole gateway, without outside services.
