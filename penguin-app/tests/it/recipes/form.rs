use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Redirect;
use penguin_app::error::AppError;
use penguin_app::form::{FieldErrors, required_text};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Guestbook {
    name: String,
}

pub async fn sign(form: Result<Form<Guestbook>, FormRejection>) -> Result<Redirect, AppError> {
    let Form(guestbook) = form?;
    let mut errors = FieldErrors::default();
    match errors.check("name", required_text(&guestbook.name, "your name", 100)) {
        Some(_name) => Ok(Redirect::to("/about")),
        None => Err(AppError::Invalid(errors)),
    }
}
