//! Limits: requests in flight, requests per client, retries.
//!
//! The health path is answered before all limits, so that load never makes the proxy unhealthy.

mod client_rate;
mod in_flight;
mod retry_budget;

pub use self::client_rate::{ClientRate, TooOften};
pub use self::in_flight::{InFlight, Permit, Shed};
pub use self::retry_budget::{RetryBudget, RetryPlan};
