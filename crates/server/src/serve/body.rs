//! The bodies of requests and responses.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use bytes::Bytes;

use super::connection::Connection;

/// Maximum number of bytes of a request's body; a large probe has less than 10,000, and no other
/// request has any.
const MAX_REQUEST_BYTES: u64 = 16 * 1024;

/// Maximum number of bytes of a response's body that are copied at once into the buffer that they are
/// written from; a client that does not read has no more of it there.
const PIECE_BYTES: usize = 2048;

/// Returns how many bytes the body of a request has. That of one that asks for another protocol has
/// no end.
///
/// # Errors
///
/// The response to one that is too large, or whose length is not known.
pub(super) fn length(request: &mut ServiceRequest) -> Result<u64, Box<HttpResponse>> {
    if !matches!(request.parts_mut().1, Payload::H1 { .. }) {
        return Ok(0);
    }
    let headers = request.headers();
    if headers.contains_key(TRANSFER_ENCODING) {
        let mut refusal = HttpResponse::build(StatusCode::LENGTH_REQUIRED);
        return Err(refusal.force_close().body("the body needs a Content-Length\n").into());
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.map(|length| length.trim().parse().unwrap_or(u64::MAX)) {
        Some(length) if length > MAX_REQUEST_BYTES => {
            let refusal = format!("the body exceeds {MAX_REQUEST_BYTES} bytes\n");
            Err(HttpResponse::PayloadTooLarge().force_close().body(refusal).into())
        }
        length => Ok(length.unwrap_or(u64::MAX)),
    }
}

/// The body of a response, in pieces; the answer ends with it.
pub(super) struct Pieces {
    body: BoxBody,
    rest: Bytes,
    /// None in the tests of handlers, which have no connection.
    connection: Option<Rc<Connection>>,
    is_stream: bool,
    close: bool,
}

impl Pieces {
    /// Begins the body of a response; with `close`, it is the last one of its connection.
    pub(super) fn new(
        body: BoxBody,
        connection: Option<Rc<Connection>>,
        is_stream: bool,
        close: bool,
    ) -> Self {
        if let (Some(connection), BodySize::Sized(size)) = (&connection, body.size())
            && size > PIECE_BYTES as u64
        {
            connection.place.hold(usize::try_from(size).unwrap_or(usize::MAX));
        }
        Self { body, rest: Bytes::new(), connection, is_stream, close }
    }
}

impl MessageBody for Pieces {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(bytes)) => self.rest = bytes,
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.place.release();
            if self.is_stream {
                connection.place.end_stream();
            }
            connection.end(self.close);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_body_goes_out_in_small_pieces_and_loses_nothing() {
        let text: Vec<u8> = (0..5000_u16).map(|n| n.to_be_bytes()[1]).collect();
        let mut pieces = Pieces::new(BoxBody::new(text.clone()), None, false, false);
        assert_eq!(pieces.size(), BodySize::Sized(5000));
        let mut sizes = Vec::new();
        let mut all = Vec::new();
        while let Some(piece) = poll_fn(|context| Pin::new(&mut pieces).poll_next(context)).await {
            let piece = piece.expect("no error");
            sizes.push(piece.len());
            all.extend_from_slice(&piece);
        }
        assert_eq!((sizes, all), (vec![2048, 2048, 904], text));
    }
}
