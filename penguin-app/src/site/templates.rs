//! The template engine with the functions and the filter that our templates may call.
//!
//! It must not know which pages there are.

use std::sync::Arc;

use tera::{Kwargs, State, Tera, TeraResult, Value};

use crate::assets::Assets;

/// Reads the templates and resolves what they refer to.
///
/// Functions are registered first: Tera checks references while it loads.
pub fn engine(
    templates: &[(String, String)],
    assets: &Arc<Assets>,
    public_url: &str,
) -> Result<Tera, tera::Error> {
    let mut tera = Tera::new();
    let known_assets = Arc::clone(assets);
    tera.register_function("asset", move |arguments: Kwargs, _: &State<'_>| {
        asset(&known_assets, &arguments)
    });
    let base = public_url.to_owned();
    tera.register_function("absolute", move |arguments: Kwargs, _: &State<'_>| {
        absolute(&base, &arguments)
    });
    tera.register_filter("json", json);
    tera.add_raw_templates(
        templates
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    )?;
    Ok(tera)
}

/// `asset(path="css/site.css")` → `/static/css/site.1a2b3c4d.css`
fn asset(assets: &Assets, arguments: &Kwargs) -> TeraResult<String> {
    let path: &str = arguments.must_get("path")?;
    assets.url(path).ok_or_else(|| {
        let hint = nearest(path, &assets.names())
            .map(|name| format!(" (there is `{name}`)"))
            .unwrap_or_default();
        tera::Error::message(format!("there is no file `{path}` below static/{hint}"))
    })
}

/// `absolute(path="/about")` → `https://www.example.com/about`
fn absolute(public_url: &str, arguments: &Kwargs) -> TeraResult<String> {
    let path: &str = arguments.must_get("path")?;
    if !path.starts_with('/') {
        return Err(tera::Error::message(format!(
            "`{path}` does not start with `/`, so no address can be made of it"
        )));
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

/// The name that was probably meant: the same file elsewhere, or the same path with another ending.
fn nearest<'a>(wanted: &str, names: &[&'a str]) -> Option<&'a str> {
    let file = wanted.rsplit('/').next().unwrap_or(wanted);
    let stem = wanted.rsplit_once('.').map_or(wanted, |(stem, _)| stem);
    names
        .iter()
        .find(|name| {
            name.rsplit('/').next() == Some(file) || name.rsplit_once('.').map(|(s, _)| s) == Some(stem)
        })
        .copied()
}

#[cfg(test)]
mod tests;
