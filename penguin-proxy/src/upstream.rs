//! The way to the app: where it is, connections to it, one exchange, and what is tried again.

mod answer_body;
mod connect;
mod exchange;
mod hold;
pub mod http1;
mod link;
mod lookup;
mod multiplexed;
mod pool;
mod probe;
mod retry;
mod target;

pub(crate) use self::answer_body::{BrokeOff, UpstreamBody};
pub(crate) use self::exchange::{Answered, UpstreamFailure};
pub use self::lookup::Lookup;
pub(crate) use self::multiplexed::Trunks;
pub(crate) use self::pool::Pool;
pub(crate) use self::probe::{Ailment, probe};
pub(crate) use self::retry::{Journey, send};
pub(crate) use self::target::{Target, keep_resolved};
