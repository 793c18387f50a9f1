//! A client connection from accept to close.
//!
//! hyper parses and frames; this module owns the socket under it, knows in which phase the connection is, enforces
//! the limits in time, and closes in order. It knows nothing of what a request means: that is the gateway's.

mod accept;
mod close;
mod http2;
mod list;
mod phases;
mod preface;
mod serve;
mod socket;
mod sweep;
mod upload;

pub(crate) use self::accept::accept;
pub(crate) use self::close::Cut;
pub(crate) use self::list::Connections;
pub(crate) use self::phases::Connection;
pub(crate) use self::socket::ClientSocket;
pub(crate) use self::sweep::sweep;
pub(crate) use self::upload::UploadEnd;
