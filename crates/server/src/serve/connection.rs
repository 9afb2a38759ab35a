//! A connection as actix sees it: a stream that hands out one request at a time.
//!
//! actix reads whatever comes, decodes all requests in it, and has no limits of ours. So it gets the
//! head of a request when that is complete, then as much as the request's body is to have, and the
//! next head when the response has been written. What else a client sends stays in the kernel, which
//! makes it wait.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::Place;
use super::write;

/// How much is read at once; the head of a browser's request has some 600 bytes.
const READ_BYTES: usize = 2048;

/// A connection, shared by those that work on it, all on one thread.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) place: Place,
    socket: RefCell<TcpStream>,
    /// What was read and not handed out: a head, and perhaps what was sent after it.
    received: RefCell<Vec<u8>>,
    /// How much of that is a head to be handed out.
    head: Cell<usize>,
    /// How much of a body is to come.
    body: Cell<u64>,
    state: Cell<State>,
    /// Whether actix has something to read since it read last.
    readable: Cell<bool>,
    /// Whether the client has not read the response as fast as it was written.
    is_blocked: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A head is handed out, and perhaps decoded.
    Head,
    /// All of a head is read, and actix was told that no more of it will come.
    HeadEnd,
    /// A request is being answered.
    Answering,
    /// The response is complete, but not yet written.
    Answered,
    /// The response is written, and the next request may be read.
    Written,
    /// No other request may be read.
    Closing,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, peer: SocketAddr, place: Place) -> Rc<Self> {
        Rc::new(Self {
            peer,
            place,
            socket: RefCell::new(socket),
            received: RefCell::default(),
            head: Cell::new(0),
            body: Cell::new(0),
            state: Cell::new(State::Written),
            readable: Cell::new(false),
            is_blocked: Cell::new(false),
        })
    }

    /// Reads more of what the client sends, behind what was received before, up to `max` bytes of
    /// it in all; returns how much there is, and whether it has come to its end.
    pub(super) fn poll_receive(
        &self,
        context: &mut Context<'_>,
        max: usize,
    ) -> Poll<io::Result<bool>> {
        let mut received = self.received.borrow_mut();
        let mut piece = [0; READ_BYTES];
        let length = max.saturating_sub(received.len()).min(READ_BYTES);
        let mut piece = ReadBuf::new(&mut piece[..length]);
        let mut socket = self.socket.borrow_mut();
        ready!(Pin::new(&mut *socket).poll_read(context, &mut piece))?;
        received.extend_from_slice(piece.filled());
        Poll::Ready(Ok(piece.filled().is_empty()))
    }

    /// Reads and forgets what the client sends; returns whether it has come to its end.
    pub(super) fn poll_discard(&self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.received.borrow_mut().clear();
        self.poll_receive(context, READ_BYTES)
    }

    /// Reads what was received and not yet handed out.
    pub(super) fn received<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&self.received.borrow())
    }

    /// Gives back the memory of what is not used.
    pub(super) fn shrink(&self) {
        self.received.borrow_mut().shrink_to_fit();
    }

    /// Hands out a head of this many bytes.
    pub(super) fn hand_out(&self, head: usize) {
        self.head.set(head);
        self.state.set(State::Head);
    }

    /// Begins the answer to a request, whose body is to have this many bytes.
    pub(super) fn begin(&self, body: u64) {
        self.body.set(body);
        self.readable.set(body > 0);
        self.is_blocked.set(false);
        self.state.set(State::Answering);
    }

    /// Returns whether actix has understood the head, and the answer is ours.
    pub(super) fn is_begun(&self) -> bool {
        !matches!(self.state.get(), State::Head | State::HeadEnd)
    }

    /// Ends the answer to a request; with `close`, it was the last one.
    pub(super) fn end(&self, close: bool) {
        let close = close || self.body.get() > 0;
        self.readable.set(close);
        self.state.set(if close { State::Closing } else { State::Answered });
    }

    /// Returns whether actix is to look again at what it may read, as it does not know.
    ///
    /// It is told of the end if it has not begun to answer what it was given, since no more of that
    /// will come.
    pub(super) fn take_readable(&self) -> bool {
        if self.state.get() == State::Head && self.head.get() == 0 {
            self.state.set(State::HeadEnd);
            return true;
        }
        self.readable.take()
    }

    /// Returns whether the response is written, and another request may follow.
    pub(super) fn is_written(&self) -> bool {
        self.state.get() == State::Written
    }

    /// Returns whether the client may still be sending what nobody will read.
    pub(super) fn has_unread(&self) -> bool {
        self.body.get() > 0 || !self.received.borrow().is_empty()
    }

    /// Writes to the client, without actix.
    pub(super) fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = write::poll_write(&mut self.socket.borrow_mut(), context, bytes);
        if written.is_ready() {
            self.place.proceed();
        } else {
            self.place.wait();
            if !self.is_blocked.replace(true) {
                self.place.hold_buffers();
            }
        }
        written
    }

    /// Tells the client that nothing more will come.
    pub(super) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket.borrow_mut()).poll_shutdown(context)
    }

    fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (head, body) = (self.head.get(), self.body.get());
        if head > 0 {
            let length = self.take(buffer, head);
            self.head.set(head - length);
        } else if body > 0 && self.state.get() == State::Answering {
            let due = usize::try_from(body).unwrap_or(usize::MAX);
            if self.received.borrow().is_empty() {
                self.place.wait();
                if ready!(self.poll_receive(context, due))? {
                    return Poll::Ready(Ok(()));
                }
            }
            let left = body - self.take(buffer, due) as u64;
            self.body.set(left);
            if left == 0 {
                self.place.proceed();
            }
        } else if !matches!(self.state.get(), State::HeadEnd | State::Closing) {
            return self.poll_leave(context);
        }
        Poll::Ready(Ok(()))
    }

    /// Moves what was received, and no more than is due, into a buffer; returns how much it was.
    fn take(&self, buffer: &mut ReadBuf<'_>, due: usize) -> usize {
        let mut received = self.received.borrow_mut();
        let length = due.min(received.len()).min(buffer.remaining());
        buffer.put_slice(&received[..length]);
        received.drain(..length);
        length
    }

    /// Resolves when the client has left, unless it has sent something before.
    fn poll_leave(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.received.borrow().is_empty() {
            let mut next = [0];
            let mut next = ReadBuf::new(&mut next);
            if ready!(self.socket.borrow().poll_peek(context, &mut next))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }
}

/// The stream that actix gets.
#[derive(Debug)]
pub(super) struct Stream(pub(super) Rc<Connection>);

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // What actix says of a head that it does not understand is said better, and with a date, by
        // `session`.
        if !self.0.is_begun() && bytes.starts_with(b"HTTP/1.1 4") {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.0.poll_write(context, bytes)
    }

    /// Is called when all that actix had to write is written.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.state.get() == State::Answered {
            self.0.state.set(State::Written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_shutdown(context)
    }
}
