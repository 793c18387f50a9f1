//! Relay between program and mock: counts calls and withholds one response.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cloud::PATIENCE;
use crate::run::Run;

/// The relay.
pub(crate) struct Relay {
    /// `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    calls: Arc<Mutex<usize>>,
    withheld: Receiver<()>,
}

impl Relay {
    /// Forwards calls to `port`. The mock handles call `last`, but its response is withheld.
    pub(crate) fn start(port: u16, last: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::<Mutex<usize>>::default();
        let (tell, withheld) = channel();
        let count = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, tell) = (Arc::clone(&count), tell.clone());
                std::thread::spawn(move || pass_on(stream, port, last, &count, &tell));
            }
        });
        Self {
            endpoint,
            calls,
            withheld,
        }
    }

    /// Number of calls.
    pub(crate) fn calls(&self) -> usize {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a response is withheld; false if `run` ended before.
    pub(crate) fn withholds_from(&self, run: &mut Run) -> bool {
        let began = Instant::now();
        while self.withheld.recv_timeout(Duration::from_millis(20)).is_err() {
            if run.has_ended() {
                return false;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "nothing was withheld:\n{}",
                run.text()
            );
        }
        true
    }
}

fn pass_on(client: TcpStream, port: u16, last: usize, calls: &Mutex<usize>, tell: &Sender<()>) {
    let mut writer = client.try_clone().unwrap();
    let mut reader = BufReader::new(client);
    while let Some(request) = read_message(&mut reader) {
        let number = {
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            *calls += 1;
            *calls
        };
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        server.write_all(&request).unwrap();
        let Some(response) = read_message(&mut BufReader::new(server)) else {
            return;
        };
        if number >= last {
            // The test may have ended; the connection stays open until the program exits.
            let _ = tell.send(());
            let _ = reader.read(&mut [0]);
            return;
        }
        if writer.write_all(&response).is_err() {
            return;
        }
    }
}

/// Reads a request or response; `None` at the end of the connection.
fn read_message(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut length = 0;
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&line).to_lowercase();
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        message.extend_from_slice(&line);
        if text.trim().is_empty() {
            break;
        }
    }
    let head = message.len();
    message.resize(head + length, 0);
    reader.read_exact(&mut message[head..]).ok()?;
    Some(message)
}
