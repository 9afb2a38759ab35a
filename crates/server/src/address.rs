//! Addresses to listen on, as people write them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

/// The error returned when a text is not an address to listen on.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAddress {
    /// It does not say where.
    #[error("not ADDRESS:PORT, such as 127.0.0.1:3000, [::1]:3000, localhost:3000 or :3000")]
    Unreadable,
    /// It has a name that has no address.
    #[error("'{0}' has no address ({1}); check the name, or give an address")]
    NoSuchName(String, io::Error),
}

/// Parses `ADDRESS:PORT`, `NAME:PORT`, or `:PORT` for every IPv4 address of this machine. Of a name
/// with addresses of both kinds it returns the first of IPv4, as that of every default is.
///
/// # Errors
///
/// [`InvalidAddress`], which says what was expected.
pub fn parse_address(text: &str) -> Result<SocketAddr, InvalidAddress> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (name, port) = text.rsplit_once(':').ok_or(InvalidAddress::Unreadable)?;
    let port: u16 = port.parse().map_err(|_| InvalidAddress::Unreadable)?;
    match name {
        "" => return Ok((Ipv4Addr::UNSPECIFIED, port).into()),
        // Known without asking (RFC 6761, section 6.3); a container need not have a file of hosts.
        "localhost" => return Ok((Ipv4Addr::LOCALHOST, port).into()),
        name if name.contains([':', '/', '[', ']']) => return Err(InvalidAddress::Unreadable),
        _ => {}
    }
    let no_such_name = |error| InvalidAddress::NoSuchName(name.to_owned(), error);
    let addresses: Vec<SocketAddr> =
        (name, port).to_socket_addrs().map_err(no_such_name)?.collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.copied().ok_or_else(|| no_such_name(io::ErrorKind::NotFound.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ports_alone_are_addresses_too() {
        for (text, expected) in [
            ("127.0.0.2:80", "127.0.0.2:80"),
            ("[::1]:80", "[::1]:80"),
            (":3000", "0.0.0.0:3000"),
            ("localhost:3000", "127.0.0.1:3000"),
        ] {
            assert_eq!(parse_address(text).expect(text).to_string(), expected);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_was_expected() {
        for text in ["", "3000", "localhost", "localhost:", ":70000", "::1:80", "http://pi1:3000"] {
            let refusal = parse_address(text).expect_err(text).to_string();
            assert!(refusal.starts_with("not ADDRESS:PORT, such as "), "{text}: {refusal}");
        }
    }
}
