//! The headers with which services name themselves to each other.

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
