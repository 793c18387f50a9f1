//! `/contact`: how to reach the school, and a form where a mailbox is set up.

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Form, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use lettre::Address;
use lettre::message::Mailbox as Sender;
use serde::{Deserialize, Serialize};
use tera::Context;

use crate::error::AppError;
use crate::form::{FieldErrors, required_text};
use crate::mailbox::Letter;
use crate::rate_limit;
use crate::representation::{NO_STORE, Representation};
use crate::state::AppState;

/// Path of the page.
pub const PATH: &str = "/contact";

/// Query after a message was sent.
const SENT: &str = "sent";

/// The form as it was typed.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ContactForm {
    name: String,
    email: String,
    message: String,
}

/// What stands above the form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Notice {
    #[default]
    None,
    /// The message was delivered.
    Sent,
    /// Too many messages at once.
    Busy,
    /// The message could not be delivered.
    Failed,
}

/// What the template shows.
#[derive(Debug, Default, Serialize)]
struct Shown {
    form: ContactForm,
    errors: FieldErrors,
    notice: Notice,
    mailbox_open: bool,
}

/// Responds with the page.
pub async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let notice = match query.as_deref() {
        Some(SENT) => Notice::Sent,
        _ => Notice::None,
    };
    let mailbox_open = state.mailbox.is_open();
    let html = render(
        &state,
        &Shown {
            notice,
            mailbox_open,
            ..Shown::default()
        },
    )?;
    Ok(Representation::dynamic_page(html, &headers))
}

/// Delivers a message and redirects, so that a reload does not send it again.
pub async fn submit(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Result<Form<ContactForm>, FormRejection>,
) -> Result<Response, AppError> {
    let Form(form) = form?;
    if !state.mailbox.is_open() {
        return Err(AppError::NotFound);
    }
    let mut shown = Shown {
        form,
        mailbox_open: true,
        ..Shown::default()
    };
    let letter = match validate(&shown.form) {
        Ok(letter) => letter,
        Err(errors) => {
            shown.errors = errors;
            return again(&state, StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    let visitor = rate_limit::visitor(peer.ip(), &headers);
    if let Err(wait) = state.contact_limit.take(visitor, Instant::now()) {
        shown.notice = Notice::Busy;
        let mut response = again(&state, StatusCode::TOO_MANY_REQUESTS, &shown)?;
        response
            .headers_mut()
            .insert(RETRY_AFTER, (wait.as_secs() + 1).into());
        return Ok(response);
    }
    if let Err(error) = state.mailbox.deliver(letter).await {
        tracing::error!(%error, "contact message not delivered");
        shown.notice = Notice::Failed;
        return again(&state, StatusCode::SERVICE_UNAVAILABLE, &shown);
    }
    tracing::info!("contact message delivered");
    Ok(Redirect::to(&format!("{PATH}?{SENT}")).into_response())
}

/// Returns the values of a request without any input, where a mailbox is set up.
pub fn sample() -> Context {
    let shown = Shown {
        mailbox_open: true,
        ..Shown::default()
    };
    Context::from_serialize(&shown).unwrap_or_default()
}

/// Responds with the form as it was typed. It holds what the visitor wrote, so nobody may store it.
fn again(state: &AppState, status: StatusCode, shown: &Shown) -> Result<Response, AppError> {
    let mut response = Representation::dynamic_page(render(state, shown)?, &HeaderMap::new());
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    *response.status_mut() = status;
    Ok(response)
}

fn render(state: &AppState, shown: &Shown) -> Result<String, AppError> {
    let context = Context::from_serialize(shown).map_err(anyhow::Error::from)?;
    Ok(state.site()?.render_page(PATH, context)?)
}

fn validate(form: &ContactForm) -> Result<Letter, FieldErrors> {
    let mut errors = FieldErrors::default();
    let name = errors.check(
        "name",
        required_text(&form.name, "your name", 100).and_then(single_line),
    );
    let email = errors.check("email", email(&form.email));
    let message = errors.check("message", required_text(&form.message, "your message", 4000));
    match (name, email, message) {
        (Some(name), Some(email), Some(text)) => Ok(Letter {
            from: Sender::new(Some(name), email),
            text,
        }),
        _ => Err(errors),
    }
}

fn single_line(text: String) -> Result<String, String> {
    if text.contains(char::is_control) {
        Err("Write your name in one line.".to_owned())
    } else {
        Ok(text)
    }
}

fn email(value: &str) -> Result<Address, String> {
    let value = required_text(value, "your email address", 254)?;
    let address: Result<Address, _> = value.parse();
    address.map_err(|_| "Enter an email address such as chick@floe.example.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(name: &str, email: &str, message: &str) -> Vec<&'static str> {
        let form = ContactForm {
            name: name.to_owned(),
            email: email.to_owned(),
            message: message.to_owned(),
        };
        match validate(&form) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(|(field, _)| field).collect(),
        }
    }

    #[test]
    fn every_invalid_field_is_reported() {
        let long = "x".repeat(4001);
        for (name, email, message, expected) in [
            ("Pim", "pim@floe.example", "Hello", &[][..]),
            ("", "", "", &["email", "message", "name"]),
            (
                "Pim\r\nBcc: all@floe.example",
                "pim@floe.example",
                "Hello",
                &["name"],
            ),
            (
                "Pim",
                "pim@floe.example\r\nBcc: all@floe.example",
                "Hello",
                &["email"],
            ),
            ("Pim", "pim", "Hello", &["email"]),
            ("Pim", "pim@floe.example, bo@floe.example", "Hello", &["email"]),
            ("Pim", "pim@floe.example", &long, &["message"]),
        ] {
            assert_eq!(fields(name, email, message), expected, "{name:?} {email:?}");
        }
    }
}
