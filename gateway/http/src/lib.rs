//! The gateway: HTTP, SSE and WebSocket in front of the engine.
//!
//! Lives here: parse, ask, answer. A handler turns a request into one question to the engine or the
//! store and its answer into one of the shapes of `forecourt-wire`; it decides nothing. Authentication is
//! an extractor argument, limits stand before the work, errors are [`problem::Problem`]s made in one
//! place.
//!
//! May depend on: core, ports, wire, actors. May be used by: the server.
//!
//! # Where to start reading
//! [`routes`](configure) lists every address; [`messages`] shows an endpoint; [`feed`] is the event stream
//! of a session, [`live`] the socket of the dashboard.
//!
//! # Invariants
//! - **A1** a 2xx, an event and a frame are sent after the commit, never before;
//! - **A8** the tenant comes from a verified token or cookie, or from the address of a public page; never
//!   from a body, and an id of another tenant is answered like an id that never was;
//! - **A9** bodies, queues, streams and sockets are bounded, and a refusal says when to come back;
//! - **A13**, **A14** no body, no contact detail and no secret is logged;
//! - what a client sends never leads to a 500.

mod assets;
mod attachments;
mod auth;
mod bookings;
mod calendars;
mod callbacks;
mod chunked;
mod client;
mod debug;
mod desk;
mod dev_mail;
mod docs;
mod events;
mod extract;
mod feed;
mod form;
mod gateway;
mod harden;
mod headers;
mod health;
mod html;
mod knowledge;
mod leads;
mod limits;
mod links;
mod live;
mod login;
mod messages;
mod names;
mod openapi;
mod origin;
mod platform;
mod preview;
mod problem;
mod public;
mod replies;
mod routes;
mod running;
mod scrape;
mod sessions;
mod takeover;
mod tokens;
mod tools;
mod trace;
mod turn;
mod unread;
mod unsubscribe;
mod upgrade;
mod vehicles;
mod webhooks;

pub use self::{
    calendars::CalendarDesk,
    desk::{Desk, TenantDesk},
    gateway::{Gateway, HttpConfig, Parts, RenderMetrics},
    harden::server,
    limits::{Limits, Rate},
    links::SignedLinks,
    openapi::document as openapi_document,
    preview::{Heard, NoStage, Stage, Stages},
    routes::configure,
    tokens::SigningKey,
    trace::Traces,
    webhooks::Hooks,
};
