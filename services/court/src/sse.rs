//! Server-sent events as they come off the wire.
//!
//! What a line means is the WHATWG's HTML standard, section 9.2.6; `id` and `retry` are left out,
//! since a feed repeats nothing. Whatever the other side sends, no more than one event of
//! [`LONGEST`] bytes is held.

/// The most bytes an event may have, lines ends and all; the longest of a feed has about 500.
pub const LONGEST: usize = 16 * 1024;

/// Holds one event: its name and its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The event's name; empty if it has none.
    pub event: String,
    /// Its data lines, joined by line feeds.
    pub data: String,
}

/// Says that an event has more than [`LONGEST`] bytes; nothing after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {LONGEST} bytes")]
pub struct TooLong;

/// Puts events together from the pieces a connection delivers.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    message: Message,
    /// The bytes of the event so far.
    length: usize,
    /// Whether the last byte was a carriage return, to which a line feed would belong.
    returned: bool,
}

impl Reader {
    /// Takes the next piece, however it is cut, and adds the events it completes to `messages`.
    ///
    /// # Errors
    ///
    /// [`TooLong`]; the events before it have been added.
    pub fn read(&mut self, piece: &[u8], messages: &mut Vec<Message>) -> Result<(), TooLong> {
        for &byte in piece {
            let returned = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if returned => {}
                b'\n' | b'\r' => messages.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            self.length += 1;
            if self.length > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    /// Takes the line in; an empty one ends the event.
    fn end_line(&mut self) -> Option<Message> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.length = 0;
            let mut message = std::mem::take(&mut self.message);
            // Every data line has added a line feed, and the last one's is not part of the data.
            return message.data.pop().map(|_| message);
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.message.event),
            "data" => {
                self.message.data.push_str(value);
                self.message.data.push('\n');
            }
            // A comment, which has no field, ends what the line before it counted for nothing.
            "" if self.message == Message::default() => self.length = 0,
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a text cut into pieces of these lengths, and the rest in one.
    fn read(text: &[u8], cuts: &[usize]) -> (Vec<Message>, Result<(), TooLong>) {
        let (mut reader, mut messages, mut rest) = (Reader::default(), Vec::new(), text);
        for cut in cuts {
            let (piece, after) = rest.split_at(*cut.min(&rest.len()));
            rest = after;
            if let Err(error) = reader.read(piece, &mut messages) {
                return (messages, Err(error));
            }
        }
        let outcome = reader.read(rest, &mut messages);
        (messages, outcome)
    }

    fn message(event: &str, data: &str) -> Message {
        Message { event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn an_event_is_its_name_and_its_data_lines() {
        let text = b"event: score\ndata: {\"a\":1}\n\n:\n\ndata:one\r\ndata: two\r\n\r\nid: 7\n\n";
        let (messages, outcome) = read(text, &[]);
        assert_eq!(messages, [message("score", "{\"a\":1}"), message("", "one\ntwo")]);
        assert_eq!(outcome, Ok(()));
    }

    #[test]
    fn an_event_without_an_end_is_none() {
        assert_eq!(read(b"event: score\ndata: {}\n", &[]).0, []);
    }

    #[test]
    fn heartbeats_never_add_up_to_an_event_that_is_too_long() {
        assert_eq!(read(&b":\n\n".repeat(LONGEST), &[]), (vec![], Ok(())));
        assert_eq!(read(&b":\n".repeat(LONGEST), &[]), (vec![], Ok(())));
    }

    #[test]
    fn what_never_ends_is_too_long_however_it_comes() {
        for endless in ["x", "data: x\n", "id: x\n"] {
            let text = format!("data: 1\n\n{}", endless.repeat(LONGEST));
            let (messages, outcome) = read(text.as_bytes(), &[]);
            assert_eq!((messages, outcome), (vec![message("", "1")], Err(TooLong)), "{endless:?}");
        }
    }

    proptest! {
        #[test]
        fn where_the_pieces_are_cut_does_not_matter(
            lines in prop::collection::vec("(event|data|id|): ?[a-zä\u{1f3d3}]{0,9}|data|", 0..30),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 30),
            cuts in prop::collection::vec(0_usize..20, 0..40),
        ) {
            let text: String = lines.into_iter().zip(ends).map(|(line, end)| line + end).collect();
            prop_assert_eq!(read(text.as_bytes(), &cuts), read(text.as_bytes(), &[]));
        }

        #[test]
        fn no_bytes_stop_it(text in prop::collection::vec(any::<u8>(), 0..500)) {
            prop_assert_eq!(read(&text, &[1; 500]), read(&text, &[]));
        }
    }
}
