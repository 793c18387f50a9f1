//! A network namespace of a test's own, for what loopback cannot do: addresses that swallow every packet, and a name
//! server that fails.
//!
//! One cable leads from this machine into it. The proxy runs inside; apps, name server and clients are outside, at
//! addresses that exist for the test. They are of the range for tests between networks (RFC 2544).

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A namespace and the cable into it. Both go when it is dropped.
pub(crate) struct Network {
    name: String,
    outside: String,
    first: u32,
}

impl Network {
    /// None, and a message that says so, where this machine does not permit it.
    pub(crate) fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let network = Self {
            name: format!("penguin-{pid}-{count}"),
            outside: format!("pg{pid}-{count}"),
            // 16 addresses of 198.18.0.0/15, others for other runs at the same time.
            first: u32::from(Ipv4Addr::new(198, 18, 0, 0)) + (pid * 8 + count) % 8192 * 16,
        };
        let Self { name, outside, .. } = &network;
        let made = ip(&format!("netns add {name}"));
        if let Err(why) = made {
            eprintln!("LEFT OUT, a network namespace cannot be made here: {why}");
            std::mem::forget(network);
            return None;
        }
        for command in [
            format!("link add {outside} type veth peer name cable netns {name}"),
            format!("link set {outside} up"),
            format!("-n {name} link set lo up"),
            format!("-n {name} link set cable up"),
            format!("-n {name} address add {}/28 dev cable", network.inside()),
        ] {
            ip(&command).unwrap();
        }
        for host in 1..5 {
            ip(&format!("address add {}/28 dev {outside}", network.outside(host))).unwrap();
        }
        Some(network)
    }

    /// The proxy's address.
    pub(crate) fn inside(&self) -> IpAddr {
        self.host(14)
    }

    /// One of four addresses outside, from 1 on.
    pub(crate) fn outside(&self, number: u32) -> IpAddr {
        self.host(number)
    }

    fn host(&self, number: u32) -> IpAddr {
        Ipv4Addr::from(self.first + number).into()
    }

    /// From now on nothing that is sent to `address` arrives, and nothing says so.
    pub(crate) fn swallow(&self, address: IpAddr) {
        let nobody = "02:00:00:00:00:01";
        ip(&format!(
            "-n {} neighbour replace {address} lladdr {nobody} nud permanent dev cable",
            self.name
        ))
        .unwrap();
    }

    /// The address is as before.
    pub(crate) fn restore(&self, address: IpAddr) {
        ip(&format!("-n {} neighbour delete {address} dev cable", self.name)).unwrap();
    }

    /// Programs inside ask there for names.
    pub(crate) fn resolve_at(&self, server: IpAddr) {
        let folder = self.folder();
        fs_err::create_dir_all(&folder).unwrap();
        let settings = format!("nameserver {server}\noptions timeout:1 attempts:2\n");
        fs_err::write(format!("{folder}/resolv.conf"), settings).unwrap();
    }

    fn folder(&self) -> String {
        format!("/etc/netns/{}", self.name)
    }

    /// Runs a program inside; its arguments follow.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(ip(&format!("link delete {}", self.outside)));
        drop(ip(&format!("netns delete {}", self.name)));
        drop(fs_err::remove_dir_all(self.folder()));
    }
}

/// One command of iproute2, or what it has to say against it.
fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .map_err(|error| format!("`ip` of iproute2: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("`ip {arguments}`: {}", said.trim()))
    }
}
