//! What holds for every answer, one file per promise.

pub mod access_log;
pub mod caching;
pub mod error_pages;
pub mod security_headers;
