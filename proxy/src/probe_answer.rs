//! The answer to a probe.

use protocol::headers::FROM;
use protocol::probe::{ProbeFailure, ProbeReport};
use protocol::service::Service;

/// Maximum number of bytes of an answer, with its headers; a proxy's own has less than 1,400.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024;

/// Parses everything that was received until the connection ended, at most [`MAX_ANSWER_BYTES`].
///
/// # Errors
///
/// What is wrong with it, [`ProbeFailure::Reset`] if it ends too early.
pub fn parse(answer: &[u8]) -> Result<ProbeReport, ProbeFailure> {
    const STATUS: &[u8] = b"HTTP/1.1 200 ";
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n");
    let (Some(head), true) = (head, answer.starts_with(STATUS)) else {
        let cut_off =
            head.is_none() && STATUS.starts_with(&answer[..answer.len().min(STATUS.len())]);
        return Err(match head {
            _ if cut_off => ProbeFailure::Reset,
            // Another service of ours, or a web server.
            Some(head) if answer.starts_with(b"HTTP/") && !names_proxy(&answer[..head]) => {
                ProbeFailure::WrongService
            }
            _ => ProbeFailure::InvalidAnswer,
        });
    };
    if !names_proxy(&answer[..head]) {
        return Err(ProbeFailure::WrongService);
    }
    let endless = answer.len() == MAX_ANSWER_BYTES;
    serde_json::from_slice(&answer[head + 4..]).map_err(|error| {
        if error.is_eof() && !endless { ProbeFailure::Reset } else { ProbeFailure::InvalidAnswer }
    })
}

/// Returns whether the head of a response names a proxy as its sender.
fn names_proxy(head: &[u8]) -> bool {
    let name = format!("{FROM}: {}", Service::Proxy);
    head.split(|byte| *byte == b'\n')
        .any(|line| line.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str =
        r#"{"proxy":{"task":"proxy.1","node":"pi1"},"instance":"5eed","admin":null,"paths":[]}"#;

    #[test]
    fn an_answer_is_a_report_or_cut_off_or_invalid() {
        let whole =
            format!("HTTP/1.1 200 OK\r\npong-from: proxy\r\ncontent-length: 83\r\n\r\n{REPORT}");
        assert_eq!(parse(whole.as_bytes()).expect("a report").proxy.node.to_string(), "pi1");
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole.as_bytes()[..cut]), Err(ProbeFailure::Reset), "{cut}");
        }
        for other in [
            "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1 404 Not Found\r\npong-from: proxy\r\n\r\nnot found\n",
            "HTTP/1.1 200 OK\r\nPong-From: proxy\r\n\r\n<html>",
            "HTTP/1.1 200 OK\r\npong-from: proxy\r\n\r\n{\"proxy\":7}",
        ] {
            assert_eq!(parse(other.as_bytes()), Err(ProbeFailure::InvalidAnswer), "{other}");
        }
        for other in [
            "HTTP/1.1 421 Misdirected Request\r\npong-from: manager\r\n\r\nthis is a manager\n",
            "HTTP/1.1 404 Not Found\r\nserver: nginx\r\n\r\n<html>",
            "HTTP/1.1 200 OK\r\n\r\nwelcome",
        ] {
            assert_eq!(parse(other.as_bytes()), Err(ProbeFailure::WrongService), "{other}");
        }
    }
}
