//! Reports: events, tables and diagnoses as text and JSON. Pure functions that return lines.

pub mod drift;
pub mod event;
pub mod parameters;
pub mod pipelines;
pub mod progress_table;
pub mod releases;
pub mod service_status;
pub mod wider_access;
