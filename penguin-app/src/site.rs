//! The site as a thing of its own: words, templates, and the pages that come of them.
//!
//! Everything is rendered before anything is served, so that a mistake in a template is found at start and not by
//! a visitor. Nothing in here knows HTTP.

pub mod content;
pub mod discovery;
pub mod edition;
pub mod page;
pub mod refusals;
pub mod templates;
