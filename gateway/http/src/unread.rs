//! Closes connections whose request was answered before its chunked body was read.
//!
//! actix-http throws the rest of a chunked body away for as long as it comes, and an endless drip would hold
//! its connection for ever (A9). While the body is still held, though, the connection is closed with the
//! answer; so the answer holds it. Bodies with a length need nothing of this.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage as _,
    body::{BodySize, BoxBody, EitherBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
    middleware::Next,
};
use bytes::Bytes;
use futures_util::Stream;

/// A body that its reader and the answer hold together.
#[derive(Clone)]
struct Shared {
    payload: Rc<RefCell<Payload>>,
    over: Rc<Cell<bool>>,
}

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut *self.payload.borrow_mut()).poll_next(cx);
        self.over.set(self.over.get() || matches!(polled, Poll::Ready(None)));
        polled
    }
}

/// An answer that holds the unread rest of its request.
pub(crate) struct Holding {
    body: BoxBody,
    _unread: Shared,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

pub(crate) async fn hold<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, Holding>>, Error> {
    if !request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let payload = Rc::new(RefCell::new(request.take_payload()));
    let shared = Shared { payload, over: Rc::default() };
    request.set_payload(Payload::Stream { payload: Box::pin(shared.clone()) });
    let response = next.call(request).await?;
    if shared.over.get() {
        return Ok(response.map_into_left_body());
    }
    let held =
        |_: &mut _, body: B| EitherBody::right(Holding { body: body.boxed(), _unread: shared });
    Ok(response.map_body(held))
}
