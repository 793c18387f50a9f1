//! A recursive resolver on loopback with the records of a test.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use infra::dns::Resolver;

/// Name, type and value of a record.
type Record = (&'static str, &'static str, &'static str);

/// The resolver. Ends with the test process.
pub(super) struct Dns {
    address: SocketAddr,
    /// Keeps the port of a silent one.
    silent: Option<UdpSocket>,
}

impl Dns {
    /// Starts a resolver that knows these records and no other names.
    pub(super) fn start(records: &[Record]) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let records = records.to_vec();
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                socket
                    .send_to(&answer(&buffer[..length], &records), from)
                    .unwrap();
            }
        });
        Self {
            address,
            silent: None,
        }
    }

    /// A resolver that never answers.
    pub(super) fn silent() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self {
            address: socket.local_addr().unwrap(),
            silent: Some(socket),
        }
    }

    pub(super) fn resolver(&self) -> Resolver {
        let patience = if self.silent.is_some() {
            Duration::from_millis(50)
        } else {
            Duration::from_secs(10)
        };
        Resolver::new([self.address]).with_patience(patience)
    }
}

fn encode(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| {
        let length = u8::try_from(label.len()).unwrap();
        std::iter::once(length).chain(label.bytes())
    });
    labels.chain([0]).collect()
}

fn answer(question: &[u8], records: &[Record]) -> Vec<u8> {
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
    let (name, kind) = (&question[12..end], &question[end..end + 2]);
    let kind = match u16::from_be_bytes(kind.try_into().unwrap()) {
        2 => "NS",
        257 => "CAA",
        other => panic!("type {other} is not asked for"),
    };
    let known = records.iter().any(|(owner, ..)| encode(owner) == name);
    let found: Vec<_> = records
        .iter()
        .filter(|(owner, of, _)| encode(owner) == name && *of == kind)
        .collect();
    let mut message = question[..end + 4].to_vec();
    // A response; NXDOMAIN for other names.
    message[2] |= 0x80;
    message[3] = if known { 0 } else { 3 };
    message[7] = u8::try_from(found.len()).unwrap();
    message[11] = 0;
    for (_, _, value) in found {
        let data = if kind == "NS" {
            encode(value)
        } else {
            [b"\x00\x05issue", value.as_bytes()].concat()
        };
        message.extend([0xc0, 12]);
        message.extend(&question[end..end + 4]);
        message.extend([0, 0, 0, 60]);
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(data);
    }
    message
}
