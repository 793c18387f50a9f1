//! The Penguin School web site, an axum application.
//!
//! [`cli`] parses the command line into a [`config`], [`site`] renders the files of [`source`] before a port is opened.
//! [`router`] lists every route and the whole middleware stack on one screen, [`state`] is what handlers share, [`error`]
//! what they return when they fail, and [`server`] serves until it is told to stop.

pub mod api;
pub mod assets;
pub mod class_search;
pub mod cli;
pub mod config;
pub mod content;
pub mod encoding;
pub mod error;
pub mod form;
pub mod health;
pub mod mailbox;
pub mod middleware;
pub mod pages;
pub mod rate_limit;
pub mod representation;
pub mod router;
pub mod server;
pub mod shutdown;
pub mod site;
pub mod source;
pub mod state;
pub mod static_files;
pub mod telemetry;
pub mod templates;
pub mod well_known;
