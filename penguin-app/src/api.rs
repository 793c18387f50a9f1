//! The JSON interface, one file per resource. Errors below `/api` are JSON, too.

pub mod classes;
