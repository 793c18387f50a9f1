//! The Penguin School web site.
//!
//! Words ([`site::content`]), templates and assets ([`sources`]) are rendered into an [`site::edition::Edition`]
//! before a port is opened; after that the site is a table from paths to finished documents. [`answer`] turns a
//! document into the answer to a request, [`router`] says what is where, [`policy`] what holds everywhere, and
//! [`server`] carries it over TCP until it is told to stop.
//!
//! Nothing here knows the proxy that usually stands in front.

pub mod answer;
pub mod assets;
pub mod cli;
pub mod coding;
pub mod config;
pub mod document;
pub mod media_type;
pub mod policy;
pub mod publication;
pub mod router;
pub mod routes;
pub mod server;
pub mod shutdown;
pub mod site;
pub mod source_tree;
pub mod sources;
pub mod telemetry;
