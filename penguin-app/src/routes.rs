//! What is served where. This folder and `policy/` are the only places that speak HTTP to the router; they decide
//! nothing about the content.

pub mod discovery;
pub mod health;
pub mod pages;
pub mod static_files;
