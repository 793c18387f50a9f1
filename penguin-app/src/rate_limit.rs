//! Token buckets for actions that cost something, such as a mail: one for each visitor, one for all of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderMap;

/// Actions at once, and the time after which there may be one more.
const OF_VISITOR: (u32, Duration) = (3, Duration::from_mins(5));
const OF_ALL: (u32, Duration) = (10, Duration::from_secs(30));

/// When each bucket will be full again; `None` is that of all visitors. Full ones are not kept, so that the limit of all
/// bounds the memory.
#[derive(Debug, Default)]
pub struct RateLimit(Mutex<HashMap<Option<IpAddr>, Instant>>);

impl RateLimit {
    /// Takes a token of the visitor and one of all, or returns the time after which there will be both.
    pub fn take(&self, visitor: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        full_at.retain(|_, at| *at > now);
        let taken = [(Some(visitor), OF_VISITOR), (None, OF_ALL)].map(|(bucket, (capacity, refill))| {
            let after = *full_at.get(&bucket).unwrap_or(&now) + refill;
            let wait = (after - now).saturating_sub(refill * capacity);
            (bucket, after, wait)
        });
        let wait = taken.iter().map(|(_, _, wait)| *wait).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        full_at.extend(taken.map(|(bucket, after, _)| (bucket, after)));
        Ok(())
    }
}

/// Returns the address of the visitor behind the proxies: the last one in `X-Forwarded-For` that is not private.
///
/// Each proxy appends the address it was asked from; what stands further left is only claimed. An IPv6 visitor has a
/// whole /64.
pub fn visitor(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','));
    let hops = hops.map_while(|hop| hop.trim().parse().ok());
    let address = std::iter::once(peer)
        .chain(hops)
        .find(|address| !is_private(*address));
    match address.unwrap_or(peer).to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn burst_of_a_visitor_is_bounded_and_refills() {
        let limit = RateLimit::default();
        let (pim, bo) = (address("192.0.2.1"), address("192.0.2.2"));
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limit.take(pim, start), Ok(()));
        }
        assert_eq!(limit.take(pim, start), Err(Duration::from_mins(5)));
        assert_eq!(
            limit.take(bo, start),
            Ok(()),
            "another visitor has a bucket of their own"
        );
        let minute = start + Duration::from_mins(1);
        assert_eq!(limit.take(pim, minute), Err(Duration::from_mins(4)));
        assert_eq!(limit.take(pim, start + Duration::from_mins(5)), Ok(()));
        assert!(limit.take(pim, start + Duration::from_mins(5)).is_err());
        let later = start + Duration::from_hours(1);
        for _ in 0..3 {
            assert_eq!(
                limit.take(pim, later),
                Ok(()),
                "idle time fills the bucket, and no more"
            );
        }
        assert!(limit.take(pim, later).is_err());
    }

    #[test]
    fn burst_of_all_visitors_is_bounded_and_full_buckets_are_forgotten() {
        let limit = RateLimit::default();
        let start = Instant::now();
        for visitor in 1..=10 {
            assert_eq!(limit.take(address(&format!("192.0.2.{visitor}")), start), Ok(()));
        }
        let late = address("192.0.2.11");
        assert_eq!(limit.take(late, start), Err(Duration::from_secs(30)));
        assert_eq!(limit.take(late, start + Duration::from_secs(30)), Ok(()));
        assert_eq!(limit.take(late, start + Duration::from_hours(1)), Ok(()));
        assert_eq!(limit.0.lock().unwrap().len(), 2);
    }

    #[test]
    fn visitor_is_the_last_public_address() {
        for (peer, forwarded, expected) in [
            ("127.0.0.1", &[][..], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            (
                "127.0.0.1",
                &["203.0.113.9, 198.51.100.7, 10.0.1.5"],
                "198.51.100.7",
            ),
            ("10.0.0.2", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("127.0.0.1", &["203.0.113.9, nonsense, 10.0.1.5"], "127.0.0.1"),
            ("::ffff:127.0.0.1", &["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
        ] {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            assert_eq!(
                visitor(address(peer), &headers),
                address(expected),
                "{peer} {forwarded:?}"
            );
        }
    }
}
