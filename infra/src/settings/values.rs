//! Values of closed sets, with the words that the file uses for them.

/// How tasks call out of the private subnets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// By a gateway in each zone: the loss of a zone is not felt in the others.
    PerZone,
    /// By one gateway for all zones.
    Single,
    /// Not at all; AWS itself is reached by endpoints, each billed per zone and hour.
    None,
}

/// What images are built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// AWS's own processors, a fifth cheaper.
    Arm64,
    /// Intel's and AMD's.
    X86_64,
}

/// How much of a cluster is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insights {
    /// Per container.
    Enhanced,
    /// Per service.
    Enabled,
    /// What costs nothing.
    Disabled,
}

/// How one release is exchanged for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// Task by task.
    Rolling,
    /// All new tasks first, then all visitors at once.
    BlueGreen,
    /// All new tasks first, then a tenth of the visitors, then the others.
    Canary,
}

/// A closed set of values, each with its word in the settings file.
pub(super) trait Words: Copy + Sized + 'static {
    /// The words and what they mean.
    const WORDS: &'static [(&'static str, Self)];
}

impl Words for Nat {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("per-az", Self::PerZone),
        ("single", Self::Single),
        ("none", Self::None),
    ];
}

impl Words for Architecture {
    const WORDS: &'static [(&'static str, Self)] = &[("arm64", Self::Arm64), ("x86_64", Self::X86_64)];
}

impl Words for Insights {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("enhanced", Self::Enhanced),
        ("enabled", Self::Enabled),
        ("disabled", Self::Disabled),
    ];
}

impl Words for Deployment {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("rolling", Self::Rolling),
        ("blue-green", Self::BlueGreen),
        ("canary", Self::Canary),
    ];
}

/// The candidate that `word` was most likely meant to be, if any is near enough.
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
    fn near_words_are_found_and_far_ones_are_not() {
        let keys = ["cpu", "memory", "min-tasks", "max-tasks", "log-days"];
        assert_eq!(nearest("mem", keys), Some("memory"));
        assert_eq!(nearest("min_tasks", keys), Some("min-tasks"));
        assert_eq!(nearest("retention", keys), None);
    }
}
