//! What handlers share.
//!
//! In production the site is embedded and never changes. In development each request looks for changed files and
//! renders the site again; an error leaves the last good site in place and is shown in the browser.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use thiserror::Error;

use crate::config::Config;
use crate::error::AppError;
use crate::mailbox::{Mailbox, MailboxError};
use crate::rate_limit::RateLimit;
use crate::shutdown::ShutdownHandle;
use crate::site::{RenderedSite, SiteError};
use crate::source;

/// What handlers share; cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The settings.
    pub config: Arc<Config>,
    /// Where messages from visitors go.
    pub mailbox: Arc<Mailbox>,
    /// How many of them may come.
    pub contact_limit: Arc<RateLimit>,
    /// Whether the server is draining, for the health check.
    pub shutdown: ShutdownHandle,
    /// The site as it was rendered at start.
    site: Arc<RenderedSite>,
    /// The site as it is now, in development.
    live: Option<Arc<Mutex<Live>>>,
}

#[derive(Debug)]
struct Live {
    site: Arc<RenderedSite>,
    /// Why there is no newer site.
    problem: Option<Arc<str>>,
    /// The state of the source files when they were last read.
    stamp: Vec<(PathBuf, Option<(u64, SystemTime)>)>,
}

/// Why the application cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Content, a template or an asset is wrong.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The mailbox cannot be opened.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
}

impl AppState {
    /// Renders the site and opens the mailbox.
    pub fn open(config: Config, shutdown: ShutdownHandle) -> Result<Self, StartError> {
        let config = config.without_empty_values();
        // The stamp is taken before the files are read, so that no change is missed.
        let stamp = config.source_dir.as_deref().map(source::stamp);
        let site = Arc::new(RenderedSite::render(&config)?);
        let mailbox = Mailbox::open(&config, &site.content.site)?;
        let live = stamp.map(|stamp| {
            Arc::new(Mutex::new(Live {
                site: Arc::clone(&site),
                problem: None,
                stamp,
            }))
        });
        Ok(Self {
            mailbox: Arc::new(mailbox),
            contact_limit: Arc::new(RateLimit::default()),
            shutdown,
            site,
            live,
            config: Arc::new(config),
        })
    }

    /// Returns the site, or the error in its source files.
    pub fn site(&self) -> Result<Arc<RenderedSite>, AppError> {
        let Some(live) = self.refresh() else {
            return Ok(Arc::clone(&self.site));
        };
        match &live.problem {
            Some(problem) => Err(AppError::Source(Arc::clone(problem))),
            None => Ok(Arc::clone(&live.site)),
        }
    }

    /// Returns the last site without an error, for assets and error pages.
    pub fn last_good_site(&self) -> Arc<RenderedSite> {
        let live = self.refresh();
        Arc::clone(live.as_ref().map_or(&self.site, |live| &live.site))
    }

    /// Renders the site of a checkout again where a file changed. None in production.
    fn refresh(&self) -> Option<MutexGuard<'_, Live>> {
        let (live, folder) = (self.live.as_ref()?, self.config.source_dir.as_deref()?);
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = source::stamp(folder);
        if stamp != live.stamp {
            live.stamp = stamp;
            match RenderedSite::render(&self.config) {
                Ok(site) => {
                    tracing::info!("source files changed, site rendered");
                    live.site = Arc::new(site);
                    live.problem = None;
                }
                Err(error) => {
                    let problem = format!("{:#}", anyhow::Error::from(error));
                    tracing::warn!(error = %problem, "source files changed, keeping the last good site");
                    live.problem = Some(problem.into());
                }
            }
        }
        Some(live)
    }
}
