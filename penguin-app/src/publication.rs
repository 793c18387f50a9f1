//! The edition that is being served.
//!
//! In production it is printed once and never changes. In development it is a draft: every request looks whether
//! a template or an asset changed, and if so renders the site anew. A mistake leaves the last good edition in
//! place and is shown in the browser of whoever made it. It must not know HTTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use thiserror::Error;
use tokio::sync::Mutex;

use crate::coding::Effort;
use crate::config::PublicUrl;
use crate::site::edition::{Edition, EditionError};
use crate::sources::{Sources, SourcesError, Stamp};

/// What is being served.
#[derive(Debug)]
pub enum Publication {
    /// The edition that came with the binary.
    Printed(Arc<Edition>),
    /// The edition that somebody is working on.
    Draft(Draft),
}

/// A source folder and what was last made of it.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    public_url: PublicUrl,
    state: Mutex<DraftState>,
}

#[derive(Debug)]
struct DraftState {
    stamp: Option<Stamp>,
    view: View,
}

/// The edition to serve right now.
#[derive(Debug, Clone)]
pub struct View {
    /// The last one that could be rendered.
    pub edition: Arc<Edition>,
    /// Why there is no newer one; only ever in development.
    pub problem: Option<Arc<str>>,
}

/// Why there is nothing to serve.
#[derive(Debug, Error)]
pub enum PublicationError {
    /// The files could not be read.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// The files could not be rendered.
    #[error(transparent)]
    Edition(#[from] EditionError),
}

impl Publication {
    /// Renders the first edition: from the folder where one is given, otherwise from the binary.
    pub fn open(source_folder: Option<PathBuf>, public_url: &PublicUrl) -> Result<Self, PublicationError> {
        let Some(folder) = source_folder else {
            let edition = Edition::render(
                Sources::embedded(),
                public_url.as_str(),
                Some(Effort::Quick),
                SystemTime::now(),
            )?;
            return Ok(Self::Printed(Arc::new(edition)));
        };
        let stamp = Stamp::take(&folder)?;
        let edition = render_folder(&folder, public_url)?;
        Ok(Self::Draft(Draft {
            folder,
            public_url: public_url.clone(),
            state: Mutex::new(DraftState {
                stamp: Some(stamp),
                view: View {
                    edition: Arc::new(edition),
                    problem: None,
                },
            }),
        }))
    }

    /// The edition to serve for this request.
    pub async fn view(&self) -> View {
        match self {
            Self::Printed(edition) => View {
                edition: Arc::clone(edition),
                problem: None,
            },
            Self::Draft(draft) => draft.view().await,
        }
    }
}

impl Draft {
    /// The edition as it was when the folder was opened, for whoever has not begun to serve.
    pub fn into_edition(self) -> Arc<Edition> {
        self.state.into_inner().view.edition
    }

    /// Looks at the folder and renders it anew where it changed. One request at a time, so that the ten requests of
    /// one page load render it once.
    async fn view(&self) -> View {
        let mut state = self.state.lock().await;
        let folder = self.folder.clone();
        let public_url = self.public_url.clone();
        let before = state.stamp.take();
        let work = tokio::task::spawn_blocking(move || {
            let stamp = match Stamp::take(&folder) {
                Ok(stamp) if Some(&stamp) == before.as_ref() => return (Some(stamp), None),
                Ok(stamp) => stamp,
                Err(error) => return (None, Some(Err(error.into()))),
            };
            // The stamp is older than what is read after it, so that no change is missed.
            (Some(stamp), Some(render_folder(&folder, &public_url)))
        });
        let outcome = match work.await {
            Ok((stamp, outcome)) => {
                state.stamp = stamp;
                outcome
            }
            Err(panic) => {
                tracing::error!(error = %panic, "rendering panicked, the last good edition stays");
                None
            }
        };
        match outcome {
            None => {}
            Some(Ok(edition)) => {
                tracing::info!("the site changed and was rendered anew");
                state.view = View {
                    edition: Arc::new(edition),
                    problem: None,
                };
            }
            Some(Err(error)) => {
                let problem = error.to_string();
                if state.view.problem.as_deref() != Some(problem.as_str()) {
                    tracing::warn!(error = %problem, "the site changed and cannot be rendered, the last good edition stays");
                }
                state.view.problem = Some(problem.into());
            }
        }
        state.view.clone()
    }
}

fn render_folder(folder: &std::path::Path, public_url: &PublicUrl) -> Result<Edition, PublicationError> {
    let sources = Sources::read(folder)?;
    Ok(Edition::render(
        sources,
        public_url.as_str(),
        None,
        SystemTime::now(),
    )?)
}
