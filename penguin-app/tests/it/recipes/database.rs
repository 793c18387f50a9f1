use anyhow::Context as _;
use axum::Extension;
use penguin_app::error::AppError;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

/// At start, before the port is opened: a broken database stops the start.
pub async fn open(file: &std::path::Path) -> anyhow::Result<SqlitePool> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS visits (page TEXT NOT NULL)")
        .execute(&pool)
        .await?;
    Ok(pool)
}

/// In a handler: `?` turns a database error into a 500 that is logged once and tells the client nothing.
pub async fn count_visit(Extension(pool): Extension<SqlitePool>) -> Result<String, AppError> {
    let insert = sqlx::query("INSERT INTO visits (page) VALUES (?)").bind("/visits");
    insert.execute(&pool).await.context("cannot count the visit")?;
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM visits")
        .fetch_one(&pool)
        .await
        .context("cannot read the visits")?;
    Ok(count.to_string())
}
