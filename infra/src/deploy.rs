//! What to do about a stack, what its events mean and how to show them: every decision of a deployment, without a call.
//!
//! Plain functions from values to values. The calls are in `aws`, the course of events in `operation`; neither
//! is known here, so all of this is built and tested without the AWS SDK.

pub mod condition;
pub mod diagnosis;
pub mod drift;
pub mod opening;
pub mod progress;
pub mod protection;
pub mod reason;
pub mod report;
pub mod rollout;
pub mod schedule;
pub mod table;
pub mod wanted;
