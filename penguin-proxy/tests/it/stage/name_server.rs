//! A name server that gives every name the same answer: the test's.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// The app is there.
    At(Ipv4Addr),
    /// The server is broken.
    Failure,
    /// There is no such name.
    NoSuchName,
    /// Nothing at all.
    Nothing,
}

/// Answers until the test ends.
pub(crate) struct NameServer(Arc<Mutex<Says>>);

impl NameServer {
    /// At the port that name servers have.
    pub(crate) fn at(address: IpAddr, says: Says) -> Self {
        let socket = UdpSocket::bind(SocketAddr::new(address, 53)).unwrap();
        let says = Arc::new(Mutex::new(says));
        // Ends with the last handle: the test's.
        let told = Arc::downgrade(&says);
        socket
            .set_read_timeout(Some(std::time::Duration::from_secs(1)))
            .unwrap();
        std::thread::spawn(move || {
            let mut query = [0; 512];
            while let Some(says) = told.upgrade() {
                let Ok((length, from)) = socket.recv_from(&mut query) else {
                    continue;
                };
                let says = says.lock().unwrap().clone();
                if let Some(answer) = answer(&query[..length], &says) {
                    drop(socket.send_to(&answer, from));
                }
            }
        });
        Self(says)
    }

    /// Changes the answer.
    pub(crate) fn says(&self, says: Says) {
        *self.0.lock().unwrap() = says;
    }
}

/// The answer to a query with one question (RFC 1035).
fn answer(query: &[u8], says: &Says) -> Option<Vec<u8>> {
    const A: [u8; 4] = [0, 1, 0, 1];
    // Behind the head of 12 bytes: the labels up to the empty one, then type and class.
    let mut end = 12;
    while *query.get(end)? != 0 {
        end += usize::from(query[end]) + 1;
    }
    let question = query.get(12..end + 5)?;
    let (code, address) = match says {
        Says::At(address) => (0, question.ends_with(&A).then_some(*address)),
        Says::Failure => (2, None),
        Says::NoSuchName => (3, None),
        Says::Nothing => return None,
    };
    let count = u8::from(address.is_some());
    let mut answer = [
        &query[..2],
        &[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0],
        question,
    ]
    .concat();
    if let Some(address) = address {
        // The name of the question, A, not to be kept, 4 bytes.
        answer.extend([0xc0, 12]);
        answer.extend(A);
        answer.extend([0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}
