//! The socket: actix-web-actors on one side, [`Protocol`] on the other. No other file names either, so that
//! one can be replaced by changing this file alone.
//!
//! The actor answers frames; what the room tells goes past it, over the same [`Line`]. A jammed socket stops its
//! actor from being polled at all, its heartbeat included. So the line notices, by what waits on it, and
//! `TCP_USER_TIMEOUT` frees the socket (see `harden`).

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, Handler, StreamHandler,
    WrapFuture as _,
};
use actix_http::ws::{Codec, Item};
use actix_web::{HttpRequest, rt::net::TcpStream};
use actix_web_actors::ws::{
    CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, handshake_with_protocols,
};
use bytes::Bytes;
use forecourt_ports::{presence::Person, store::Role};
use forecourt_wire::HelloFrame;

use super::{
    answer::{Then, answer},
    ask::Ask,
    catch_up::catch_up,
    echo::Echo,
    guard::FrameGuard,
    line::{Incoming, Line},
    lobby::Guest,
    outlet::{OnTheWay, Outlet},
    protocol::{Act, MAX_MESSAGE, Piece, Protocol, close, later},
    reply::Reply,
    room::{Listener, Push},
    seat::Seat,
    watch::Look,
};
use crate::{
    auth::Staff,
    gateway::Gateway,
    problem::{Answer, Code, Problem},
    upgrade::{Handover, is_upgradable},
};

/// The subprotocol we speak.
const SUBPROTOCOL: &[&str] = &["forecourt.v1"];
/// A client that has not said hello by then is closed.
const HELLO_WITHIN: Duration = Duration::from_secs(5);
const BEAT: Duration = Duration::from_secs(15);
/// Bytes that the kernel keeps for a dashboard that does not read, beside what waits on its line. It would keep
/// megabytes for each.
const KERNEL: usize = 128 * 1024;
/// Snapshots and farewells that may wait for the actor.
const MAILBOX: usize = 32;

/// A live socket.
pub(crate) struct Live {
    gateway: Gateway,
    /// `None` when nobody is signed in: the socket is opened only to say so.
    staff: Option<Arc<Staff>>,
    line: Arc<Line>,
    on_the_way: OnTheWay,
    /// After the welcome.
    seat: Option<Seat>,
    look: Option<Look>,
    oversized: Rc<Cell<bool>>,
    closing: bool,
}

type Context = WebsocketContext<Live>;

/// Answers the upgrade and starts the socket.
pub(crate) fn start(request: &HttpRequest, gateway: &Gateway, staff: Option<Staff>) -> Answer {
    let (gateway, role) =
        (gateway.clone(), staff.as_ref().map_or(Role::Seller, |staff| staff.member.role));
    hand_over(request, SUBPROTOCOL, move |stream, first| async move {
        let protocol = Protocol::new(role, gateway.0.config.limits.live_frames.limiter());
        // Where it cannot be set, it is the kernel's own bound.
        let _as_it_is = socket2::SockRef::from(&stream).set_send_buffer_size(KERNEL);
        let line = Line::new(stream, protocol);
        let oversized = Rc::new(Cell::new(false));
        let incoming = Incoming::new(Arc::clone(&line), first);
        let incoming = FrameGuard::new(incoming, MAX_MESSAGE, Rc::clone(&oversized));
        let live = Live {
            gateway,
            staff: staff.map(Arc::new),
            line: Arc::clone(&line),
            on_the_way: OnTheWay::default(),
            seat: None,
            look: None,
            oversized,
            closing: false,
        };
        let codec = Codec::new().max_size(MAX_MESSAGE);
        line.run(WebsocketContext::with_codec(live, incoming, codec)).await;
    })
}

/// Answers the upgrade and echoes whatever comes.
pub(crate) fn start_echo(request: &HttpRequest) -> Answer {
    const LARGEST: usize = 32 * 1024 * 1024;
    hand_over(request, &[], |stream, first| async move {
        let oversized = Rc::new(Cell::new(false));
        let echo = EchoSocket { echo: Echo::new(LARGEST), oversized: Rc::clone(&oversized) };
        let line = Line::new(stream, Protocol::new(Role::Seller, None));
        let incoming = FrameGuard::new(Incoming::new(Arc::clone(&line), first), LARGEST, oversized);
        let codec = Codec::new().max_size(LARGEST);
        line.run(WebsocketContext::with_codec(echo, incoming, codec)).await;
    })
}

/// The answer that makes a connection a socket.
fn hand_over<F: Future<Output = ()> + 'static>(
    request: &HttpRequest,
    protocols: &[&str],
    socket: impl FnOnce(TcpStream, Bytes) -> F + 'static,
) -> Answer {
    let refused = || Problem::new(Code::UpgradeRequired);
    if !is_upgradable(request) {
        return Err(refused());
    }
    let mut answer = handshake_with_protocols(request, protocols).map_err(|_| refused())?.finish();
    let socket = Handover(Box::new(|stream, first| Box::pin(socket(stream, first))));
    answer.extensions_mut().insert(socket);
    Ok(answer)
}

/// The code for a broken stream: what the guard saw, what is no UTF-8, and all the rest.
fn reason(error: &ProtocolError, oversized: bool) -> (u16, &'static str) {
    match error {
        ProtocolError::Overflow => (close::TOO_BIG, "the message is too big"),
        ProtocolError::Io(_) if oversized => (close::TOO_BIG, "the message is too big"),
        ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            (close::PROTOCOL, "a reserved bit is set")
        }
        // The codec wraps text that is no UTF-8 like this, and nothing else of the peer's making.
        ProtocolError::Io(_) => (close::NOT_UTF8, "text must be UTF-8"),
        _ => (close::PROTOCOL, "not the WebSocket protocol"),
    }
}

fn close_reason(code: u16, words: &str) -> CloseReason {
    CloseReason { code: CloseCode::from(code), description: Some(words.to_owned()) }
}

impl Live {
    fn act(&mut self, act: Option<Act>, ctx: &mut Context) {
        match act {
            None => {}
            Some(Act::Send(frame)) => ctx.text(frame),
            Some(Act::Close(code, words)) => self.close(code, words, ctx),
            Some(Act::Greet(hello)) => self.greet(hello, ctx),
            Some(Act::Ask(ask)) => self.ask(ask, ctx),
        }
    }

    fn acts(&mut self, acts: Vec<Act>, ctx: &mut Context) {
        for act in acts {
            self.act(Some(act), ctx);
        }
    }

    fn close(&mut self, code: u16, words: &str, ctx: &mut Context) {
        if !self.closing {
            self.closing = true;
            ctx.close(Some(close_reason(code, words)));
            ctx.stop();
        }
    }

    fn greet(&mut self, hello: HelloFrame, ctx: &mut Context) {
        let Some(staff) = &self.staff else { return };
        let tenant = staff.member.tenant;
        let asks_whose = self.line.protocol(|protocol| protocol.asks_whose());
        let listener = Listener::new(&self.line, staff.session, asks_whose);
        let joined = self.gateway.0.rooms.join(tenant, listener);
        let gateway = self.gateway.clone();
        let greeting = async move { catch_up(&gateway.0, tenant, hello, joined).await };
        ctx.spawn(greeting.into_actor(self).map(|greeting, live, ctx| match greeting {
            Ok(greeting) => {
                for frame in live.line.protocol(|protocol| protocol.greeted(greeting)) {
                    ctx.text(frame);
                }
                live.sit_down(ctx);
                let acts = live.line.protocol(Protocol::resume);
                live.acts(acts, ctx);
            }
            Err(problem) => live.act(Some(later(problem.code())), ctx),
        }));
    }
}

impl Live {
    fn outlet(&self, ctx: &Context) -> Outlet {
        Outlet::new(ctx.address().recipient(), self.on_the_way.clone())
    }

    /// The member is there from now on, and told who else is.
    fn sit_down(&mut self, ctx: &mut Context) {
        let Some(staff) = &self.staff else { return };
        let state = &self.gateway.0;
        let member = &staff.member;
        let person = Person { member: member.member, name: member.name.as_str().into() };
        self.seat = Some(Seat::take(Arc::clone(&state.bus), member.tenant, person));
        let wants = |topic| self.line.protocol(|protocol| protocol.wants(topic));
        if let Some(guest) = Guest::new(self.outlet(ctx), wants)
            && !state.lobbies.join(member.tenant, guest)
        {
            self.act(Some(later(Code::Busy)), ctx);
        }
    }

    /// Asks what a frame asks for, and comes back with the answer.
    fn ask(&mut self, ask: Ask, ctx: &mut Context) {
        let Some(staff) = self.staff.clone() else { return };
        let gateway = self.gateway.clone();
        let due = match (&ask, &self.seat) {
            (Ask::Typing { session, .. }, Some(seat)) => seat.is_due(*session),
            _ => false,
        };
        let answer = async move { answer(&gateway.0, &staff, ask, due).await };
        ctx.spawn(answer.into_actor(self).map(|(reply, then), live, ctx| {
            if live.closing {
                return;
            }
            let reply = live.then(then, ctx).map_or(reply, Reply::from);
            let acts = live.line.protocol(|protocol| protocol.answered(reply));
            live.acts(acts, ctx);
        }));
    }

    /// What is done here after a yes; `Some` when it cannot be done after all.
    fn then(&mut self, then: Then, ctx: &mut Context) -> Option<Problem> {
        let (Some(staff), Some(seat)) = (&self.staff, &mut self.seat) else { return None };
        match then {
            Then::Nothing => {}
            Then::Typing { session, on, told } => {
                if told {
                    seat.told(session);
                }
                seat.type_at(session, on);
            }
            Then::StopTyping(session) => seat.stop_typing_at(session),
            Then::Say(availability) => seat.say(availability),
            Then::View(session) => {
                self.look = None;
                seat.view(session);
                let tenant = staff.member.tenant;
                if let Some(session) = session {
                    let outlet = self.outlet(ctx);
                    self.look = self.gateway.0.watches.look(tenant, session, outlet);
                    if self.look.is_none() {
                        let busy = Problem::new(Code::Busy).retry_after(Duration::from_secs(1));
                        return Some(busy);
                    }
                }
            }
        }
        None
    }
}

impl Actor for Live {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        self.gateway.0.sockets.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        metrics::gauge!("forecourt_http_live_sockets").increment(1.0);
        ctx.set_mailbox_capacity(MAILBOX);
        if self.staff.is_none() {
            return self.act(Some(later(Code::Unauthorised)), ctx);
        }
        ctx.run_later(HELLO_WITHIN, |live, ctx| {
            if live.line.protocol(|protocol| protocol.is_silent()) {
                live.close(close::BAD_HELLO, "no hello came", ctx);
            }
        });
        ctx.run_interval(BEAT, |live, ctx| {
            if let Some(beat) = live.line.protocol(|protocol| protocol.beat()) {
                ctx.text(beat);
            }
        });
    }

    fn stopped(&mut self, _: &mut Context) {
        self.gateway.0.sockets.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        metrics::gauge!("forecourt_http_live_sockets").decrement(1.0);
    }
}

impl Handler<Push> for Live {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Context) {
        if self.closing {
            return;
        }
        match push {
            Push::Close(code, words) => self.close(code, words, ctx),
            Push::Now(frames) => {
                self.on_the_way.taken();
                for frame in frames.iter() {
                    ctx.text(frame.clone());
                }
            }
        }
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Live {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Context) {
        if self.closing {
            return;
        }
        if let Some(act) = self.line.protocol(|protocol| protocol.count()) {
            return self.act(Some(act), ctx);
        }
        let act = match message {
            Ok(Message::Text(text)) => self.line.protocol(|protocol| protocol.message(&text)),
            Ok(Message::Continuation(item)) => match piece(item) {
                Some(piece) => self.line.protocol(|protocol| protocol.piece(piece)),
                None => Some(Act::Close(close::NOT_TEXT, "send text")),
            },
            Ok(Message::Binary(_)) => Some(Act::Close(close::NOT_TEXT, "send text")),
            Ok(Message::Ping(bytes)) => {
                ctx.pong(&bytes);
                None
            }
            Ok(Message::Pong(_) | Message::Nop) => None,
            Ok(Message::Close(given)) => {
                self.closing = true;
                ctx.close(given);
                ctx.stop();
                None
            }
            Err(error) => {
                let (code, words) = reason(&error, self.oversized.get());
                Some(Act::Close(code, words))
            }
        };
        self.act(act, ctx);
    }
}

/// A piece of a text message; `None` for binary.
fn piece(item: Item) -> Option<Piece> {
    Some(match item {
        Item::FirstText(bytes) => Piece::First(bytes),
        Item::Continue(bytes) => Piece::Next(bytes),
        Item::Last(bytes) => Piece::Last(bytes),
        Item::FirstBinary(_) => return None,
    })
}

/// The echo of the conformance tests.
struct EchoSocket {
    echo: Echo,
    oversized: Rc<Cell<bool>>,
}

impl Actor for EchoSocket {
    type Context = WebsocketContext<Self>;
}

impl StreamHandler<Result<Message, ProtocolError>> for EchoSocket {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        let fault = match message {
            Ok(Message::Text(text)) => {
                ctx.text(text);
                None
            }
            Ok(Message::Binary(bytes)) => {
                ctx.binary(bytes);
                None
            }
            Ok(Message::Continuation(item)) => {
                let joined = match item {
                    Item::FirstText(bytes) => self.echo.first(true, &bytes),
                    Item::FirstBinary(bytes) => self.echo.first(false, &bytes),
                    Item::Continue(bytes) => self.echo.more(&bytes, false),
                    Item::Last(bytes) => self.echo.more(&bytes, true),
                };
                match joined {
                    Ok(None) => None,
                    Ok(Some((true, bytes))) => match bytestring::ByteString::try_from(bytes) {
                        Ok(text) => {
                            ctx.text(text);
                            None
                        }
                        Err(_) => Some((close::NOT_UTF8, "text must be UTF-8")),
                    },
                    Ok(Some((false, bytes))) => {
                        ctx.binary(bytes);
                        None
                    }
                    Err(fault) => Some(fault),
                }
            }
            Ok(Message::Ping(bytes)) => {
                ctx.pong(&bytes);
                None
            }
            Ok(Message::Pong(_) | Message::Nop) => None,
            Ok(Message::Close(given)) => {
                ctx.close(given);
                ctx.stop();
                None
            }
            Err(error) => Some(reason(&error, self.oversized.get())),
        };
        if let Some((code, words)) = fault {
            ctx.close(Some(close_reason(code, words)));
            ctx.stop();
        }
    }
}

/// Whether a request asks for a WebSocket at all.
pub(crate) fn is_upgrade(request: &HttpRequest) -> bool {
    actix_web_actors::ws::handshake(request).is_ok()
}
