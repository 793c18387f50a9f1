//! Workflows of the verbs that call AWS: use [`crate::aws`], decide with [`crate::deployment`], [`crate::releases`] and
//! [`crate::pipelines`], report to the user.
//!
//! No local state between runs. Change sets, running operations and stuck stacks of an earlier run are read from
//! CloudFormation, so that the tool can be killed at any time.

pub mod account_check;
mod app_resources;
mod certificate;
mod connection;
pub mod deploy;
pub mod deployed;
pub mod destroy;
mod follow;
pub mod hosted_zones;
pub mod interrupt;
pub mod logs;
pub mod pipelines;
mod planning;
mod prompt;
pub mod push;
mod reconcile;
pub mod releases;
pub mod reporter;
pub mod rollback;
pub mod run;
pub mod status;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

use crate::aws::{Access, AwsError, Cloud, Identity};
use crate::console::Console;
use crate::deployment::change_set_name::run_name;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::Failure;

pub use interrupt::Interrupts;
pub use reporter::{Display, Reporter};

/// Shared context of all workflows.
#[derive(Debug)]
pub struct Context<'a> {
    clouds: BTreeMap<String, Cloud>,
    default_region: Option<String>,
    /// Whether the settings fix the region, so that `--region` cannot change it.
    region_is_set: bool,
    /// The caller's identity.
    pub identity: Identity,
    /// Terminal output and input.
    pub console: &'a Console,
    /// Progress reports.
    pub reporter: Reporter<'a>,
    /// Ctrl-C.
    pub interrupts: Interrupts,
    /// Answer every confirmation with yes.
    pub yes: bool,
    /// Marks change sets of this run.
    pub run: String,
    /// Number of operations started.
    operations: AtomicU64,
    /// Held while a question is on the screen.
    turn: tokio::sync::Mutex<()>,
}

impl<'a> Context<'a> {
    /// Creates clients for the regions of `stacks` and checks that the stacks belong to the caller's account.
    ///
    /// # Errors
    /// No region, no network, invalid credentials, or credentials of another account.
    pub async fn open(
        access: &Access,
        stacks: impl IntoIterator<Item = &StackSpec>,
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
            reporter: Reporter::new(console, display),
            interrupts,
            yes,
            run: run_name(),
            operations: AtomicU64::new(0),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// Returns the client for the region of a stack.
    ///
    /// # Errors
    /// If the region has not been opened.
    pub fn cloud(&self, region: Option<&str>) -> Result<&Cloud, AwsError> {
        region
            .or(self.default_region.as_deref())
            .and_then(|region| self.clouds.get(region))
            .ok_or(AwsError::NoRegion)
    }

    /// Prints a message.
    pub(in crate::workflows) fn info(&self, message: impl Into<String>) {
        self.reporter.info(message);
    }

    /// Returns account and regions, for questions.
    pub(in crate::workflows) fn place(&self) -> String {
        let regions: Vec<_> = self.clouds.keys().map(String::as_str).collect();
        format!("account {} in {}", self.identity.account, regions.join(" and "))
    }

    /// Returns an idempotency token for one operation.
    pub fn token(&self) -> String {
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        format!("infra-{}-{number}", self.run)
    }

    /// Returns a hint that names the account and regions searched, and how to change them.
    pub fn elsewhere(&self) -> String {
        let regions: Vec<_> = self.clouds.keys().map(String::as_str).collect();
        let regions = regions.join(" and ");
        let account = &self.identity.account;
        let of_region = if self.region_is_set {
            "infra.toml"
        } else {
            "`--region`"
        };
        format!("searched account {account} in {regions}; change that with {of_region} or `--profile`")
    }
}

fn check_account(stack: &StackSpec, identity: &Identity) -> Result<()> {
    match &stack.account {
        Some(account) if *account != identity.account => Err(Failure::failed(format!(
            "{} belongs to account {account}, but the credentials belong to {} ({})",
            stack.name, identity.account, identity.arn
        ))
        .hint("pass `--profile NAME` to use credentials of another account")
        .into()),
        _ => Ok(()),
    }
}
