//! What AWS asks for: read from one file, in which every price has its page and the day on which it was read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

const FILE: &str = include_str!("prices.json");

/// Hours of a month, as AWS counts them: a twelfth of a year.
pub const HOURS: f64 = 730.0;

/// The prices of a region.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Which one.
    pub region: String,
    /// The latest and the oldest day on which one of them was read, like `2026-09-29`.
    pub read: (String, String),
    of: [f64; Price::ALL.len()],
}

/// Why there are no prices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrices {
    /// Of this region.
    #[error("no prices are known for the region `{region}`")]
    Region {
        /// The region asked for.
        region: String,
        /// Those that there are prices for.
        known: Vec<String>,
    },
    /// The file of this program is not as it should be.
    #[error("the list of prices is broken: {0}")]
    Broken(String),
}

macro_rules! prices {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What is charged for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Price {
            $($(#[$doc])* $variant,)*
        }

        impl Price {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

prices! {
    /// A core of Fargate for an hour, Intel's or AMD's.
    X86Vcpu = "vcpu-hour x86_64",
    /// A GB of memory with it.
    X86Gb = "gb-hour x86_64",
    /// A core of Fargate for an hour, AWS's own.
    ArmVcpu = "vcpu-hour arm64",
    /// A GB of memory with it.
    ArmGb = "gb-hour arm64",
    /// A core on spare capacity. Its discount holds for memory and for ARM as well, to a tenth of a percent.
    SpotVcpu = "spot vcpu-hour x86_64",
    /// A load balancer for an hour.
    Balancer = "balancer-hour",
    /// A unit of its capacity for an hour.
    Lcu = "lcu-hour",
    /// A NAT gateway for an hour.
    Nat = "nat-hour",
    /// A GB through it.
    NatGb = "nat-gb",
    /// An interface endpoint in a zone for an hour.
    Endpoint = "endpoint-hour",
    /// A GB through it.
    EndpointGb = "endpoint-gb",
    /// A public address for an hour.
    Address = "address-hour",
    /// A GB to the internet.
    OutGb = "out-gb",
    /// A GB of logs written.
    LogGb = "log-gb",
    /// A GB of logs kept for a month.
    LogGbMonth = "log-gb-month",
    /// An alarm for a month.
    Alarm = "alarm-month",
    /// A metric of our own for a month; those of container insights count as such.
    Metric = "metric-month",
    /// A metric of enhanced container insights for a month.
    EnhancedMetric = "enhanced-metric-month",
    /// A key for a month.
    Key = "key-month",
    /// A GB of images for a month.
    ImageGb = "image-gb-month",
    /// A GB of objects for a month.
    ObjectGb = "object-gb-month",
    /// A minute of a small build on ARM.
    BuildArmSmall = "build-minute arm small",
    /// A minute of a large build on ARM.
    BuildArmLarge = "build-minute arm large",
    /// A minute of a small build on x86.
    BuildX86Small = "build-minute x86 small",
    /// A minute of a large build on x86.
    BuildX86Large = "build-minute x86 large",
    /// A minute of an action of a pipeline.
    ActionMinute = "action-minute",
    /// A pipeline of the old type for a month.
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
    /// The prices of `region`.
    ///
    /// # Errors
    /// When there are none.
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

    /// One of them, in US dollars.
    pub fn get(&self, price: Price) -> f64 {
        self.of[price as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_every_price_with_its_page_and_day() {
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
        assert_eq!(file.prices.len(), Price::ALL.len(), "a price that nothing uses");
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
    fn a_region_without_prices_is_refused_with_those_that_have_some() {
        assert_eq!(
            Prices::of("mars-north-1").unwrap_err(),
            NoPrices::Region {
                region: "mars-north-1".to_owned(),
                known: vec!["eu-central-1".to_owned(), "us-east-1".to_owned()],
            }
        );
    }
}
