//! Deploys the Penguin School and runs it locally.
//!
//! [`cli`] is the grammar, [`commands`] has one file per verb, [`console`] is the only thing that writes to the
//! terminal and [`exit`] the only place that knows exit codes. What the verbs are about needs none of these:
//! [`service`] describes the two containers once, for every place where they run, and [`compose_file`] writes that
//! down for Docker, while [`local`] runs it here. [`settings`] become [`stacks`]; [`plan`] compares templates, [`check`]
//! tells what would fail.
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
pub mod daily;
pub mod deploy;
pub mod diagram;
pub mod exit;
pub mod facts;
pub mod local;
#[cfg(feature = "aws")]
pub mod operation;
pub mod plan;
pub mod service;
pub mod settings;
pub mod stacks;
