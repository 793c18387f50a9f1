//! Middleware that tower-http does not have, and the settings of what it has.

pub mod error_pages;
pub mod security_headers;
