//! An app that does as it is told: each connection is handed to a script, with the requests read for it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A listening app. Its port is free again when it is dropped.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    gone: Arc<AtomicBool>,
    open: Open,
    accepting: Option<JoinHandle<()>>,
}

/// A handle to every open connection, by its number, for the end of the app.
type Open = Arc<Mutex<HashMap<usize, TcpStream>>>;

/// One request as the app got it.
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or("")
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// One connection of the proxy's to the app.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    number: usize,
    open: Open,
    resets: bool,
}

impl Connection {
    /// Reads a head without its body.
    pub(crate) fn head(&mut self) -> Option<Request> {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                let (line, head) = head.split_once("\r\n").unwrap();
                return Some(Request {
                    line: line.to_owned(),
                    head: head.to_owned(),
                    body: Vec::new(),
                });
            }
            head.push_str(&line);
        }
    }

    /// Reads a request with its body.
    pub(crate) fn request(&mut self) -> Option<Request> {
        let head = self.head()?;
        self.body_of(head)
    }

    /// Reads the body that belongs to a head.
    pub(crate) fn body_of(&mut self, mut request: Request) -> Option<Request> {
        if let Some(length) = request.field("content-length") {
            request.body = vec![0; length.parse().unwrap()];
            self.reader.read_exact(&mut request.body).ok()?;
        } else if request.field("transfer-encoding") == Some("chunked") {
            request.body = self.chunked()?;
        }
        Some(request)
    }

    /// Reads a chunked body, with its trailers as lines at the end.
    fn chunked(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut size = String::new();
            self.reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let start = body.len();
            if size == 0 {
                loop {
                    let mut trailer = String::new();
                    self.reader.read_line(&mut trailer).ok()?;
                    if trailer == "\r\n" {
                        return Some(body);
                    }
                    body.extend_from_slice(trailer.as_bytes());
                }
            }
            body.resize(start + size + 2, 0);
            self.reader.read_exact(&mut body[start..]).ok()?;
            body.truncate(start + size);
        }
    }

    /// Sends bytes. False when the proxy has left.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.reader.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Sends an answer with a body of known length.
    pub(crate) fn answer(&mut self, status: &str, body: impl AsRef<[u8]>) -> bool {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        self.send(bytes)
    }

    /// Reads whatever comes next.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.reader.read(buffer).unwrap_or(0)
    }

    /// Waits until the proxy closes the connection.
    pub(crate) fn closed(&mut self) {
        let mut buffer = [0; 4096];
        while self.read(&mut buffer) > 0 {}
    }
}

impl Connection {
    /// Resets the connection, as a process that is killed with bytes unread.
    pub(crate) fn reset(mut self) {
        let socket = socket2::SockRef::from(self.reader.get_ref());
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        self.resets = true;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Closing alone would close nothing before that handle is gone as well.
        drop(self.open.lock().unwrap().remove(&self.number));
        if !self.resets {
            drop(self.reader.get_ref().shutdown(std::net::Shutdown::Both));
        }
    }
}

impl App {
    /// Answers every request with what `answer` says.
    pub(crate) fn answering(answer: impl Fn(&Request) -> String + Send + Sync + 'static) -> Self {
        Self::scripted(move |mut connection| {
            while let Some(request) = connection.request() {
                if !connection.answer("200 OK", answer(&request)) {
                    return;
                }
            }
        })
    }

    /// Answers `hello` to everything.
    pub(crate) fn hello() -> Self {
        Self::answering(|_| "hello".to_owned())
    }

    /// Hands every connection to a script, on a thread of its own.
    pub(crate) fn scripted(script: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), script)
    }

    /// Likewise, at a given address.
    pub(crate) fn at(address: SocketAddr, script: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        let socket =
            socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(&address.into()).expect("the app's port");
        socket.listen(128).unwrap();
        let listener: TcpListener = socket.into();
        let mut app = Self {
            address: listener.local_addr().unwrap(),
            gone: Arc::default(),
            open: Arc::default(),
            accepting: None,
        };
        let (gone, open) = (Arc::clone(&app.gone), Arc::clone(&app.open));
        let script = Arc::new(script);
        let accepting = std::thread::spawn(move || {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                if gone.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_nodelay(true).unwrap();
                open.lock().unwrap().insert(number, stream.try_clone().unwrap());
                let (script, open) = (Arc::clone(&script), Arc::clone(&open));
                std::thread::spawn(move || {
                    script(Connection {
                        reader: BufReader::new(stream),
                        number,
                        open,
                        resets: false,
                    });
                });
            }
        });
        app.accepting = Some(accepting);
        app
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which closes the listener: when this is over the port is free.
        drop(TcpStream::connect(self.address));
        drop(self.accepting.take().map(JoinHandle::join));
        for stream in self.open.lock().unwrap().values() {
            drop(stream.shutdown(std::net::Shutdown::Both));
        }
    }
}
