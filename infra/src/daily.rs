//! What people ask day after day: how it is, what it says, what can be gone back to, where a release is. Every decision and
//! every line of it, without a call.
//!
//! Plain functions from values to values. The calls are in `aws`, the course of events in `operation`; neither is
//! known here, so all of this is built and tested without the AWS SDK.

pub mod age;
pub mod logs;
pub mod pipelines;
pub mod releases;
pub mod status;
pub mod tag;
