//! `GET /docs`: the API on one readable page, from the same table as the OpenAPI document.

use actix_web::HttpResponse;

use crate::{
    html::{self, Escaped},
    openapi::{self, Operation},
    problem::Answer,
};

const TAGS: [&str; 6] = ["Public", "Widget", "Staff", "Running", "Mail", "Operations"];

pub(crate) async fn get() -> Answer {
    let mut body = String::from(
        "<p class=\"lead\">Everything the engine answers to. The same for programs: <a href=\"/openapi.json\">openapi.json</a>.</p><p>Put a chat on a website with one line: <code>&lt;script src=\"/widget.js\" data-tenant=\"…\" async&gt;&lt;/script&gt;</code></p>",
    );
    for tag in TAGS {
        html::append(
            &mut body,
            format_args!(
                "<h2>{tag}</h2><table><thead><tr><th>Operation</th><th>What it does</th><th>Who</th></tr></thead><tbody>"
            ),
        );
        for operation in openapi::all().filter(|operation| operation.tag == tag) {
            row(&mut body, operation);
        }
        body.push_str("</tbody></table>");
    }
    Ok(html::page(HttpResponse::Ok(), "en", "API", &body))
}

fn row(body: &mut String, operation: &Operation) {
    let mut codes: Vec<String> =
        operation.good.iter().map(|good| good.status.to_string()).collect();
    codes.extend(operation.bad.iter().map(|code| {
        format!("<a href=\"/problems/{0}\">{1} {0}</a>", code.name(), code.status().as_u16())
    }));
    html::append(
        body,
        format_args!(
            "<tr><td><code>{} {}</code></td><td><strong>{}.</strong> {}<br><span class=\"note\">{}</span></td><td>{}</td></tr>",
            operation.method,
            Escaped(operation.path),
            Escaped(operation.summary),
            Escaped(operation.about),
            codes.join(" · "),
            operation.who.least()
        ),
    );
}
