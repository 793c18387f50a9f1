//! Delivery of messages from visitors: an SMTP server, a folder, or nothing.

mod folder;

use std::io;
use std::time::Duration;

use http::Uri;
use lettre::message::{Mailbox as Address, MessageBuilder, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use thiserror::Error;

use crate::config::Config;
use crate::content::Site;
use folder::Folder;

/// How long an SMTP server may take for one command.
const SMTP_TIMEOUT: Duration = Duration::from_secs(10);

/// Where messages from visitors go.
#[derive(Debug)]
pub struct Mailbox {
    backend: Backend,
    school: Address,
}

#[derive(Debug)]
enum Backend {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(Folder),
    None,
}

/// A message from a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Who wrote it, and where to answer.
    pub from: Address,
    /// The text.
    pub text: String,
}

/// Why the mailbox cannot be opened.
#[derive(Debug, Error)]
pub enum MailboxError {
    /// The address of the school is not an email address.
    #[error("penguin-app/content/site.toml: contact.email `{0}` is not an email address")]
    Address(String),
    /// The folder cannot be made.
    #[error("APP_DATA_DIR: cannot create the mailbox: {0}: make the folder writable, or unset the variable")]
    Folder(io::Error),
    /// The URL of the SMTP server cannot be used. Without the URL, which may hold a password.
    #[error("APP_SMTP_URL: {0}: write smtps://user:password@mail.example.com or smtp://localhost:25")]
    Smtp(&'static str),
}

/// Why a message was not delivered. Without any text of the message or of the server, which may repeat it.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// There is no mailbox.
    #[error("no mailbox is set up")]
    NoMailbox,
    /// The message cannot be written as a mail.
    #[error("cannot compose the mail")]
    Compose,
    /// The SMTP server refused it.
    #[error("the SMTP server refused the mail with status {0}")]
    Refused(u16),
    /// The SMTP server could not be reached, or the connection broke off.
    #[error("cannot reach the SMTP server")]
    Unreachable,
    /// The folder cannot take it.
    #[error("cannot write to the mailbox folder: {0}")]
    Folder(#[from] io::Error),
}

impl Mailbox {
    /// Opens the mailbox that the configuration names.
    pub fn open(config: &Config, site: &Site) -> Result<Self, MailboxError> {
        let email = &site.contact.email;
        let address = email.parse().map_err(|_| MailboxError::Address(email.clone()))?;
        let backend = match (&config.smtp_url, &config.data_dir) {
            (Some(url), _) => Backend::Smtp(smtp(&url.0)?),
            (None, Some(data)) => Backend::Folder(Folder::open(data).map_err(MailboxError::Folder)?),
            (None, None) => Backend::None,
        };
        Ok(Self {
            backend,
            school: Address::new(Some(site.name.clone()), address),
        })
    }

    /// Whether messages can be delivered at all.
    pub fn is_open(&self) -> bool {
        !matches!(self.backend, Backend::None)
    }

    /// Delivers a message; when this returns, the server has taken it or it is on disk.
    pub async fn deliver(&self, letter: Letter) -> Result<(), DeliveryError> {
        let mail = self.compose(letter)?;
        match &self.backend {
            Backend::Smtp(transport) => match transport.send(mail).await {
                Ok(_) => Ok(()),
                Err(error) => Err(match error.status() {
                    Some(code) => DeliveryError::Refused(code.into()),
                    None => DeliveryError::Unreachable,
                }),
            },
            Backend::Folder(folder) => Ok(folder.store(mail.formatted()).await?),
            Backend::None => Err(DeliveryError::NoMailbox),
        }
    }

    /// The school writes to itself; an answer goes to the visitor.
    fn compose(&self, letter: Letter) -> Result<Message, DeliveryError> {
        let name = letter.from.name.as_deref().unwrap_or("a visitor");
        MessageBuilder::new()
            .from(self.school.clone())
            .to(self.school.clone())
            .subject(format!("Message from {name}"))
            .reply_to(letter.from)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text)
            .map_err(|_| DeliveryError::Compose)
    }
}

fn smtp(url: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailboxError> {
    let uri: Uri = url.parse().map_err(|_| MailboxError::Smtp("not a URL"))?;
    let has_password = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    let encrypted = uri.scheme_str() == Some("smtps") || uri.query() == Some("tls=required");
    if has_password && !encrypted {
        return Err(MailboxError::Smtp("would send the password unencrypted"));
    }
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
    let builder = builder.map_err(|_| MailboxError::Smtp("not the URL of an SMTP server"))?;
    Ok(builder.timeout(Some(SMTP_TIMEOUT)).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn smtp_urls_are_refused_without_the_password() {
        for url in [
            "mail.example.com",
            "user:secret@mail.example.com",
            "https://user:secret@mail.example.com?tls=required",
            "smtp://user:secret@mail.example.com",
            "smtp://user:secret@mail.example.com:70000?tls=required",
            "smtp://user:sec ret@mail.example.com",
        ] {
            let error = smtp(url).unwrap_err().to_string();
            assert!(
                error.starts_with("APP_SMTP_URL: ") && !error.contains("secret"),
                "{error}"
            );
        }
        for url in [
            "smtp://localhost:25",
            "smtps://user:secret@mail.example.com",
            "smtp://user:secret@mail.example.com:587?tls=required",
        ] {
            assert!(smtp(url).is_ok(), "{url}");
        }
    }
}
