use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use penguin_app::error::AppError;
use penguin_app::representation::Representation;
use penguin_app::state::AppState;
use tera::Context;

pub async fn tide(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, AppError> {
    let mut context = Context::new();
    context.insert("fathoms", &7);
    let html = state.site()?.render_page("/tide", context)?;
    Ok(Representation::dynamic_page(html, &headers))
}
