//! Answers every `POST` with a constant decision, as soon as the body has been read. The address is the argument.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

async fn decide(body: Bytes) -> impl IntoResponse {
    let answer = if body.is_empty() { "{}\n" } else { "{\"result\":true}\n" };
    ([(CONTENT_TYPE, "application/json")], answer)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, Router::new().fallback(decide)).await
}
