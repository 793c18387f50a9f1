//! Process metrics under the names of the Prometheus client libraries, read from `/proc` per request. Values that
//! cannot be read are left out.

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

/// What the kernel knows about this process.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Process {
    /// Processor time, user and system.
    pub(super) cpu_seconds: Option<f64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) virtual_bytes: Option<u64>,
    /// Since 1970.
    pub(super) start_seconds: Option<f64>,
    pub(super) open_descriptors: Option<u64>,
    pub(super) most_descriptors: Option<u64>,
}

impl Process {
    pub(super) fn read() -> Self {
        let read = |path: &str| fs_err::read_to_string(path).unwrap_or_default();
        let mut process = Self::parse(
            &read("/proc/self/stat"),
            &read("/proc/stat"),
            clock_ticks_per_second(),
            page_size() as u64,
        );
        // Less the one that the folder is read with.
        let open = fs_err::read_dir("/proc/self/fd").map(|entries| entries.count().saturating_sub(1));
        process.open_descriptors = open.ok().map(|open| open as u64);
        process.most_descriptors = getrlimit(Resource::Nofile).current;
        process
    }

    /// `stat` of the process and of the machine.
    #[expect(clippy::cast_precision_loss, reason = "ticks of many centuries fit")]
    fn parse(stat: &str, machine: &str, ticks: u64, page: u64) -> Self {
        // The second field is a name in parentheses, which may hold anything. The next is the third.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let fields: Vec<&str> = after.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let seconds = |count: u64| count as f64 / ticks.max(1) as f64;
        let boot = machine.lines().find_map(|line| line.strip_prefix("btime "));
        let boot: Option<u64> = boot.and_then(|seconds| seconds.trim().parse().ok());
        Self {
            cpu_seconds: field(14)
                .zip(field(15))
                .map(|(user, system)| seconds(user + system)),
            resident_bytes: field(24).map(|pages| pages * page),
            virtual_bytes: field(23),
            start_seconds: boot
                .zip(field(22))
                .map(|(boot, after)| boot as f64 + seconds(after)),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_parsed() {
        let stat = "7 (a) b) (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 12345 8192000 400 18446744073709551615";
        let machine = "cpu  1 2 3\nbtime 1700000000\nprocesses 9\n";
        let process = Process::parse(stat, machine, 100, 4096);
        assert_eq!(
            process,
            Process {
                cpu_seconds: Some(3.0),
                resident_bytes: Some(1_638_400),
                virtual_bytes: Some(8_192_000),
                start_seconds: Some(1_700_000_123.45),
                ..Process::default()
            }
        );
        assert_eq!(Process::parse("", "", 100, 4096), Process::default());
    }

    #[test]
    fn own_process_has_all_metrics() {
        let process = Process::read();
        assert!(process.cpu_seconds.is_some() && process.start_seconds > Some(1.7e9));
        assert!(process.resident_bytes > Some(1 << 20) && process.virtual_bytes >= process.resident_bytes);
        assert!(process.open_descriptors >= Some(3) && process.most_descriptors.is_some());
    }
}
