//! The course of events: asks [`crate::deploy`] and [`crate::daily`] what to do, [`crate::aws`] to do it and tells the person about it.
//!
//! It holds no state of its own between runs. What an earlier run left (change sets, operations under way, stacks
//! that are stuck) is found in CloudFormation and continued from there, so that the tool can be killed at any time.

mod asking;
pub mod checking;
pub mod deploy;
pub mod destroy;
pub mod differing;
mod follow;
pub mod interrupt;
pub mod logs;
pub mod narrator;
pub mod pipelines;
mod planning;
pub mod releases;
mod settling;
pub mod status;
mod together;

use std::collections::BTreeMap;

use anyhow::Result;

use crate::aws::{Access, Cloud, Fault, Identity};
use crate::console::Console;
use crate::deploy::wanted::Wanted;
use crate::exit::Failure;

pub use interrupt::Interrupts;
pub use narrator::{Display, Narrator};

/// What every operation needs: where the stacks are, who listens, and who may stop it.
#[derive(Debug)]
pub struct Context<'a> {
    clouds: BTreeMap<String, Cloud>,
    default_region: Option<String>,
    /// The settings name a region, so that nobody else may.
    region_is_set: bool,
    /// Whom AWS takes us for.
    pub identity: Identity,
    /// The person.
    pub console: &'a Console,
    /// What the person is told.
    pub narrator: Narrator<'a>,
    /// Ctrl-C.
    pub interrupts: Interrupts,
    /// Every question is answered with yes.
    pub yes: bool,
    /// Tells this run's change sets and events from those of others.
    pub run: String,
}

impl<'a> Context<'a> {
    /// Opens the regions that `stacks` are in, and makes sure that they are in the caller's account.
    ///
    /// # Errors
    /// No region, no network, credentials that AWS does not accept or that belong to another account.
    pub async fn open(
        access: &Access,
        stacks: impl IntoIterator<Item = &Wanted>,
        console: &'a Console,
        display: Display,
        interrupts: Interrupts,
        yes: bool,
    ) -> Result<Self> {
        let stacks: Vec<_> = stacks.into_iter().collect();
        let mut regions = Vec::new();
        for stack in &stacks {
            regions.push(access.region(stack.region.as_deref())?);
        }
        if regions.is_empty() {
            regions.push(access.region(None)?);
        }
        let identity = access.identity(&regions[0]).await?;
        for stack in &stacks {
            check_account(stack, &identity)?;
        }
        let mut clouds = BTreeMap::new();
        regions.sort();
        regions.dedup();
        for region in regions {
            let cloud = access.cloud(&region).await;
            clouds.insert(region, cloud);
        }
        Ok(Self {
            clouds,
            default_region: access.region(None).ok(),
            region_is_set: stacks.iter().any(|stack| stack.region.is_some()),
            identity,
            console,
            narrator: Narrator::new(console, display),
            interrupts,
            yes,
            run: unique_name(),
        })
    }

    /// The region that a stack is in.
    ///
    /// # Errors
    /// The region was not among those opened.
    pub fn cloud(&self, region: Option<&str>) -> Result<&Cloud, Fault> {
        region
            .or(self.default_region.as_deref())
            .and_then(|region| self.clouds.get(region))
            .ok_or(Fault::NoRegion)
    }

    /// Where it has looked and what looks elsewhere, for whoever finds nothing and expected something.
    pub fn elsewhere(&self) -> String {
        let regions: Vec<_> = self.clouds.keys().map(String::as_str).collect();
        let regions = regions.join(" and ");
        let account = &self.identity.account;
        let of_region = if self.region_is_set {
            "infra.toml"
        } else {
            "`--region`"
        };
        format!("looked in {regions} of account {account}; {of_region}, `--profile` change that")
    }
}

fn check_account(stack: &Wanted, identity: &Identity) -> Result<()> {
    match &stack.account {
        Some(account) if *account != identity.account => Err(Failure::failed(format!(
            "{} belongs to account {account}, but these credentials are of {} ({})",
            stack.name, identity.account, identity.arn
        ))
        .hint("`--profile NAME` uses the credentials of another account")
        .into()),
        _ => Ok(()),
    }
}

/// A name that no other run has: the time and the process.
fn unique_name() -> String {
    let seconds = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |elapsed| elapsed.as_secs());
    format!("{seconds:x}-{:x}", std::process::id())
}
