//! What to type to run this program again, as hints name it.

/// Returns how this program was called: its name, if it is on the `PATH`, else a path that leads to
/// it.
#[must_use]
pub fn program() -> String {
    let called = std::env::args().next().unwrap_or_default();
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '\\' | ':' | '.' | '-' | '_');
    // A shell would take anything else for more than a name.
    if !called.is_empty() && called.chars().all(is_plain) {
        called
    } else {
        "swarm-pong".to_owned()
    }
}
