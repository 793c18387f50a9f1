//! CPU limit of the container's cgroup, for the number of serving threads.
//!
//! A container with half a CPU on a host with 128 would otherwise start 128 threads.

use std::num::NonZero;

/// Threads for the CPU quota of this cgroup (version 2 or 1), at most what the scheduler allows.
pub(crate) fn cpu_limit() -> usize {
    let available = std::thread::available_parallelism().map_or(1, NonZero::get);
    let read = |path: &str| fs_err::read_to_string(path).ok();
    let quota = read("/sys/fs/cgroup/cpu.max")
        .and_then(|text| quota_v2(&text))
        .or_else(|| {
            let number = |path: &str| read(path)?.trim().parse::<i64>().ok();
            quota_v1(
                number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?,
                number("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?,
            )
        });
    quota.map_or(available, |cores| cores.min(available)).max(1)
}

/// `max 100000` or `50000 100000`.
fn quota_v2(text: &str) -> Option<usize> {
    let (quota, period) = text.trim().split_once(' ')?;
    quota_v1(quota.parse().ok()?, period.parse().ok()?)
}

/// Rounded up: half a core is one thread, one and a half are two. A negative quota is none.
fn quota_v1(quota: i64, period: i64) -> Option<usize> {
    if quota <= 0 || period <= 0 {
        return None;
    }
    usize::try_from((quota + period - 1) / period).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_round_up() {
        assert_eq!(quota_v2("max 100000\n"), None);
        assert_eq!(quota_v2("25000 100000\n"), Some(1));
        assert_eq!(quota_v2("150000 100000\n"), Some(2));
        assert_eq!(quota_v1(-1, 100_000), None);
        assert_eq!(quota_v1(400_000, 100_000), Some(4));
    }

    #[test]
    fn at_least_one_thread() {
        assert!(cpu_limit() >= 1);
    }
}
