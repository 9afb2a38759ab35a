//! How a peer of the tests' own passes for the service that is asked for.

use protocol::headers::{FROM, TO};
use protocol::service::Service;
use protocol::whoami::WhoAmI;

/// Answers a check of discovery; none for any other request.
pub(crate) fn answer_check(request: &str) -> Option<Vec<u8>> {
    let response = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    request.starts_with("OPTIONS / ").then(|| sign(request, response))
}

/// Returns what a task of this service answers to `/whoami`, by a name such as `ping.1@pi1`.
pub(crate) fn whoami(service: Service, task: &str) -> String {
    let name = |name: &str| name.parse().expect("a name");
    let whoami = WhoAmI {
        service,
        task: task.parse().expect("a task"),
        version: name("1"),
        release: name("1"),
        os: name("linux"),
        arch: name("arm"),
        started: 7,
    };
    serde_json::to_string(&whoami).expect("plain")
}

/// Adds the name of the service that a request is meant for, or that of a proxy if it names none;
/// what is not a response stays as it is.
pub(crate) fn sign(request: &str, response: &[u8]) -> Vec<u8> {
    let Some(end) = response.windows(2).position(|two| two == b"\r\n") else {
        return response.to_vec();
    };
    if !response.starts_with(b"HTTP/1.1 ") {
        return response.to_vec();
    }
    let mut named = request.lines().filter_map(|line| line.split_once(": "));
    let service = named.find(|(name, _)| name.eq_ignore_ascii_case(TO));
    let service = service.map_or("proxy", |(_, service)| service.trim());
    let (line, rest) = response.split_at(end);
    [line, format!("\r\n{FROM}: {service}").as_bytes(), rest].concat()
}
