//! Deployment model: stack conditions, schedule, progress, rollout, diagnosis. No calls, no rendering.
//!
//! Pure functions; tested without the AWS SDK.

pub mod certificate_wait;
pub mod change_set_name;
pub mod condition;
pub mod diagnosis;
pub mod drift;
pub mod hosted_zone;
pub mod one_off;
pub mod ownership;
pub mod parameters;
pub mod progress;
pub mod protection;
pub mod reason;
pub mod rollout;
pub mod schedule;
pub mod service_roles;
pub mod stack_spec;
