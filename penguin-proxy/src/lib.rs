//! A reverse proxy for exactly one neighbour: load balancer → penguin-proxy → the app beside it.

pub mod compression;
pub mod failure_page;
pub mod forwarding;
pub mod head_scan;
pub mod limits;
pub mod request_rules;
