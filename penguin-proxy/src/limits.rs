//! What protects the app and the proxy from too much.
//!
//! A bound on requests in flight, a rate for each client, and a budget for retries. Each is a value of its own that is asked and answers; none knows what a request is.
//!
//! The health path is answered before any of them is asked, so that load never looks like ill health.

mod client_rate;
mod in_flight;
mod retry_budget;

pub use self::client_rate::{ClientRate, TooOften};
pub use self::in_flight::{InFlight, Place, Shed};
pub use self::retry_budget::{RetryBudget, RetryPlan};
