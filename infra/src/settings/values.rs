//! Closed sets of setting values and their keywords in the file.

/// Outbound connectivity of tasks in private subnets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// One NAT gateway per zone: the loss of a zone does not affect the others.
    PerZone,
    /// One NAT gateway for all zones.
    Single,
    /// No internet access; AWS services are reached through VPC endpoints, billed per zone and hour.
    None,
}

/// CPU architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// AWS Graviton, about 20 % cheaper.
    Arm64,
    /// Intel and AMD.
    X86_64,
}

/// Container Insights level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insights {
    /// Metrics per container.
    Enhanced,
    /// Metrics per service.
    Enabled,
    /// Only the free metrics.
    Disabled,
}

/// Deployment strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// Replaces task by task.
    Rolling,
    /// Starts all new tasks, then moves all traffic at once.
    BlueGreen,
    /// Starts all new tasks, then moves a tenth of the traffic, then the rest.
    Canary,
}

/// A closed set of values, each with a keyword in the settings file.
pub(super) trait Keywords: Copy + Sized + 'static {
    /// The keywords and their values.
    const KEYWORDS: &'static [(&'static str, Self)];
}

impl Keywords for Nat {
    const KEYWORDS: &'static [(&'static str, Self)] = &[
        ("per-az", Self::PerZone),
        ("single", Self::Single),
        ("none", Self::None),
    ];
}

impl Keywords for Architecture {
    const KEYWORDS: &'static [(&'static str, Self)] = &[("arm64", Self::Arm64), ("x86_64", Self::X86_64)];
}

impl Keywords for Insights {
    const KEYWORDS: &'static [(&'static str, Self)] = &[
        ("enhanced", Self::Enhanced),
        ("enabled", Self::Enabled),
        ("disabled", Self::Disabled),
    ];
}

impl Keywords for Deployment {
    const KEYWORDS: &'static [(&'static str, Self)] = &[
        ("rolling", Self::Rolling),
        ("blue-green", Self::BlueGreen),
        ("canary", Self::Canary),
    ];
}

/// Returns the candidate most similar to `word`, if any is similar enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_needs_some_similarity() {
        let keys = ["cpu", "memory", "min-tasks", "max-tasks", "log-days"];
        assert_eq!(nearest("mem", keys), Some("memory"));
        assert_eq!(nearest("min_tasks", keys), Some("min-tasks"));
        assert_eq!(nearest("retention", keys), None);
    }
}
