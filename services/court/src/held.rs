//! Holds the beginning of an answer back for a moment, in case it is over by then.
//!
//! At full speed a rally is over before anything need be sent. Held back, it goes out as one piece
//! with its length; and as long as nothing has been sent, whoever passes it on may still try
//! somebody else.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, timeout_at};

/// How long the beginning of an answer is held back. A rally at full speed is over by then, even
/// on a busy Raspberry Pi; a person does not notice it.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// The most that is held back, in bytes; the longest rally in its longest format has about 30 KB.
const MOST: usize = 64 * 1024;

/// Holds an answer as far as it has come.
#[derive(Debug)]
pub enum Held<S> {
    /// The whole answer.
    Whole(Bytes),
    /// What came in time, and the stream that the rest will come from.
    Begun(Bytes, S),
}

/// Collects a stream until it ends, the deadline is over or 64 KiB are there.
///
/// # Errors
///
/// The stream's own, if it fails within that time.
pub async fn hold<S, E>(mut stream: S, deadline: Instant) -> Result<Held<S>, E>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut held = BytesMut::new();
    while held.len() < MOST {
        match timeout_at(deadline, stream.next()).await {
            Ok(Some(piece)) => held.extend_from_slice(&piece?),
            Ok(None) => return Ok(Held::Whole(held.freeze())),
            Err(_) => break,
        }
    }
    Ok(Held::Begun(held.freeze(), stream))
}

#[cfg(test)]
mod tests {
    use futures_util::stream::{self, BoxStream};

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

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_over_in_time_is_whole() {
        let held = hold(pieces(&[(0, Ok("a")), (50, Ok("b"))]), Instant::now() + PATIENCE).await;
        assert!(matches!(held, Ok(Held::Whole(bytes)) if &bytes[..] == b"ab"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_over_is_begun_and_loses_nothing() {
        let held = hold(pieces(&[(0, Ok("a")), (300, Ok("b"))]), Instant::now() + PATIENCE).await;
        let Ok(Held::Begun(bytes, rest)) = held else { panic!("{held:?}", held = held.is_ok()) };
        assert_eq!(&bytes[..], b"a");
        let rest: Vec<_> = rest.collect().await;
        assert_eq!(rest, [Ok(Bytes::from_static(b"b"))]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_fails_in_time_is_an_error() {
        let held = hold(pieces(&[(0, Ok("a")), (50, Err("cut"))]), Instant::now() + PATIENCE).await;
        assert!(matches!(held, Err("cut")));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_held_than_64_kib_and_one_piece() {
        let endless = stream::repeat(Ok::<_, ()>(Bytes::from_static(&[0; 1024])));
        let held = hold(endless, Instant::now() + PATIENCE).await;
        assert!(matches!(held, Ok(Held::Begun(bytes, _)) if bytes.len() == MOST));
    }
}
