//! The templates of this crate, and how they write values: escaped in HTML, as they are in text.

use std::{borrow::Cow, sync::LazyLock};

use minijinja::{
    AutoEscape, Environment, Error, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde,
};
use serde::Serialize;

/// Renders template `name` with `view`, by ending: `txt` or `html`.
pub(super) fn renderer(
    name: &str,
    view: &impl Serialize,
) -> impl Fn(&str) -> Result<String, Error> {
    let view = Value::from(Serde(view));
    move |ending| TEMPLATES.get_template(&format!("{name}.{ending}"))?.render(&view)
}

/// Read once.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    environment().expect("the templates are part of the program and are read by every test")
});

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Templates named `.html` escape; the built-in formatter also escapes `/`, which is needless and unreadable in links.
    environment.set_formatter(|out, state, value| {
        // Nearly all values are texts already.
        let text = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
        let text = match state.auto_escape() {
            AutoEscape::None => text,
            _ => Cow::Owned(escaped(&text)),
        };
        out.write_str(&text).map_err(Error::from)
    });
    for (name, source) in [
        ("frame.html", include_str!("../../templates/frame.html")),
        ("answer.html", include_str!("../../templates/answer.html")),
        ("answer.txt", include_str!("../../templates/answer.txt")),
        ("alert.html", include_str!("../../templates/alert.html")),
        ("alert.txt", include_str!("../../templates/alert.txt")),
    ] {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
