//! `GET /problems/{code}`: what a code means and how to mend it.

use actix_web::{HttpResponse, web};

use super::{Answer, Code, Problem};
use crate::html;

pub(crate) async fn get(code: web::Path<String>) -> Answer {
    let code = Code::ALL.iter().find(|known| known.name() == *code);
    let code = code.ok_or_else(|| Problem::new(Code::NotFound))?;
    let body = format!(
        "<p class=\"lead\">{}.</p><p>{}</p><p class=\"note\">HTTP status {} · code <code>{}</code></p>",
        html::capitalised(code.detail()),
        html::Escaped(code.mend()),
        code.status().as_u16(),
        code.name(),
    );
    Ok(html::page(HttpResponse::Ok(), "en", code.title(), &body))
}
