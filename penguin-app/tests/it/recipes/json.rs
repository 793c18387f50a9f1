use axum::Json;
use axum::extract::State;
use penguin_app::error::AppError;
use penguin_app::state::AppState;

pub async fn teachers(State(state): State<AppState>) -> Result<Json<Vec<String>>, AppError> {
    let site = state.site()?;
    let names = site.content.teachers.iter().map(|teacher| teacher.name.clone());
    Ok(Json(names.collect()))
}
