//! Bins for latencies, narrow where people notice a difference: few enough that all of them fit into one value of
//! CloudWatch, which takes 100.
//!
//! From 2 ms to 1 s a bin's middle is within 6 % of what it stands for, up to 33 s within 12 %. CloudWatch keeps
//! percentiles to about 10 % itself.

/// How many bins there are.
pub(crate) const BINS: usize = 100;
/// Index of the first bin from 2 ms: 8 bins for each doubling.
const FINE: u64 = 5;
/// Index of the first bin from 1 s: 4 bins for each doubling.
const COARSE: u64 = 77;

/// The bin of a latency in microseconds.
pub(crate) fn bin(micros: u64) -> usize {
    let doublings = micros.max(1).ilog2();
    let part = |bits: u32| (micros >> (doublings - bits)) & ((1 << bits) - 1);
    let doublings = u64::from(doublings);
    let bin = match doublings {
        ..=10 => doublings.saturating_sub(6),
        11..=19 => FINE + (doublings - 11) * 8 + part(3),
        20..=24 => COARSE + (doublings - 20) * 4 + part(2),
        _ => doublings + 72,
    };
    usize::try_from(bin).unwrap_or(BINS).min(BINS - 1)
}

/// The shortest latency of a bin, in microseconds.
fn start(bin: usize) -> u64 {
    match bin {
        0 => 0,
        1..5 => 64 << bin,
        5..77 => (8 + (bin as u64 - 5) % 8) << (8 + (bin - 5) / 8),
        77..97 => (4 + (bin as u64 - 77) % 4) << (18 + (bin - 77) / 4),
        _ => 1 << (bin - 72),
    }
}

/// What stands for the latencies of a bin, in microseconds.
pub(crate) fn middle(bin: usize) -> u64 {
    u64::midpoint(start(bin), start(bin + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn bins_follow_one_another() {
        for index in 0..BINS {
            assert!(start(index) < start(index + 1), "{index}");
            assert_eq!(bin(start(index)), index);
            assert_eq!(bin(start(index + 1) - 1), index);
        }
        assert_eq!(bin(u64::MAX), BINS - 1);
    }

    proptest! {
        #[test]
        fn middle_of_the_bin_is_close(micros in 2_048u64..1 << 25) {
            let middle = middle(bin(micros));
            let within = if micros < 1 << 20 { 16 } else { 8 };
            prop_assert!(middle.abs_diff(micros) <= micros / within, "{micros} becomes {middle}");
        }
    }
}
