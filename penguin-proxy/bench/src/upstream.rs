//! The app behind every proxy: four fixed answers from memory, one thread, as cheap as can be, so that what is
//! measured is the proxy.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;

use anyhow::{Context, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::load::wait;

/// The site's home page, as `penguin-app` renders it.
const PAGE: &[u8] = include_bytes!("../page.html");
const LISTENER: Token = Token(usize::MAX);

/// Starts the app on a free port of loopback; it runs until the process ends.
pub fn start() -> Result<SocketAddr> {
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    thread::Builder::new()
        .name("app".to_owned())
        .spawn(move || {
            if let Err(error) = serve(poll, &listener) {
                eprintln!("the app behind the proxies ended: {error:#}");
            }
        })
        .context("a thread for the app")?;
    Ok(address)
}

/// The whole answers, heads included, by path.
fn answers() -> HashMap<&'static [u8], Vec<u8>> {
    let small = b"penguin ".repeat(128);
    let large = b"{\"species\":\"gentoo\",\"height_cm\":76}\n".repeat(2926);
    HashMap::from([
        (b"/taken".as_slice(), answer("text/plain", b"ok")),
        (b"/1k".as_slice(), answer("text/plain", &small)),
        (b"/page".as_slice(), answer("text/html; charset=utf-8", PAGE)),
        (b"/100k".as_slice(), answer("application/octet-stream", &large)),
    ])
}

fn answer(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nETag: \"5f3a9c01d2\"\r\n\
         Cache-Control: public, max-age=60\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The length of a request, its body included, once its head has come.
fn length(received: &[u8]) -> std::io::Result<Option<usize>> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&received[..end]).map_err(|_| ErrorKind::InvalidData)?;
    let body = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, length)| length.trim().parse::<usize>());
    Ok(Some(end + 4 + body.map_err(|_| ErrorKind::InvalidData)?))
}

struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    /// Bytes of the request that is coming, once its head is there.
    request: Option<usize>,
    /// The answer under way and how much of it has gone.
    answer: Option<(&'static [u8], usize)>,
}

fn serve(mut poll: Poll, listener: &TcpListener) -> Result<()> {
    // Kept for the life of the process, as the thread is.
    let answers: &'static HashMap<_, _> = Box::leak(Box::new(answers()));
    let mut clients: HashMap<usize, Client> = HashMap::new();
    let mut next = 0;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        wait(&mut poll, &mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(next), interest)?;
                    let client = Client {
                        stream,
                        received: Vec::new(),
                        request: None,
                        answer: None,
                    };
                    clients.insert(next, client);
                    next += 1;
                }
                continue;
            }
            let id = event.token().0;
            if let Some(client) = clients.get_mut(&id)
                && client.advance(answers, event.is_readable(), &mut buffer).is_err()
            {
                clients.remove(&id);
            }
        }
    }
}

impl Client {
    /// Sends what can be sent, reads where there is something. An error is the end of the connection.
    fn advance(
        &mut self,
        answers: &'static HashMap<&[u8], Vec<u8>>,
        readable: bool,
        buffer: &mut [u8],
    ) -> std::io::Result<()> {
        self.send()?;
        if !readable {
            return Ok(());
        }
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            self.received.extend_from_slice(&buffer[..count]);
            if self.request.is_none() {
                self.request = length(&self.received)?;
            }
            // Proxies send the next request after the answer to this one: one is all that can be here.
            if self.request == Some(self.received.len()) {
                let path = self.received.split(|&byte| byte == b' ').nth(1);
                let found = path.and_then(|path| answers.get(path));
                let found = found.ok_or(ErrorKind::InvalidData)?;
                self.answer = Some((found, 0));
                self.received.clear();
                self.request = None;
                self.send()?;
            }
            if count < buffer.len() {
                return Ok(());
            }
        }
    }

    fn send(&mut self) -> std::io::Result<()> {
        while let Some((bytes, sent)) = &mut self.answer {
            match self.stream.write(&bytes[*sent..]) {
                Ok(count) => *sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            if *sent == bytes.len() {
                self.answer = None;
            }
        }
        Ok(())
    }
}
