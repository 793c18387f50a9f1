//! Retry budget: a share of all requests and a few per second, so that retries do not flood a failing app.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a budget allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPlan {
    /// Retries per hundred requests.
    pub percent: u32,
    /// Retries that are allowed in every second, whatever the traffic.
    pub per_second: u32,
    /// The most retries that can be saved up.
    pub most: u32,
}

impl Default for RetryPlan {
    fn default() -> Self {
        Self {
            percent: 20,
            per_second: 10,
            most: 100,
        }
    }
}

/// A purse that requests pay into and retries take from, shared by all threads without a lock.
#[derive(Debug)]
pub struct RetryBudget {
    plan: RetryPlan,
    /// Hundredths of a retry.
    purse: AtomicI64,
    start: Instant,
    /// Milliseconds after `start` up to which the allowance has been paid.
    paid_until: AtomicU64,
}

const WHOLE: i64 = 100;

impl RetryBudget {
    /// A budget whose first second is paid already.
    pub fn new(plan: RetryPlan, now: Instant) -> Self {
        let purse = AtomicI64::new(i64::from(plan.per_second.min(plan.most)) * WHOLE);
        Self {
            plan,
            purse,
            start: now,
            paid_until: AtomicU64::new(0),
        }
    }

    /// A first attempt was made.
    pub fn note_request(&self) {
        if self.purse.load(Ordering::Relaxed) < self.most() {
            self.purse
                .fetch_add(i64::from(self.plan.percent), Ordering::Relaxed);
        }
    }

    /// Takes one retry, if the budget has one.
    pub fn try_spend(&self, now: Instant) -> bool {
        self.pay_allowance(now);
        let take = |purse: i64| (purse >= WHOLE).then(|| purse.min(self.most()) - WHOLE);
        self.purse
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    fn most(&self) -> i64 {
        i64::from(self.plan.most) * WHOLE
    }

    fn pay_allowance(&self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.start);
        let now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let before = self.paid_until.fetch_max(now, Ordering::Relaxed);
        let since = Duration::from_millis(now.saturating_sub(before)).min(Duration::from_mins(1));
        // In hundredths: `per_second` × 100 in a thousand milliseconds.
        let paid = i64::from(self.plan.per_second) * i64::try_from(since.as_millis()).unwrap_or(0) / 10;
        if paid > 0 {
            self.purse.fetch_add(paid, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_share_of_requests() {
        let start = Instant::now();
        let budget = RetryBudget::new(
            RetryPlan {
                percent: 20,
                per_second: 0,
                most: 3,
            },
            start,
        );
        assert!(!budget.try_spend(start));
        for _ in 0..5 {
            budget.note_request();
        }
        assert!(budget.try_spend(start) && !budget.try_spend(start));
        for _ in 0..1000 {
            budget.note_request();
        }
        let spent = (0..10).filter(|_| budget.try_spend(start)).count();
        assert_eq!(spent, 3, "only so many are saved up");
    }

    #[test]
    fn idle_proxy_may_retry() {
        let start = Instant::now();
        let budget = RetryBudget::new(
            RetryPlan {
                percent: 0,
                per_second: 2,
                most: 10,
            },
            start,
        );
        assert!(budget.try_spend(start) && budget.try_spend(start) && !budget.try_spend(start));
        assert!(!budget.try_spend(start + Duration::from_millis(400)));
        assert!(budget.try_spend(start + Duration::from_millis(900)));
        let later = start + Duration::from_hours(1);
        assert_eq!((0..50).filter(|_| budget.try_spend(later)).count(), 10);
    }
}
