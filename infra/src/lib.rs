//! Deploys Penguin School to AWS and runs it locally.
//!
//! [`cli`] is the grammar, [`commands`] has one file per verb, [`console`] does all terminal output and [`exit`]
//! defines exit codes. [`service`] describes the two containers for ECS, Docker ([`compose_file`]) and [`local`] runs.
//! [`settings`] become [`stacks`]; [`plan`] compares templates; [`check`] validates.
//!
//! Dependencies point down: `main` → `commands` → domain. Nothing below `commands` imports clap or prints.

#[cfg(not(unix))]
compile_error!("infra runs on Linux and macOS; on Windows, use it in WSL");

#[cfg(feature = "aws")]
pub mod aws;
pub mod cfn;
pub mod check;
pub mod cli;
pub mod commands;
pub mod compose_file;
pub mod console;
pub mod cost;
pub mod deployment;
pub mod diagram;
#[cfg(feature = "aws")]
pub mod dns;
#[cfg(feature = "aws")]
pub mod docker;
pub mod exit;
pub mod inventory;
pub mod local;
pub mod logs;
pub mod pipelines;
pub mod plan;
pub mod releases;
pub mod report;
pub mod service;
pub mod service_status;
pub mod settings;
pub mod stacks;
pub mod timestamps;
#[cfg(feature = "aws")]
pub mod workflows;
