//! The template engine, with the functions and the filter that templates may call.

use std::sync::Arc;

use tera::{Kwargs, State, Tera, TeraResult, Value};

use crate::assets::Assets;
use crate::source::Files;

/// Parses the templates and resolves what they refer to.
///
/// Functions are registered first, because Tera checks references while it parses.
pub fn engine(templates: &Files, assets: &Arc<Assets>, public_url: &str) -> TeraResult<Tera> {
    let mut tera = Tera::new();
    let (assets, base) = (Arc::clone(assets), public_url.to_owned());
    tera.register_function("asset", move |arguments: Kwargs, _: &State<'_>| {
        asset(&assets, arguments.must_get("path")?)
    });
    tera.register_function("absolute", move |arguments: Kwargs, _: &State<'_>| {
        absolute(&base, arguments.must_get("path")?)
    });
    tera.register_filter("json", json);
    let texts: Vec<_> = templates
        .iter()
        .map(|(name, text)| (name, String::from_utf8_lossy(text)))
        .collect();
    tera.add_raw_templates(texts.iter().map(|(name, text)| (name.as_str(), text.as_ref())))?;
    Ok(tera)
}

/// `asset(path="css/site.css")` → `/static/css/site.1a2b3c4d.css`
fn asset(assets: &Assets, path: &str) -> TeraResult<String> {
    let missing = || tera::Error::message(format!("there is no file `{path}` below static/"));
    assets.url(path).ok_or_else(missing)
}

/// `absolute(path="/about")` → `https://www.example.com/about`
fn absolute(public_url: &str, path: &str) -> TeraResult<String> {
    if !path.starts_with('/') {
        return Err(tera::Error::message(format!("`{path}` does not start with `/`")));
    }
    Ok(format!("{public_url}{path}"))
}

/// `{{ title | json | safe }}`: a value as JSON that may stand inside a `script` element, which ends at `</script`
/// wherever that stands.
fn json(value: &Value, _: Kwargs, _: &State<'_>) -> TeraResult<String> {
    let text = serde_json::to_string(value)
        .map_err(|error| tera::Error::chain("this value cannot be written as JSON", error))?;
    Ok(text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026"))
}

#[cfg(test)]
mod tests;
