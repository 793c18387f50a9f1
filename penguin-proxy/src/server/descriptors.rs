//! File descriptor budget: how many connections fit into `RLIMIT_NOFILE`.
//!
//! Fargate allows 65,535 descriptors, many hosts 1,024. The proxy needs two per client. Without descriptors it could
//! neither accept nor connect.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the runtimes, the ports, the log, probes, name servers and the admin port.
const OWN: u64 = 64;
const OWN_PER_THREAD: u64 = 8;

/// What the descriptors are divided into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// Client connections that can be served at once.
    pub(super) clients: usize,
    /// Connections to the app that one thread may keep for later.
    pub(super) idle_per_thread: usize,
}

/// Takes as many descriptors as are to be had, and says how many that are.
pub(super) fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(_) => current.unwrap_or(u64::MAX),
    }
}

/// Two fifths for clients, two for their requests at the app, one for idle connections to the app.
pub(super) fn divide(descriptors: u64, threads: usize, spare: usize) -> Shares {
    let threads = threads.max(1) as u64;
    let own = OWN + OWN_PER_THREAD * threads + spare as u64;
    let rest = descriptors.saturating_sub(own);
    let bounded = |count: u64| usize::try_from(count.max(1)).unwrap_or(usize::MAX);
    Shares {
        clients: bounded(rest / 5 * 2),
        idle_per_thread: bounded(rest / 5 / threads),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptor_shares_fit_into_the_limit() {
        for (descriptors, threads) in [(256, 1), (1024, 2), (4096, 4), (65_536, 16)] {
            let shares = divide(descriptors, threads, 32);
            let all = 2 * shares.clients + threads * shares.idle_per_thread + 32;
            assert!(all as u64 + OWN <= descriptors, "{descriptors}: {shares:?}");
            assert!(
                shares.clients as u64 >= descriptors / 5,
                "{descriptors}: {shares:?}"
            );
        }
        assert!(
            divide(65_536, 2, 32).clients > 10_000,
            "the default needs no more"
        );
        assert_eq!(
            divide(10, 2, 32),
            Shares {
                clients: 1,
                idle_per_thread: 1
            }
        );
        assert!(divide(u64::MAX, 1, 32).clients > 1 << 40);
    }
}
