//! The headers with which services name themselves.
//!
//! Beside our own there is `Server: swarm-pong/RELEASE` on every answer (RFC 9110, section 10.2.4),
//! and `Via: 1.1 NODE (swarm-pong/RELEASE)` on those that a proxy passed on (section 7.6.3).

use crate::name::Name;

/// Prefix of the `Server` header, before the release.
const PRODUCT: &str = "swarm-pong/";

/// The service that a request between services is meant for: `manager`. An address out of DNS may
/// belong to another service by now (moby/moby#41744), which then refuses the request.
pub const TO: &str = "pong-to";

/// The service that answers, on every response inside the cluster.
pub const FROM: &str = "pong-from";

/// The player that answered, on every answer of a player: `ping.2@pi3`.
pub const PLAYER: &str = "pong-player";

/// The architecture of the player that answered, on every answer of a player: `armv6`.
pub const ARCH: &str = "pong-arch";

/// The rally, on every answer that is one.
pub const RALLY: &str = "pong-rally";

/// The manager that played, on every answer of a manager: `manager.1@pi2`.
pub const MANAGER: &str = "pong-manager";

/// The node whose proxy carries the rally, on its requests and on its answers.
pub const PROXY: &str = "pong-proxy";

/// With the value `no`: a proxy is to send the answer as it comes.
///
/// This is nginx's own name for it (`ngx_http_proxy_module`, `proxy_buffering`), so that an nginx in
/// front of one of our proxies does so too.
pub const BUFFERING: &str = "x-accel-buffering";

/// The headers of what is sent as it comes: events, and rallies for people.
///
/// Whatever stands in between must not compress it either, since that collects seconds of it:
/// `no-transform` says so (RFC 9111, section 5.2.2.6). Caddy heeds it only in versions after 2.6, and
/// nginx in none, but neither compresses what has an encoding already. RFC 9110, section 8.4.1, would
/// rather not see `identity` there; every client takes it for what it is.
pub const STREAM: [(&str, &str); 3] = [
    ("cache-control", "no-store, no-transform"),
    ("content-encoding", "identity"),
    (BUFFERING, "no"),
];

/// Returns the value of `Server`.
#[must_use]
pub fn format_server(release: &Name) -> String {
    format!("{PRODUCT}{release}")
}

/// Returns the release from the value of `Server`; none from a server that is not ours.
#[must_use]
pub fn parse_server(server: &str) -> Option<Name> {
    server.strip_prefix(PRODUCT)?.parse().ok()
}

/// Returns the value of `Via` that a proxy adds; `node` is the name alone, since an id is no part of a
/// pseudonym.
#[must_use]
pub fn via(node: &Name, release: &Name) -> String {
    format!("1.1 {node} ({})", format_server(release))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_as_it_is_written_and_from_no_other_server() {
        let release: Name = "2.0-rc1".parse().expect("valid");
        let written = format_server(&release);
        assert_eq!(written, "swarm-pong/2.0-rc1");
        assert_eq!(parse_server(&written), Some(release));
        for other in ["", "nginx/1.22.1", "swarm-pong/", "swarm-pong/<b>", "not swarm-pong/2"] {
            assert_eq!(parse_server(other), None, "{other:?}");
        }
    }
}
