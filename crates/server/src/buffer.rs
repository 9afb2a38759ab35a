//! Buffers the start of a response, in case it has ended by then.
//!
//! At full speed a rally has ended before anything need be sent. Buffered, it goes out as one piece
//! with its length; and as long as nothing has been sent, a proxy may still try another upstream.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, timeout_at};

/// Maximum number of bytes that are buffered; the longest rally in its longest format has about
/// 30 KB.
const MAX_BYTES: usize = 64 * 1024;

/// A response as far as it has come.
#[derive(Debug)]
pub enum Buffered<S> {
    /// The complete response.
    Complete(Bytes),
    /// What came in time, and the stream that the rest will come from.
    Partial(Bytes, S),
}

/// Collects a stream until it ends, the deadline has passed or 64 KiB are there.
///
/// # Errors
///
/// That of the stream, if it fails within that time.
pub async fn buffer<S, E>(mut stream: S, deadline: Instant) -> Result<Buffered<S>, E>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut buffer = BytesMut::new();
    while buffer.len() < MAX_BYTES {
        match timeout_at(deadline, stream.next()).await {
            Ok(Some(piece)) => buffer.extend_from_slice(&piece?),
            Ok(None) => return Ok(Buffered::Complete(buffer.freeze())),
            Err(_) => break,
        }
    }
    Ok(Buffered::Partial(buffer.freeze(), stream))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::stream::{self, BoxStream};
    use protocol::timing::BUFFER_TIME;

    use super::*;

    /// Yields each piece after its pause.
    fn pieces(
        pieces: &'static [(u64, Result<&str, &str>)],
    ) -> BoxStream<'static, Result<Bytes, &'static str>> {
        stream::iter(pieces)
            .then(async |(pause, piece)| {
                tokio::time::sleep(Duration::from_millis(*pause)).await;
                piece.map(|text| Bytes::from_static(text.as_bytes()))
            })
            .boxed()
    }

    fn deadline() -> Instant {
        Instant::now() + BUFFER_TIME
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_ends_in_time_is_complete() {
        let buffered = buffer(pieces(&[(0, Ok("a")), (50, Ok("b"))]), deadline()).await;
        assert!(matches!(buffered, Ok(Buffered::Complete(bytes)) if &bytes[..] == b"ab"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_response_is_partial_and_loses_nothing() {
        let buffered = buffer(pieces(&[(0, Ok("a")), (300, Ok("b"))]), deadline()).await;
        let Ok(Buffered::Partial(bytes, rest)) = buffered else { panic!("not partial") };
        assert_eq!(&bytes[..], b"a");
        let rest: Vec<_> = rest.collect().await;
        assert_eq!(rest, [Ok(Bytes::from_static(b"b"))]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_fails_in_time_is_an_error() {
        let buffered = buffer(pieces(&[(0, Ok("a")), (50, Err("cut"))]), deadline()).await;
        assert!(matches!(buffered, Err("cut")));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_64_kib_and_one_piece_are_buffered() {
        let endless = stream::repeat(Ok::<_, ()>(Bytes::from_static(&[0; 1024])));
        let buffered = buffer(endless, deadline()).await;
        assert!(matches!(buffered, Ok(Buffered::Partial(bytes, _)) if bytes.len() == MAX_BYTES));
    }
}
