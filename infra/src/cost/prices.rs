//! AWS prices, read from one file with source page and date per price.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

const FILE: &str = include_str!("prices.json");

/// Hours of an AWS billing month: a twelfth of a year.
pub const HOURS: f64 = 730.0;

/// Prices of a region.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Region.
    pub region: String,
    /// Latest and oldest date of a price, for example `2026-09-29`.
    pub read: (String, String),
    of: [f64; Price::ALL.len()],
}

/// Why there are no prices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrices {
    /// The region has no prices.
    #[error("no prices for region `{region}`")]
    Region {
        /// The requested region.
        region: String,
        /// Regions with prices.
        known: Vec<String>,
    },
    /// The embedded file is invalid.
    #[error("invalid price list: {0}")]
    Broken(String),
}

macro_rules! prices {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
/// A price.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Price {
            $($(#[$doc])* $variant,)*
        }

        impl Price {
            /// All prices.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the name in the file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

prices! {
    /// Fargate vCPU-hour, x86.
    X86Vcpu = "vcpu-hour x86_64",
    /// Fargate GB-hour, x86.
    X86Gb = "gb-hour x86_64",
    /// Fargate vCPU-hour, ARM.
    ArmVcpu = "vcpu-hour arm64",
    /// Fargate GB-hour, ARM.
    ArmGb = "gb-hour arm64",
    /// Fargate Spot vCPU-hour; the discount also applies to memory and ARM, within a tenth of a percent.
    SpotVcpu = "spot vcpu-hour x86_64",
    /// Load balancer hour.
    Balancer = "balancer-hour",
    /// Load balancer capacity unit hour.
    Lcu = "lcu-hour",
    /// NAT gateway hour.
    Nat = "nat-hour",
    /// NAT gateway GB.
    NatGb = "nat-gb",
    /// Interface endpoint hour per zone.
    Endpoint = "endpoint-hour",
    /// Interface endpoint GB.
    EndpointGb = "endpoint-gb",
    /// Public IPv4 address hour.
    Address = "address-hour",
    /// Data transfer to the internet, GB.
    OutGb = "out-gb",
    /// Log ingestion, GB.
    LogGb = "log-gb",
    /// Log storage, GB-month.
    LogGbMonth = "log-gb-month",
    /// Alarm month.
    Alarm = "alarm-month",
    /// Custom metric month, also for Container Insights.
    Metric = "metric-month",
    /// Dashboard month.
    Dashboard = "dashboard-month",
    /// Enhanced Container Insights metric month.
    EnhancedMetric = "enhanced-metric-month",
    /// KMS key month.
    Key = "key-month",
    /// Image storage, GB-month.
    ImageGb = "image-gb-month",
    /// S3 storage, GB-month.
    ObjectGb = "object-gb-month",
    /// Small ARM build minute.
    BuildArmSmall = "build-minute arm small",
    /// Medium ARM build minute.
    BuildArmMedium = "build-minute arm medium",
    /// Large ARM build minute.
    BuildArmLarge = "build-minute arm large",
    /// Small x86 build minute.
    BuildX86Small = "build-minute x86 small",
    /// Medium x86 build minute.
    BuildX86Medium = "build-minute x86 medium",
    /// Large x86 build minute.
    BuildX86Large = "build-minute x86 large",
    /// Pipeline action minute.
    ActionMinute = "action-minute",
    /// Month of a V1 pipeline.
    Pipeline = "pipeline-month",
}

#[derive(Deserialize)]
struct File {
    read: BTreeMap<String, Read>,
    prices: Vec<Entry>,
}

#[derive(Deserialize)]
struct Read {
    date: String,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    read: String,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl Entry {
    fn in_region(&self, region: &str) -> Option<f64> {
        self.rest.get(region).and_then(serde_json::Value::as_f64)
    }

    fn regions(&self) -> impl Iterator<Item = &str> {
        self.rest
            .iter()
            .filter(|(_, value)| value.is_number())
            .map(|(region, _)| region.as_str())
    }
}

impl Prices {
    /// Returns the prices of `region`.
    ///
    /// # Errors
    /// Fails if there are none.
    pub fn of(region: &str) -> Result<Self, NoPrices> {
        let file: File = serde_json::from_str(FILE).map_err(|error| NoPrices::Broken(error.to_string()))?;
        let known: BTreeSet<&str> = file.prices.iter().flat_map(Entry::regions).collect();
        if !known.contains(region) {
            return Err(NoPrices::Region {
                region: region.to_owned(),
                known: known.into_iter().map(str::to_owned).collect(),
            });
        }
        let mut of = [0.0; Price::ALL.len()];
        let mut days = BTreeSet::new();
        for (price, slot) in Price::ALL.iter().zip(&mut of) {
            let missing = || NoPrices::Broken(format!("`{}` is missing for {region}", price.name()));
            let entry = file
                .prices
                .iter()
                .find(|entry| entry.name == price.name())
                .ok_or_else(missing)?;
            *slot = entry.in_region(region).ok_or_else(missing)?;
            days.insert(&file.read.get(&entry.read).ok_or_else(missing)?.date);
        }
        let day = |day: Option<&&String>| day.map(|day| (*day).clone()).unwrap_or_default();
        Ok(Self {
            region: region.to_owned(),
            read: (day(days.last()), day(days.first())),
            of,
        })
    }

    /// Returns a price in US dollars.
    pub fn get(&self, price: Price) -> f64 {
        self.of[price as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_every_price_with_source() {
        let file: File = serde_json::from_str(FILE).unwrap();
        let regions: BTreeSet<&str> = file.prices.iter().flat_map(Entry::regions).collect();
        assert_eq!(
            regions.iter().copied().collect::<Vec<_>>(),
            ["eu-central-1", "us-east-1"]
        );
        for region in regions {
            let prices = Prices::of(region).unwrap();
            assert!(
                Price::ALL.iter().all(|price| prices.get(*price) > 0.0),
                "{region}"
            );
            assert!(prices.read.1 <= prices.read.0);
        }
        assert_eq!(file.prices.len(), Price::ALL.len(), "unused price");
        for entry in file.prices {
            assert!(
                entry.rest["page"]
                    .as_str()
                    .unwrap()
                    .starts_with("https://aws.amazon.com/"),
                "{}",
                entry.name
            );
            let day = &file.read[&entry.read].date;
            assert!(day.len() == 10 && day.starts_with("202"), "{day}");
        }
    }

    #[test]
    fn unknown_region_error_lists_known_regions() {
        assert_eq!(
            Prices::of("mars-north-1").unwrap_err(),
            NoPrices::Region {
                region: "mars-north-1".to_owned(),
                known: vec!["eu-central-1".to_owned(), "us-east-1".to_owned()],
            }
        );
    }
}
