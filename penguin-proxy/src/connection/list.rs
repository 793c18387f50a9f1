//! The open connections of one thread, for whoever must look at all of them: the sweep, and the end of the drain.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::sync::Notify;

use super::phases::Connection;

/// The open connections of one thread.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: RefCell<HashMap<u64, Rc<Connection>>>,
    next: Cell<u64>,
    emptied: Notify,
}

impl Connections {
    pub(crate) fn add(&self, peer: SocketAddr) -> Rc<Connection> {
        self.list(|id| Connection::new(id, peer))
    }

    fn list(&self, make: impl FnOnce(u64) -> Connection) -> Rc<Connection> {
        let id = self.next.get();
        self.next.set(id + 1);
        let connection = Rc::new(make(id));
        self.open.borrow_mut().insert(id, Rc::clone(&connection));
        connection
    }

    /// Adds one stream of an HTTP/2 connection: the sweep looks after it as after any connection.
    pub(super) fn add_stream(&self, trunk: &Rc<Connection>) -> Rc<Connection> {
        self.list(|id| Connection::stream_of(trunk, id))
    }

    pub(crate) fn remove(&self, connection: &Connection) {
        let mut open = self.open.borrow_mut();
        open.remove(&connection.id());
        if open.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// Looks at every open connection.
    pub(crate) fn each(&self, mut look: impl FnMut(&Connection)) {
        for connection in self.open.borrow().values() {
            look(connection);
        }
    }

    /// Ready when no connection is open.
    pub(crate) async fn all_closed(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.open.borrow().is_empty() {
                return;
            }
            emptied.await;
        }
    }
}
