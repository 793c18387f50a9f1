//! Access log: one line per request with client, result and cause.
//!
//! Each serving thread writes lines into its own buffer; a writer thread writes full buffers. If the output is too
//! slow, buffers are dropped and counted: the log never delays a request.

mod json;
mod line;
mod partial_head;
mod query;
mod request_log;
mod writer;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use self::line::Line;
pub use self::query::QueryLogging;
pub(crate) use self::request_log::{AttemptInfo, RequestLog};
pub use self::writer::AccessLog;
use self::writer::Lines;
use crate::metrics::Counters;

/// Where one thread's finished requests are counted and logged.
#[derive(Debug)]
pub(crate) struct ThreadLog {
    pub(crate) counters: Arc<Counters>,
    lines: RefCell<Lines>,
    query: QueryLogging,
}

impl ThreadLog {
    pub(crate) fn new(counters: &Arc<Counters>, log: &AccessLog, query: QueryLogging) -> Rc<Self> {
        Rc::new(Self {
            counters: Arc::clone(counters),
            lines: RefCell::new(log.lines()),
            query,
        })
    }

    /// Hands the lines so far to the writer.
    pub(crate) fn flush(&self) {
        self.lines.borrow_mut().flush();
    }
}
