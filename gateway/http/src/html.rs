//! The few pages that the gateway writes itself: escaped, without scripts, under a strict policy.

use std::fmt;

use actix_web::{HttpResponse, HttpResponseBuilder, http::header};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Text made safe to stand in HTML, in content and in quoted attributes.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

/// Adds formatted text. Writing to a string cannot fail.
pub(crate) fn append(out: &mut String, text: fmt::Arguments<'_>) {
    out.push_str(&text.to_string());
}

/// A sentence that begins with a capital, escaped.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    Escaped(&format!("{first}{}", chars.as_str())).to_string()
}

/// A fresh nonce for one answer's policy. It only has to be unguessable, never reproducible, so it does
/// not come from a port.
pub(crate) fn nonce() -> String {
    STANDARD.encode(rand::random::<[u8; 16]>())
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#16202c;--soft:#5a6775;--line:#d9dfe6;--ground:#fff;--tint:#f4f6f9;--link:#0b57d0}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#a2afbd;--line:#33404d;--ground:#12181f;--tint:#1b232c;--link:#8ab4f8}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem}h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}
h2{font-size:1.1rem;margin:2rem 0 .5rem}a{color:var(--link)}.lead{font-size:1.1rem}.note{color:var(--soft)}
code,pre{font:.9em/1.5 ui-monospace,monospace;background:var(--tint);border-radius:4px}code{padding:.1em .3em}
pre{padding:1rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}th,td{text-align:start;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600}iframe{width:100%;height:32rem;border:1px solid var(--line);border-radius:6px;background:#fff}
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:6px;background:var(--link);color:var(--ground);cursor:pointer}
button:focus-visible,a:focus-visible{outline:3px solid var(--link);outline-offset:2px}
@media (max-width:40rem){td,th{display:block;border:0;padding:.15rem 0}tr{display:block;border-bottom:1px solid var(--line);padding:.5rem 0}}
";

/// A whole page. `title` is escaped here, `body` is HTML.
pub(crate) fn page(
    mut response: HttpResponseBuilder,
    lang: &str,
    title: &str,
    body: &str,
) -> HttpResponse {
    let nonce = nonce();
    let title = Escaped(title);
    let dir = if lang == "ar" { "rtl" } else { "ltr" };
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            format!(
                "default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
        ))
        .body(format!(
            "<!doctype html><html lang=\"{lang}\" dir=\"{dir}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title} · Forecourt</title><style nonce=\"{nonce}\">{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place_in_the_page() {
        let text = Escaped("<img src=x onerror=\"alert('1')\"> & ok").to_string();
        assert_eq!(text, "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; ok");
        assert_eq!(capitalised("éa<b"), "Éa&lt;b");
    }
}
