//! Every address, what it knows, and who answers.
//!
//! What is documented of them stands in [`crate::openapi`]; a test compares the two.

use actix_web::{
    Error, HttpRequest, HttpResponse, Resource, Route,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    guard,
    http::{Method, StatusCode, header},
    middleware::{Compress, Next, from_fn},
    web::{self, ServiceConfig},
};

use crate::{
    assets, attachments, bookings,
    calendars::{consent, hook, staff as calendars},
    callbacks, debug, dev_mail, docs, events, form,
    gateway::Gateway,
    health, knowledge, leads, live, login, messages, openapi, origin, preview,
    problem::{self, Code, Problem},
    public, replies, running, scrape, sessions, tools, trace, unread, unsubscribe, vehicles,
    webhooks::{calls, endpoints},
};

/// Adds the gateway to an application: all routes, and what stands around them.
pub fn configure(config: &mut ServiceConfig, gateway: Gateway) {
    let echo = gateway.0.config.echo;
    config.app_data(web::Data::new(gateway));
    let mut all = web::scope("")
        .wrap(Compress::default())
        .wrap(from_fn(trace::trace))
        .wrap(from_fn(unread::hold))
        // What a tenant's own pages call.
        .service(
            exposed("/v1/webhooks/form/{tenant}", "POST, OPTIONS")
                .route(web::post().to(form::post))
                .route(web::method(Method::OPTIONS).to(form::preflight)),
        )
        .service(
            exposed("/v1/sessions", "POST, OPTIONS")
                .route(web::post().to(sessions::open))
                .route(preflight("POST, OPTIONS")),
        )
        .service(
            exposed("/v1/sessions/{session}", "GET, OPTIONS")
                .route(web::get().to(sessions::get))
                .route(preflight("GET, OPTIONS")),
        )
        .service(
            exposed("/v1/sessions/{session}/messages", "POST, OPTIONS")
                .route(web::post().to(messages::post))
                .route(preflight("POST, OPTIONS")),
        )
        .service(
            exposed("/v1/sessions/{session}/attachments", "POST, OPTIONS")
                .route(web::post().to(attachments::announce))
                .route(preflight("POST, OPTIONS")),
        )
        .service(
            exposed("/v1/sessions/{session}/attachments/{attachment}", "GET, PUT, DELETE, OPTIONS")
                .route(web::get().to(attachments::get))
                .route(web::put().to(attachments::upload))
                .route(web::delete().to(attachments::cancel))
                .route(preflight("GET, PUT, DELETE, OPTIONS")),
        )
        .service(
            exposed("/v1/sessions/{session}/typing", "POST, OPTIONS")
                .route(web::post().to(sessions::typing))
                .route(preflight("POST, OPTIONS")),
        )
        .service(
            exposed("/v1/sessions/{session}/seen", "POST, OPTIONS")
                .route(web::post().to(sessions::seen))
                .route(preflight("POST, OPTIONS")),
        )
        .service(
            exposed("/v1/sessions/{session}/events", "GET, OPTIONS")
                .route(web::get().to(events::get))
                .route(preflight("GET, OPTIONS")),
        )
        .service(
            exposed("/v1/public/tenant", "GET, OPTIONS")
                .route(web::get().to(public::tenant))
                .route(preflight("GET, OPTIONS")),
        )
        .service(at("/v1/public/demo", "GET").route(web::get().to(public::demo)))
        // Staff.
        .service(at("/v1/login", "POST").route(web::post().to(login::login)))
        .service(at("/v1/logout", "POST").route(web::post().to(login::logout)))
        .service(at("/v1/me", "GET").route(web::get().to(login::me)))
        .service(at("/v1/leads", "GET").route(web::get().to(leads::list)))
        .service(at("/v1/leads/{lead}", "GET").route(web::get().to(leads::get)))
        .service(
            at("/v1/sessions/{session}/takeover", "POST")
                .route(web::post().to(sessions::take_over)),
        )
        .service(
            at("/v1/sessions/{session}/release", "POST").route(web::post().to(sessions::release)),
        )
        .service(
            at("/v1/sessions/{session}/call/times", "GET").route(web::get().to(callbacks::times)),
        )
        .service(at("/v1/sessions/{session}/call", "PUT").route(web::put().to(callbacks::agree)))
        .service(
            at("/v1/sessions/{session}/call/end", "POST").route(web::post().to(callbacks::end)),
        )
        .service(
            at("/v1/sessions/{session}/messages/{message}/rating", "PUT, DELETE")
                .route(web::put().to(replies::rate))
                .route(web::delete().to(replies::unrate)),
        )
        .service(at("/v1/reports/replies", "GET").route(web::get().to(replies::report)))
        .service(at("/v1/deliveries", "GET").route(web::get().to(running::deliveries::list)))
        .service(at("/v1/deliveries/replay", "POST").route(web::post().to(running::replays::many)))
        .service(
            at("/v1/deliveries/{delivery}", "GET").route(web::get().to(running::deliveries::get)),
        )
        .service(
            at("/v1/deliveries/{delivery}/replay", "POST")
                .route(web::post().to(running::replays::one)),
        )
        .service(at("/v1/providers", "GET").route(web::get().to(running::deliveries::providers)))
        .service(at("/v1/timers", "GET").route(web::get().to(running::timers::list)))
        .service(
            at("/v1/timers/{session}/{kind}/cancel", "POST")
                .route(web::post().to(running::timers::cancel)),
        )
        .service(
            at("/v1/webhooks/endpoints", "GET, POST")
                .route(web::get().to(endpoints::list))
                .route(web::post().to(endpoints::create)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}", "GET, PUT, DELETE")
                .route(web::get().to(endpoints::get))
                .route(web::put().to(endpoints::put))
                .route(web::delete().to(endpoints::delete)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}/pause", "POST")
                .route(web::post().to(endpoints::pause)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}/resume", "POST")
                .route(web::post().to(endpoints::resume)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}/rotate", "POST")
                .route(web::post().to(endpoints::rotate)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}/test", "POST")
                .route(web::post().to(endpoints::test)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}/calls", "GET").route(web::get().to(calls::list)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}/calls/{number}", "GET")
                .route(web::get().to(calls::get)),
        )
        .service(
            at("/v1/webhooks/endpoints/{endpoint}/replay", "POST")
                .route(web::post().to(calls::replay)),
        )
        // What the assistant may say.
        .service(
            at("/v1/knowledge/services", "GET, POST")
                .route(web::get().to(knowledge::entries::list))
                .route(web::post().to(knowledge::entries::create)),
        )
        .service(
            at("/v1/knowledge/services/{entry}", "GET, PUT, DELETE")
                .route(web::get().to(knowledge::entries::get))
                .route(web::put().to(knowledge::entries::put))
                .route(web::delete().to(knowledge::entries::delete)),
        )
        .service(
            at("/v1/knowledge/services/{entry}/restore", "POST")
                .route(web::post().to(knowledge::entries::restore)),
        )
        .service(
            at("/v1/knowledge/services/{entry}/history", "GET")
                .route(web::get().to(knowledge::entries::history)),
        )
        .service(
            at("/v1/knowledge/faqs", "GET, POST")
                .route(web::get().to(knowledge::entries::list))
                .route(web::post().to(knowledge::entries::create)),
        )
        .service(
            at("/v1/knowledge/faqs/{entry}", "GET, PUT, DELETE")
                .route(web::get().to(knowledge::entries::get))
                .route(web::put().to(knowledge::entries::put))
                .route(web::delete().to(knowledge::entries::delete)),
        )
        .service(
            at("/v1/knowledge/faqs/{entry}/restore", "POST")
                .route(web::post().to(knowledge::entries::restore)),
        )
        .service(
            at("/v1/knowledge/faqs/{entry}/history", "GET")
                .route(web::get().to(knowledge::entries::history)),
        )
        .service(
            at("/v1/knowledge/policies", "GET, POST")
                .route(web::get().to(knowledge::entries::list))
                .route(web::post().to(knowledge::entries::create)),
        )
        .service(
            at("/v1/knowledge/policies/{entry}", "GET, PUT, DELETE")
                .route(web::get().to(knowledge::entries::get))
                .route(web::put().to(knowledge::entries::put))
                .route(web::delete().to(knowledge::entries::delete)),
        )
        .service(
            at("/v1/knowledge/policies/{entry}/restore", "POST")
                .route(web::post().to(knowledge::entries::restore)),
        )
        .service(
            at("/v1/knowledge/policies/{entry}/history", "GET")
                .route(web::get().to(knowledge::entries::history)),
        )
        .service(
            at("/v1/knowledge/profile", "GET, PUT")
                .route(web::get().to(knowledge::profile::get))
                .route(web::put().to(knowledge::profile::put)),
        )
        .service(
            at("/v1/knowledge/profile/history", "GET")
                .route(web::get().to(knowledge::profile::history)),
        )
        .service(
            at("/v1/knowledge/hours", "GET, PUT")
                .route(web::get().to(knowledge::profile::hours))
                .route(web::put().to(knowledge::profile::put_hours)),
        )
        .service(
            at("/v1/knowledge/bookings", "GET, PUT")
                .route(web::get().to(knowledge::profile::bookings))
                .route(web::put().to(knowledge::profile::put_bookings)),
        )
        .service(
            at("/v1/knowledge/hours/history", "GET")
                .route(web::get().to(knowledge::profile::hours_history)),
        )
        .service(
            at("/v1/tools", "GET, POST")
                .route(web::get().to(tools::list))
                .route(web::post().to(tools::create)),
        )
        .service(
            at("/v1/tools/{tool}", "GET, PUT, DELETE")
                .route(web::get().to(tools::get))
                .route(web::put().to(tools::put))
                .route(web::delete().to(tools::delete)),
        )
        .service(
            at("/v1/preview", "GET, POST, DELETE")
                .route(web::get().to(preview::staff::get))
                .route(web::post().to(preview::staff::start))
                .route(web::delete().to(preview::staff::end)),
        )
        .service(at("/v1/preview/messages", "POST").route(web::post().to(preview::staff::post)))
        .service(at("/v1/preview/events", "GET").route(web::get().to(preview::staff::events)))
        .service(at("/v1/preview/readiness", "GET").route(web::get().to(preview::staff::readiness)))
        .service(at("/v1/tools/{tool}/versions", "GET").route(web::get().to(tools::versions)))
        .service(at("/v1/tools/{tool}/calls", "GET").route(web::get().to(tools::calls)))
        .service(at("/v1/tools/{tool}/try", "POST").route(web::post().to(tools::try_it)))
        .service(at("/v1/knowledge/search", "GET").route(web::get().to(knowledge::search)))
        .service(
            at("/v1/knowledge/unanswered", "GET").route(web::get().to(knowledge::questions::list)),
        )
        .service(
            at("/v1/knowledge/unanswered/{question}/dismiss", "POST")
                .route(web::post().to(knowledge::questions::dismiss)),
        )
        .service(
            at("/v1/knowledge/unanswered/{question}/reopen", "POST")
                .route(web::post().to(knowledge::questions::reopen)),
        )
        .service(
            at("/v1/knowledge/websites", "GET, POST")
                .route(web::get().to(knowledge::websites::list))
                .route(web::post().to(knowledge::websites::add)),
        )
        .service(
            at("/v1/knowledge/websites/{website}", "DELETE")
                .route(web::delete().to(knowledge::websites::delete)),
        )
        .service(
            at("/v1/knowledge/websites/{website}/read", "POST")
                .route(web::post().to(knowledge::websites::read)),
        )
        .service(
            at("/v1/sessions/{session}/grounds", "GET").route(web::get().to(knowledge::grounds)),
        )
        // Appointments.
        .service(
            at("/v1/resources", "GET, POST")
                .route(web::get().to(bookings::resources::list))
                .route(web::post().to(bookings::resources::create)),
        )
        .service(
            at("/v1/resources/{resource}", "GET, PUT")
                .route(web::get().to(bookings::resources::get))
                .route(web::put().to(bookings::resources::put)),
        )
        .service(
            at("/v1/resources/{resource}/blocks", "GET, POST")
                .route(web::get().to(bookings::resources::blocks))
                .route(web::post().to(bookings::resources::block)),
        )
        .service(
            at("/v1/resources/{resource}/blocks/{block}", "DELETE")
                .route(web::delete().to(bookings::resources::unblock)),
        )
        .service(at("/v1/services", "GET").route(web::get().to(bookings::resources::services)))
        .service(
            at("/v1/services/{service}/terms", "PUT")
                .route(web::put().to(bookings::resources::terms)),
        )
        .service(
            at("/v1/bookings", "GET, POST")
                .route(web::get().to(bookings::staff::list))
                .route(web::post().to(bookings::staff::hold)),
        )
        .service(at("/v1/bookings/{booking}", "GET").route(web::get().to(bookings::staff::get)))
        .service(
            at("/v1/bookings/{booking}/confirm", "POST")
                .route(web::post().to(bookings::staff::confirm)),
        )
        .service(
            at("/v1/bookings/{booking}/reschedule", "POST")
                .route(web::post().to(bookings::staff::reschedule)),
        )
        .service(
            at("/v1/bookings/{booking}/cancel", "POST")
                .route(web::post().to(bookings::staff::cancel)),
        )
        .service(
            at("/v1/bookings/{booking}/no-show", "POST")
                .route(web::post().to(bookings::staff::no_show)),
        )
        .service(
            at("/v1/waits", "GET, POST")
                .route(web::get().to(bookings::waits::list))
                .route(web::post().to(bookings::waits::add)),
        )
        .service(at("/v1/waits/{wait}", "DELETE").route(web::delete().to(bookings::waits::remove)))
        .service(
            exposed("/v1/public/slots", "GET, OPTIONS")
                .route(web::get().to(bookings::customers::slots))
                .route(preflight("GET, OPTIONS")),
        )
        .service(
            at("/v1/public/bookings/find", "POST").route(web::post().to(bookings::codes::find)),
        )
        .service(
            at("/v1/public/bookings/code", "POST").route(web::post().to(bookings::codes::prove)),
        )
        .service(
            at("/v1/public/bookings/{token}", "GET").route(web::get().to(bookings::customers::get)),
        )
        .service(
            at("/v1/public/bookings/{token}/invitation.ics", "GET")
                .route(web::get().to(bookings::customers::invitation)),
        )
        .service(
            at("/v1/public/bookings/{token}/cancel", "POST")
                .route(web::post().to(bookings::customers::cancel)),
        )
        .service(
            at("/v1/public/bookings/{token}/confirm", "POST")
                .route(web::post().to(bookings::customers::confirm)),
        )
        .service(
            at("/v1/public/bookings/{token}/reschedule", "POST")
                .route(web::post().to(bookings::customers::reschedule)),
        )
        // Other people's calendars.
        .service(
            at("/v1/calendars", "GET, POST")
                .route(web::get().to(calendars::list))
                .route(web::post().to(calendars::connect)),
        )
        .service(at("/v1/calendars/consent", "POST").route(web::post().to(consent::ask)))
        .service(at("/v1/calendars/callback", "GET").route(web::get().to(consent::callback)))
        .service(
            at("/v1/calendars/{calendar}", "GET, PUT, DELETE")
                .route(web::get().to(calendars::get))
                .route(web::put().to(calendars::choose))
                .route(web::delete().to(calendars::delete)),
        )
        .service(
            at("/v1/calendars/{calendar}/check", "POST").route(web::post().to(calendars::check)),
        )
        .service(
            at("/v1/calendars/{calendar}/credentials", "PUT")
                .route(web::put().to(calendars::reconnect)),
        )
        .service(at("/v1/hooks/cal/{calendar}", "POST").route(web::post().to(hook::post)))
        // Vehicles.
        .service(
            at("/v1/vehicles", "GET, POST")
                .route(web::get().to(vehicles::staff::list))
                .route(web::post().to(vehicles::staff::create)),
        )
        .service(at("/v1/vehicles.csv", "GET").route(web::get().to(vehicles::files::export)))
        .service(at("/v1/vehicles/import", "POST").route(web::post().to(vehicles::files::preview)))
        .service(
            at("/v1/vehicles/import/{import}/commit", "POST")
                .route(web::post().to(vehicles::files::commit)),
        )
        .service(
            at("/v1/vehicles/{vehicle}", "GET, PATCH, DELETE")
                .route(web::get().to(vehicles::staff::get))
                .route(web::patch().to(vehicles::staff::change))
                .route(web::delete().to(vehicles::staff::delete)),
        )
        .service(
            at("/v1/vehicles/{vehicle}/restore", "POST")
                .route(web::post().to(vehicles::staff::restore)),
        )
        .service(
            at("/v1/vehicles/{vehicle}/status", "POST")
                .route(web::post().to(vehicles::staff::set_status)),
        )
        .service(
            at("/v1/vehicles/{vehicle}/history", "GET")
                .route(web::get().to(vehicles::staff::history)),
        )
        .service(
            at("/v1/vehicles/{vehicle}/photos", "POST")
                .route(web::post().to(vehicles::photos::upload)),
        )
        .service(
            at("/v1/vehicles/{vehicle}/photos/{photo}", "DELETE")
                .route(web::delete().to(vehicles::photos::delete)),
        )
        .service(
            exposed("/v1/public/photos/{photo}", "GET, OPTIONS")
                .route(web::get().to(vehicles::photos::get))
                .route(preflight("GET, OPTIONS")),
        )
        .service(
            exposed("/v1/public/{tenant}/vehicles", "GET, OPTIONS")
                .route(web::get().to(vehicles::public::list))
                .route(preflight("GET, OPTIONS")),
        )
        .service(at("/v1/live", "GET").route(web::get().to(live::live)))
        .service(at("/v1/live/ticket", "POST").route(web::post().to(live::ticket)))
        // Mail.
        .service(
            at("/u/{token}", "GET, HEAD, POST")
                .route(read().to(unsubscribe::get))
                .route(web::post().to(unsubscribe::post)),
        )
        .service(at("/dev/mail", "GET, HEAD").route(read().to(dev_mail::list)))
        .service(at("/dev/mail.json", "GET, HEAD").route(read().to(dev_mail::json)))
        .service(at("/dev/mail/{id}", "GET, HEAD").route(read().to(dev_mail::show)))
        .service(at("/dev/mail/{id}/html", "GET, HEAD").route(read().to(dev_mail::html_part)))
        .service(at("/dev/mail/{id}/raw", "GET, HEAD").route(read().to(dev_mail::raw)))
        // Operations.
        .service(at("/healthz", "GET, HEAD").route(read().to(health::alive)))
        .service(at("/readyz", "GET, HEAD").route(read().to(health::ready)))
        .service(at("/metrics", "GET").route(web::get().to(scrape::get)))
        .service(at("/debug/actors", "GET, HEAD").route(read().to(debug::actors)))
        .service(at("/openapi.json", "GET, HEAD").route(read().to(openapi::get)))
        .service(at("/docs", "GET, HEAD").route(read().to(docs::get)))
        .service(at("/problems/{code}", "GET, HEAD").route(read().to(problem::page::get)))
        // Pages.
        .service(at("/", "GET, HEAD").route(read().to(assets::landing)))
        .service(at("/widget.js", "GET, HEAD").route(read().to(assets::widget)))
        .service(at("/widget-files.js", "GET, HEAD").route(read().to(assets::widget_files)))
        .service(at("/widget-later.js", "GET, HEAD").route(read().to(assets::widget_later)))
        .service(at("/sdk.js", "GET, HEAD").route(read().to(assets::sdk)))
        .service(at("/app", "GET, HEAD").route(read().to(to_app)))
        .service(at("/app/sessions/{session}", "GET, HEAD").route(read().to(assets::conversation)))
        .service(at("/app/{path:.*}", "GET, HEAD").route(read().to(assets::app)))
        .service(at("/demo/assets/{file:.*}", "GET, HEAD").route(read().to(assets::asset)))
        .service(at("/demo/{slug}", "GET, HEAD").route(read().to(assets::demo)))
        .service(at("/booking", "GET, HEAD").route(read().to(assets::booking)))
        .service(at("/booking/assets/{file:.*}", "GET, HEAD").route(read().to(assets::asset)))
        .service(at("/booking/{token}", "GET, HEAD").route(read().to(assets::booking)))
        .service(at("/assets/{file:.*}", "GET, HEAD").route(read().to(assets::asset)))
        .service(
            at(r"/{file:[A-Za-z0-9_-]+\.(svg|ico|png|txt|webmanifest|woff2)}", "GET, HEAD")
                .route(read().to(assets::asset)),
        );
    if echo {
        all = all.service(at("/v1/test/echo", "GET").route(web::get().to(live::echo)));
    }
    config.service(all.default_service(web::to(problem::not_found)));
}

/// A resource that answers other methods with 405 and those it knows.
fn at(path: &str, methods: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<HttpResponse, _>(Problem::new(Code::MethodNotAllowed).allow(methods.to_owned()))
    }))
}

/// GET, and HEAD with the same headers.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A resource that other pages may call: they may read its answers.
fn exposed(
    path: &str,
    methods: &'static str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    at(path, methods).wrap(from_fn(expose))
}

/// A browser asks first whether a page may call.
fn preflight(methods: &'static str) -> Route {
    web::method(Method::OPTIONS)
        .to(move |request: HttpRequest| async move { origin::preflight(&request, methods) })
}

async fn expose(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let refused = response.status() == StatusCode::FORBIDDEN;
    let http_request = response.request().clone();
    origin::expose(&http_request, refused, response.headers_mut());
    Ok(response)
}

async fn to_app() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/app/")).finish()
}
