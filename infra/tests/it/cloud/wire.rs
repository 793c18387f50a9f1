//! Mock server for the AWS protocols on loopback: parses requests strictly, returns what a test scripts.
//!
//! Five protocols: the query protocol (CloudFormation, STS: form in, XML out), JSON with the operation in a header (ECS,
//! SSM and most others), CBOR with the operation in the path (CloudWatch, CodeConnections), REST with XML
//! (Route 53, see `rest`), and the two calls of single sign-on. Whatever the test did not foresee is answered with an error and remembered, and
//! fails the test in the end.

pub(crate) mod cbor;
mod rest;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;

/// A parsed call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Operation, for example `DescribeStacks`.
    pub(crate) operation: String,
    /// Parameters of the query protocol.
    pub(crate) form: BTreeMap<String, String>,
    /// Body of the JSON protocol, or of the CBOR protocol as JSON.
    pub(crate) json: Value,
    /// Sent as CBOR.
    pub(crate) cbor: bool,
    /// Sent by REST.
    pub(crate) rest: bool,
    /// Time of arrival.
    pub(crate) at: Instant,
}

impl Call {
    /// Returns a required parameter of the query protocol.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.form.get(key).map_or_else(
            || panic!("{} without {key}: {:?}", self.operation, self.form),
            String::as_str,
        )
    }

    /// Returns a required string of the JSON protocol.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.json[key]
            .as_str()
            .unwrap_or_else(|| panic!("{} without {key}: {}", self.operation, self.json))
    }
}

/// Response of the server.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    /// XML of the query protocol: content of `<OperationResult>`.
    Xml(String),
    /// JSON.
    Json(Value),
    /// An error: HTTP status, code, message.
    Error(u16, &'static str, String),
}

type Script = dyn FnMut(&Call) -> Option<Response> + Send;
type Observer = dyn FnMut(&[Call]) + Send;

/// The server. Ends with the test process.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    calls: Arc<Mutex<Vec<Call>>>,
    unforeseen: Arc<Mutex<Vec<String>>>,
    observer: Arc<Mutex<Box<Observer>>>,
}

impl Server {
    /// Starts a server that returns the responses of `script`.
    pub(crate) fn start(script: impl FnMut(&Call) -> Option<Response> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = Self {
            endpoint: format!("http://{}", listener.local_addr().unwrap()),
            calls: Arc::default(),
            unforeseen: Arc::default(),
            observer: Arc::new(Mutex::new(Box::new(|_| {}))),
        };
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let (calls, unforeseen) = (Arc::clone(&server.calls), Arc::clone(&server.unforeseen));
        let observer = Arc::clone(&server.observer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, calls, unforeseen) =
                    (Arc::clone(&script), Arc::clone(&calls), Arc::clone(&unforeseen));
                let observer = Arc::clone(&observer);
                std::thread::spawn(move || serve(stream, &script, &calls, &unforeseen, &observer));
            }
        });
        server
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// Calls `observer` with the calls so far: now, and after each call was executed and before it is answered.
    pub(crate) fn observe(&self, mut observer: impl FnMut(&[Call]) + Send + 'static) {
        let mut slot = lock(&self.observer);
        observer(&lock(&self.calls));
        *slot = Box::new(observer);
    }

    /// Number of calls of an operation.
    pub(crate) fn count(&self, operation: &str) -> usize {
        lock(&self.calls)
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let unforeseen = lock(&self.unforeseen);
        if !std::thread::panicking() {
            assert!(
                unforeseen.is_empty(),
                "calls that the test did not foresee: {unforeseen:#?}"
            );
        }
    }
}

fn serve(
    stream: TcpStream,
    script: &Mutex<Box<Script>>,
    calls: &Mutex<Vec<Call>>,
    unforeseen: &Mutex<Vec<String>>,
    observer: &Mutex<Box<Observer>>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(call) = read_call(&mut reader) {
        lock(calls).push(call.clone());
        let response = (lock(script))(&call).unwrap_or_else(|| {
            lock(unforeseen).push(format!("{} {:?} {}", call.operation, call.form, call.json));
            Response::Error(
                400,
                "Unforeseen",
                format!("the test does not know {}", call.operation),
            )
        });
        lock(observer)(&lock(calls));
        if stream.write_all(&render(&call, response)).is_err() {
            return;
        }
    }
}

fn read_call(reader: &mut BufReader<TcpStream>) -> Option<Call> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let sign_on = match path.split('?').next() {
        Some("/federation/credentials") => Some("GetRoleCredentials"),
        Some("/token") => Some("CreateToken"),
        _ => None,
    };
    let rest = rest::operation(&path);
    assert!(
        sign_on.is_some() || rest.is_some() || line.starts_with("POST /"),
        "AWS takes only POST: {line}"
    );
    let (mut length, mut target, mut cbor) = (0, None, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-amz-target" => target = Some(value.to_owned()),
            "smithy-protocol" => cbor = value == "rpc-v2-cbor",
            "authorization" => assert!(value.starts_with("AWS4-HMAC-SHA256 "), "unsigned: {value}"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let at = Instant::now();
    if let Some((operation, form)) = rest {
        assert!(line.starts_with("GET /"), "only reads: {line}");
        return Some(Call {
            operation: operation.to_owned(),
            form,
            json: Value::Null,
            cbor,
            rest: true,
            at,
        });
    }
    if cbor {
        let operation = path
            .strip_prefix("/service/")
            .and_then(|path| path.split_once("/operation/"));
        return Some(Call {
            operation: operation.unwrap().1.to_owned(),
            form: BTreeMap::new(),
            json: cbor::decode(&body),
            cbor,
            rest: false,
            at,
        });
    }
    if let Some(operation) = sign_on {
        return Some(Call {
            operation: operation.to_owned(),
            form: BTreeMap::new(),
            json: serde_json::from_slice(&body).unwrap_or_else(|_| serde_json::json!({})),
            cbor,
            rest: false,
            at,
        });
    }
    assert_eq!(path, "/", "these protocols have one address");
    let body = String::from_utf8(body).unwrap();
    if let Some(target) = target {
        return Some(Call {
            operation: target.rsplit('.').next().unwrap().to_owned(),
            form: BTreeMap::new(),
            json: serde_json::from_str(&body).unwrap(),
            cbor,
            rest: false,
            at,
        });
    }
    let form: BTreeMap<_, _> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    Some(Call {
        operation: form["Action"].clone(),
        form,
        json: Value::Null,
        cbor,
        rest: false,
        at,
    })
}

fn render(call: &Call, response: Response) -> Vec<u8> {
    let query = call.json.is_null();
    let encode = |value: &Value| {
        if call.cbor {
            ("application/cbor", cbor::encode(value))
        } else {
            ("application/x-amz-json-1.1", value.to_string().into_bytes())
        }
    };
    let (status, (kind, body)) = match response {
        Response::Xml(inside) if call.rest => (200, ("text/xml", rest::render(&call.operation, &inside))),
        Response::Xml(inside) => {
            let name = &call.operation;
            let body = format!(
                "<{name}Response xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><{name}Result>{inside}</{name}Result></{name}Response>"
            );
            (200, ("text/xml", body.into_bytes()))
        }
        Response::Json(value) => (200, encode(&value)),
        Response::Error(status, code, message) if query => {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error></ErrorResponse>",
                escape(&message)
            );
            (status, ("text/xml", body.into_bytes()))
        }
        Response::Error(status, code, message) => (
            status,
            encode(&serde_json::json!({ "__type": code, "message": message })),
        ),
    };
    let protocol = if call.cbor {
        "smithy-protocol: rpc-v2-cbor\r\n"
    } else {
        ""
    };
    let mut response = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\n{protocol}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    response.extend(body);
    response
}

/// Text for XML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
