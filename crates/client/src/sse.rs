//! Parsing server-sent events.
//!
//! The meaning of a line is that of the HTML standard, section 9.2.6; `id` and `retry` are ignored,
//! since a feed repeats nothing. Whatever the other side sends, no more than one event of
//! [`MAX_EVENT_BYTES`] is held; bytes that are no UTF-8 take three times their number.

/// Maximum size of an event in bytes, with its line ends; the longest of a feed has about 8,000.
pub const MAX_EVENT_BYTES: usize = 16 * 1024;

/// One event: its kind and its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The event's kind; empty if it has none.
    pub kind: String,
    /// Its data lines, joined by line feeds.
    pub data: String,
}

/// The error returned when an event exceeds [`MAX_EVENT_BYTES`]; nothing after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {MAX_EVENT_BYTES} bytes")]
pub struct EventTooLong;

/// A parser that assembles events from the pieces that a connection delivers.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    event: SseEvent,
    /// The size of the event so far, in bytes.
    length: usize,
    /// Whether the last byte was a carriage return, to which a line feed would belong.
    returned: bool,
}

impl Parser {
    /// Parses the next piece, however it is cut, and adds the events it completes to `events`.
    ///
    /// # Errors
    ///
    /// [`EventTooLong`]; the events before it have been added.
    pub fn parse(&mut self, piece: &[u8], events: &mut Vec<SseEvent>) -> Result<(), EventTooLong> {
        for &byte in piece {
            let returned = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if returned => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            self.length += 1;
            if self.length > MAX_EVENT_BYTES {
                return Err(EventTooLong);
            }
        }
        Ok(())
    }

    /// Applies a line; an empty one ends the event.
    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.length = 0;
            let mut event = std::mem::take(&mut self.event);
            // Every data line has added a line feed, and the last one is not part of the data.
            return event.data.pop().map(|_| event);
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.kind),
            "data" => {
                self.event.data.push_str(value);
                self.event.data.push('\n');
            }
            // A comment, which has no field, does not count towards the next event.
            "" if self.event == SseEvent::default() => self.length = 0,
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> (Vec<SseEvent>, Result<(), EventTooLong>) {
        let mut events = Vec::new();
        let outcome = Parser::default().parse(text, &mut events);
        (events, outcome)
    }

    fn event(kind: &str, data: &str) -> SseEvent {
        SseEvent { kind: kind.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn an_event_is_its_name_and_its_data_lines() {
        let text = b"event: score\ndata: {\"a\":1}\n\n:\n\ndata:one\r\ndata: two\r\n\r\nid: 7\n\n";
        let (events, outcome) = read(text);
        assert_eq!(events, [event("score", "{\"a\":1}"), event("", "one\ntwo")]);
        assert_eq!(outcome, Ok(()));
    }

    #[test]
    fn an_event_without_an_end_is_none() {
        assert_eq!(read(b"event: score\ndata: {}\n").0, []);
    }

    #[test]
    fn heartbeats_never_add_up_to_an_event_that_is_too_long() {
        assert_eq!(read(&b":\n\n".repeat(MAX_EVENT_BYTES)), (vec![], Ok(())));
        assert_eq!(read(&b":\n".repeat(MAX_EVENT_BYTES)), (vec![], Ok(())));
    }

    #[test]
    fn an_endless_event_is_rejected() {
        for endless in ["x", "data: x\n", "id: x\n"] {
            let text = format!("data: 1\n\n{}", endless.repeat(MAX_EVENT_BYTES));
            let (events, outcome) = read(text.as_bytes());
            assert_eq!((events, outcome), (vec![event("", "1")], Err(EventTooLong)), "{endless:?}");
        }
    }
}
