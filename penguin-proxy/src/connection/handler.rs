//! Handler trait that connections are given, and its adapter for hyper.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service;

use super::Clients;
use crate::client_state::ClientState;
use crate::reject_reason::RejectReason;

/// A response in the making.
pub(crate) type Responding<B> = Pin<Box<dyn Future<Output = Result<Response<B>, Infallible>>>>;

/// Answers the requests of client connections.
pub(crate) trait Handler: 'static {
    /// Body of its responses.
    type Body: Body<Data = Bytes, Error: Error + Send + Sync + 'static> + 'static;

    /// Answers a request. It counts as begun as soon as this returns.
    fn respond(&self, client: &Rc<ClientState>, request: Request<Incoming>) -> Responding<Self::Body>;

    /// Logs a request whose head was rejected or did not come in time; `seen` is what came of it. Returns the response
    /// as it goes over the wire.
    fn reject_before_parse(&self, client: &Rc<ClientState>, reason: RejectReason, seen: &[u8]) -> Vec<u8>;
}

/// Requests of one connection.
pub(super) struct ConnectionService<H> {
    pub(super) clients: Rc<Clients<H>>,
    pub(super) client: Rc<ClientState>,
}

impl<H: Handler> Service<Request<Incoming>> for ConnectionService<H> {
    type Response = Response<H::Body>;
    type Error = Infallible;
    type Future = Responding<H::Body>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.clients.handler.respond(&self.client, request)
    }
}
