//! The headers with which services name themselves to each other.
//!
//! Beside our own there is `Server: swarm-pong/RELEASE` on every answer (RFC 9110, section 10.2.4),
//! and `Via: 1.1 NODE (swarm-pong/RELEASE)` on those that a proxy passed on (section 7.6.3).

use actix_web::http::header::HeaderValue;

use crate::task::Name;

/// Is what `Server` says before the release.
const PRODUCT: &str = "swarm-pong/";

/// Names the player that answered, on every answer of a player: `ping.2@pi3`.
pub const PLAYER: &str = "pong-player";

/// Names the rally, on every answer that is one.
pub const RALLY: &str = "pong-rally";

/// Names the manager that played, on every answer of a manager: `manager.1@pi2`.
pub const MANAGER: &str = "pong-manager";

/// Names the node whose proxy carries the rally, on its requests and on its answers.
pub const PROXY: &str = "pong-proxy";

/// Tells whoever passes an answer on to send it as it comes, with the value `no`.
///
/// This is nginx's own name for it (`ngx_http_proxy_module`, `proxy_buffering`), so that an nginx
/// before a proxy of ours behaves as well.
pub const BUFFERING: &str = "x-accel-buffering";

/// Writes the value of `Server`.
///
/// # Panics
///
/// Never: what a [`Name`] may have, a header may have.
#[must_use]
pub fn server(release: &Name) -> HeaderValue {
    HeaderValue::try_from(format!("{PRODUCT}{release}")).expect("a name is harmless in a header")
}

/// Reads the release from the value of `Server`; none from a server that is not ours.
#[must_use]
pub fn release(server: &str) -> Option<Name> {
    server.strip_prefix(PRODUCT)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_as_it_is_written_and_from_no_other_server() {
        let release_2: Name = "2.0-rc1".parse().expect("lawful");
        let written = server(&release_2);
        assert_eq!(written, "swarm-pong/2.0-rc1");
        assert_eq!(release(written.to_str().expect("text")), Some(release_2));
        for other in ["", "nginx/1.22.1", "swarm-pong/", "swarm-pong/<b>", "not swarm-pong/2"] {
            assert_eq!(release(other), None, "{other:?}");
        }
    }
}
