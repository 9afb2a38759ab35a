//! Where the head of a request ends.

/// Maximum number of bytes of a head; nginx' and Apache's limits are of this order too.
pub(crate) const MAX_HEAD_BYTES: usize = 8 * 1024;

/// Returns how many bytes the head has that these begin with; none if it goes on after them.
///
/// It ends with its first empty line, but for those before the request line, which are ignored
/// (RFC 9112, section 2.2). A line may end with LF alone, as in actix's own parser.
#[must_use]
pub fn length(received: &[u8]) -> Option<usize> {
    let begin = received.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let mut line = begin;
    loop {
        let end = line + received[line..].iter().position(|byte| *byte == b'\n')?;
        if matches!(&received[line..end], b"" | b"\r") {
            return Some(end + 1);
        }
        line = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_its_first_empty_line() {
        for (head, rest) in [
            ("GET / HTTP/1.1\r\n\r\n", ""),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"),
            ("GET / HTTP/1.1\nHost: a\n\n", "body"),
            ("\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\n\r\n", "\r\n\r\n"),
        ] {
            assert_eq!(length(format!("{head}{rest}").as_bytes()), Some(head.len()), "{head:?}");
        }
        for part in ["", "\r\n\r\n", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r", "\n"]
        {
            assert_eq!(length(part.as_bytes()), None, "{part:?}");
        }
    }
}
