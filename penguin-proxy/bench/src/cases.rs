//! What is asked of every proxy.

use crate::load::Pace;

/// One case of the comparison.
#[derive(Debug)]
pub struct Case {
    /// Its name on the command line and in the tables.
    pub name: &'static str,
    pub title: &'static str,
    pub path: &'static str,
    /// Bytes of the request's body; a GET has none.
    pub upload: usize,
    /// `Accept-Encoding` of the client.
    pub accepts: Option<&'static str>,
    pub pace: Pace,
    /// The most that penguin-proxy may need, as multiples of what nginx does.
    pub bars: &'static [(Figure, f64)],
}

/// What a bar is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    Cpu,
    P99,
}

/// Connections of a client that is as busy as it can be, and of the fixed rate.
pub const CONNECTIONS: usize = 64;
/// Connections that do nothing.
pub const IDLE_CONNECTIONS: usize = 1000;

pub const CASES: [Case; 9] = [
    Case {
        name: "1k",
        title: "1 KB",
        path: "/1k",
        upload: 0,
        accepts: None,
        pace: Pace::Busy,
        bars: &[(Figure::Cpu, 1.0)],
    },
    Case {
        name: "page",
        title: "page of 7.5 KB, plain",
        path: "/page",
        upload: 0,
        accepts: None,
        pace: Pace::Busy,
        bars: &[(Figure::Cpu, 0.9)],
    },
    Case {
        name: "gzip",
        title: "the page, for a client that takes gzip",
        path: "/page",
        upload: 0,
        accepts: Some("gzip, deflate"),
        pace: Pace::Busy,
        bars: &[(Figure::Cpu, 0.75)],
    },
    Case {
        name: "zstd",
        title: "the page, for a client that takes zstd too",
        path: "/page",
        upload: 0,
        accepts: Some("gzip, deflate, br, zstd"),
        pace: Pace::Busy,
        bars: &[(Figure::Cpu, 0.5)],
    },
    Case {
        name: "100k",
        title: "100 KB",
        path: "/100k",
        upload: 0,
        accepts: None,
        pace: Pace::Busy,
        bars: &[(Figure::Cpu, 0.8)],
    },
    Case {
        name: "fresh",
        title: "1 KB, a new connection for each request",
        path: "/1k",
        upload: 0,
        accepts: None,
        pace: Pace::Fresh,
        bars: &[(Figure::Cpu, 1.0), (Figure::P99, 1.5)],
    },
    Case {
        name: "rate",
        title: "1 KB, 2,000 requests a second",
        path: "/1k",
        upload: 0,
        accepts: None,
        pace: Pace::Rate(2_000),
        bars: &[(Figure::Cpu, 0.95)],
    },
    Case {
        name: "post",
        title: "POST of 1 KB",
        path: "/taken",
        upload: 1024,
        accepts: None,
        pace: Pace::Busy,
        bars: &[(Figure::Cpu, 1.0)],
    },
    Case {
        name: "post-64k",
        title: "POST of 64 KB",
        path: "/taken",
        upload: 64 * 1024,
        accepts: None,
        pace: Pace::Busy,
        bars: &[],
    },
];

impl Case {
    /// The request, as a browser behind a load balancer would send it.
    pub fn request(&self) -> Vec<u8> {
        let accepts = self
            .accepts
            .map_or_else(String::new, |codings| format!("Accept-Encoding: {codings}\r\n"));
        let connection = if self.pace == Pace::Fresh {
            "Connection: close\r\n"
        } else {
            ""
        };
        let (method, length) = match self.upload {
            0 => ("GET", String::new()),
            bytes => (
                "POST",
                format!("Content-Type: application/octet-stream\r\nContent-Length: {bytes}\r\n"),
            ),
        };
        let mut request = format!(
            "{method} {} HTTP/1.1\r\nHost: penguin.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0)\r\n\
             Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: en\r\n{accepts}{length}{connection}\
             X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n\
             X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\n\r\n",
            self.path
        )
        .into_bytes();
        request.resize(request.len() + self.upload, b'p');
        request
    }
}
