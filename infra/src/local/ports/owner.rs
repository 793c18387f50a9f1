//! Owner of a listening port, read from `/proc` where possible.

use std::fmt;
use std::path::Path;

/// A listening program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Program name.
    pub name: String,
    /// Process ID.
    pub pid: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// Returns the program that listens on a TCP port. `None` if it belongs to another user, runs in a container, or there is
/// no `/proc`.
pub(super) fn of(port: u16) -> Option<Owner> {
    let sockets: Vec<_> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs_err::read_to_string(table).ok())
        .flat_map(|table| listening_sockets(&table, port))
        .collect();
    fs_err::read_dir("/proc")
        .ok()?
        .filter_map(Result::ok)
        .find_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            has_one_of(&entry.path(), &sockets).then(|| {
                let name = fs_err::read_to_string(entry.path().join("comm")).unwrap_or_default();
                Owner {
                    name: name.trim().to_owned(),
                    pid,
                }
            })
        })
}

/// Returns the inodes of the sockets that listen on `port`, from `/proc/net/tcp`: local address in column 2, state in
/// column 4 (`0A` is LISTEN), inode in column 10.
fn listening_sockets(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|columns| {
            columns.get(1).is_some_and(|local| local.ends_with(&suffix)) && columns.get(3) == Some(&"0A")
        })
        .filter_map(|columns| columns.get(9).map(|inode| format!("socket:[{inode}]")))
        .collect()
}

fn has_one_of(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = fs_err::read_dir(process.join("fd")) else {
        return false;
    };
    files
        .filter_map(Result::ok)
        .filter_map(|file| fs_err::read_link(file.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_of_the_port_match() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1\n   \
             1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 222 1\n   \
             2: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 333 1\n";
        assert_eq!(listening_sockets(table, 8080), ["socket:[111]"]);
        assert_eq!(listening_sockets(table, 3000), ["socket:[333]"]);
        assert!(listening_sockets(table, 9901).is_empty());
    }
}
