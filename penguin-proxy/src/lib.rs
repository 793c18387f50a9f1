//! A reverse proxy for exactly one neighbour: load balancer → penguin-proxy → the app beside it.

pub mod failure_page;
pub mod forwarding;
pub mod head_scan;
pub mod request_rules;
