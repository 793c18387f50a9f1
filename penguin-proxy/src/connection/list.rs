//! List of one thread's open connections, for the sweep and the end of the drain.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use tokio::sync::Notify;

use crate::client_state::ClientState;

/// More connections than this do not keep what hyper holds, about 10 KiB each, between two requests.
pub(super) const CROWD: usize = 128;

/// The open connections of one thread.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// Those that the sweep looks at each time.
    busy: RefCell<HashMap<u64, Rc<ClientState>>>,
    /// Those that rest, by the time since when they have been idle: the sweep looks only at what is due.
    hibernated: RefCell<BTreeMap<(Instant, u64), Rc<ClientState>>>,
    next: Cell<u64>,
    emptied: Notify,
    /// The sweep pauses until a connection becomes busy.
    pausing: Cell<bool>,
    resumed: Notify,
}

impl Connections {
    pub(crate) fn add(&self, peer: SocketAddr) -> Rc<ClientState> {
        self.list(|id| ClientState::new(id, peer))
    }

    fn list(&self, make: impl FnOnce(u64) -> ClientState) -> Rc<ClientState> {
        let id = self.next.get();
        self.next.set(id + 1);
        let connection = Rc::new(make(id));
        self.busy.borrow_mut().insert(id, Rc::clone(&connection));
        connection
    }

    /// Adds one stream of an HTTP/2 connection: the sweep looks after it as after any connection.
    pub(super) fn add_stream(&self, parent: &Rc<ClientState>) -> Rc<ClientState> {
        self.list(|id| ClientState::stream_of(parent, id))
    }

    pub(crate) fn remove(&self, connection: &ClientState) {
        match connection.hibernated.take() {
            Some(since) => drop(self.hibernated.borrow_mut().remove(&(since, connection.id()))),
            None => drop(self.busy.borrow_mut().remove(&connection.id())),
        }
        if self.are_none() {
            self.emptied.notify_waiters();
        }
    }

    fn are_none(&self) -> bool {
        self.busy.borrow().is_empty() && self.hibernated.borrow().is_empty()
    }

    /// From now on only the socket is held for the connection.
    pub(super) fn hibernate(&self, connection: &Rc<ClientState>) {
        let since = connection.since();
        connection.hibernated.set(Some(since));
        let listed = self.busy.borrow_mut().remove(&connection.id());
        if let Some(listed) = listed {
            self.hibernated
                .borrow_mut()
                .insert((since, connection.id()), listed);
        }
    }

    /// The connection rests no longer.
    pub(super) fn resume(&self, connection: &Rc<ClientState>) {
        let listed = connection
            .hibernated
            .take()
            .and_then(|since| self.hibernated.borrow_mut().remove(&(since, connection.id())));
        if let Some(listed) = listed {
            self.busy.borrow_mut().insert(connection.id(), listed);
        }
        if self.pausing.get() {
            self.resumed.notify_one();
        }
    }

    /// How many rest.
    pub(super) fn hibernated(&self) -> usize {
        self.hibernated.borrow().len()
    }

    /// Whether all of them rest.
    pub(super) fn all_hibernated(&self) -> bool {
        self.busy.borrow().is_empty()
    }

    /// Whether so many are busy that an idle one hibernates at once. Memory that many connections need at a time stays
    /// with the allocator.
    pub(super) fn is_crowded(&self) -> bool {
        self.busy.borrow().len() > CROWD
    }

    /// Says whether somebody waits for [`Self::resumed`].
    pub(super) fn set_pausing(&self, pausing: bool) {
        self.pausing.set(pausing);
    }

    /// Ready when a connection rests no longer.
    pub(super) async fn resumed(&self) {
        self.resumed.notified().await;
    }

    /// Looks at every connection that does not rest.
    pub(super) fn each_busy(&self, look: impl FnMut(&Rc<ClientState>)) {
        self.busy.borrow().values().for_each(look);
    }

    /// Looks at every connection that rests and has been idle since `before` or longer.
    pub(super) fn each_idle(&self, before: Instant, look: impl FnMut(&Rc<ClientState>)) {
        let hibernated = self.hibernated.borrow();
        let idle = hibernated.range(..=(before, u64::MAX));
        idle.map(|(_, connection)| connection).for_each(look);
    }

    /// Ready when no connection is open.
    pub(crate) async fn all_closed(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.are_none() {
                return;
            }
            emptied.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sweep_visits_only_connections_that_are_due() {
        let connections = Connections::default();
        let peer = "127.0.0.1:1".parse().unwrap();
        let [first, second, third] = [(); 3].map(|()| connections.add(peer));
        connections.hibernate(&first);
        connections.hibernate(&second);
        assert_eq!(
            (connections.hibernated(), connections.all_hibernated()),
            (2, false)
        );
        let idle = |before| {
            let mut ids = Vec::new();
            connections.each_idle(before, |connection| ids.push(connection.id()));
            ids
        };
        let (earlier, later) = (
            first.since().checked_sub(Duration::from_secs(1)).unwrap(),
            third.since(),
        );
        assert!(idle(earlier).is_empty(), "nothing is due");
        assert_eq!(idle(later), [first.id(), second.id()]);
        let mut busy = Vec::new();
        connections.each_busy(|connection| busy.push(connection.id()));
        assert_eq!(busy, [third.id()]);
        first.bytes_received();
        connections.resume(&first);
        assert_eq!(idle(later), [second.id()]);
        connections.remove(&second);
        connections.remove(&third);
        assert!(!connections.are_none());
        connections.remove(&first);
        assert!(connections.are_none() && connections.hibernated() == 0);
    }
}
