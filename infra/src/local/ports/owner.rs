//! Who listens on a port: read from `/proc`, where there is one and we may look.

use std::fmt;
use std::path::Path;

/// A program that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its process id.
    pub pid: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// The program that listens on a TCP port of this machine. `None` if it belongs to somebody else, runs in a container
/// or the system has no `/proc`.
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

/// The inodes of the sockets that listen on `port`, from a table as the kernel prints it: local address in the
/// second column, state in the fourth (`0A` listens), inode in the tenth.
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
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1\n   \
             1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 222 1\n   \
             2: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 333 1\n";
        assert_eq!(listening_sockets(table, 8080), ["socket:[111]"]);
        assert_eq!(listening_sockets(table, 3000), ["socket:[333]"]);
        assert!(listening_sockets(table, 9901).is_empty());
    }
}
