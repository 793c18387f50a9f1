//! One line a request: who, what, how it ended and why.
//!
//! A line is made on the serving thread, into a buffer of that thread; a thread of its own writes full buffers. If it
//! cannot keep up, buffers are dropped and counted: the log never slows a request down.

mod end;
mod json;
mod line;
mod writer;

pub use self::end::End;
pub(crate) use self::line::Line;
pub use self::writer::AccessLog;
pub(crate) use self::writer::Lines;
