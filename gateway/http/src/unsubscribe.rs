//! `/u/{token}`: no more mail. `GET` asks, so that a mail scanner that opens links changes nothing; `POST`
//! does it, from the page or by a mail program's one click (RFC 8058).

use actix_web::{HttpRequest, HttpResponse, web};
use forecourt_core::lang::Lang;

use crate::{
    client,
    gateway::Gateway,
    html,
    limits::Network,
    problem::{Answer, Code, Problem},
};

struct Words {
    title: &'static str,
    ask: &'static str,
    button: &'static str,
    done_title: &'static str,
    done: &'static str,
}

const fn words(lang: Lang) -> Words {
    match lang {
        Lang::Nb => Words {
            title: "Avslutte e-post",
            ask: "Vil du ikke lenger ha e-post om henvendelsen din fra",
            button: "Ikke send meg mer e-post",
            done_title: "Du får ikke mer e-post",
            done: "Vi sender deg ikke flere e-poster om denne henvendelsen. Skriver du til oss igjen, svarer vi deg.",
        },
        Lang::Fr => Words {
            title: "Ne plus recevoir d'e-mails",
            ask: "Ne souhaitez-vous plus recevoir d'e-mails au sujet de votre demande de la part de",
            button: "Ne plus m'envoyer d'e-mails",
            done_title: "Vous ne recevrez plus d'e-mails",
            done: "Nous ne vous enverrons plus d'e-mails au sujet de cette demande. Si vous nous écrivez à nouveau, nous vous répondrons.",
        },
        Lang::En => Words {
            title: "Stop e-mails",
            ask: "Do you no longer want e-mails about your enquiry from",
            button: "Send me no more e-mails",
            done_title: "You will get no more e-mails",
            done: "We will send you no more e-mails about this enquiry. If you write to us again, we will answer you.",
        },
        Lang::Ar => Words {
            title: "إيقاف رسائل البريد الإلكتروني",
            ask: "ألا ترغب في تلقي المزيد من الرسائل حول استفسارك من",
            button: "لا ترسلوا لي المزيد من الرسائل",
            done_title: "لن تصلك رسائل أخرى",
            done: "لن نرسل إليك المزيد من الرسائل حول هذا الاستفسار. إذا راسلتنا مرة أخرى فسنرد عليك.",
        },
    }
}

pub(crate) async fn get(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    token: web::Path<String>,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let (tenant, _) = opened(&gateway, &token)?;
    let tenant = state.desk.tenant_by_id(tenant).await?;
    let settings = tenant.ok_or_else(|| Problem::new(Code::NotFound))?.snapshot().settings.clone();
    let lang = settings.default_language();
    let words = words(lang);
    let body = format!(
        "<p class=\"lead\">{} {}?</p><form method=\"post\"><button>{}</button></form>",
        words.ask,
        html::Escaped(&settings.brand.name),
        words.button
    );
    Ok(html::page(HttpResponse::Ok(), lang.tag(), words.title, &body))
}

/// The body is `List-Unsubscribe=One-Click` or nothing, and is not read: the link says it all.
pub(crate) async fn post(
    request: HttpRequest,
    gateway: web::Data<Gateway>,
    token: web::Path<String>,
) -> Answer {
    let state = &gateway.0;
    state.limiters.public_ip.check(&Network::from(client::ip(&request))).await?;
    let (tenant_id, session) = opened(&gateway, &token)?;
    let tenant = state.desk.tenant_by_id(tenant_id).await?;
    let tenant = tenant.ok_or_else(|| Problem::new(Code::NotFound))?;
    state.store.unsubscribe(tenant_id, session, state.clock.now()).await?;
    let lang = tenant.snapshot().settings.default_language();
    let words = words(lang);
    let body = format!("<p class=\"lead\">{}</p>", words.done);
    Ok(html::page(HttpResponse::Ok(), lang.tag(), words.done_title, &body))
}

fn opened(
    gateway: &Gateway,
    token: &str,
) -> Result<(forecourt_core::id::TenantId, forecourt_core::id::SessionId), Problem> {
    gateway.0.sealer.open_unsubscribe(token).ok_or_else(|| Problem::new(Code::NotFound))
}
