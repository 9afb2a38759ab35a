//! Addresses as URLs.
//!
//! Writing an address as text and reading it again as a URL takes a fifth of the instructions that
//! passing a request on takes; so each thread does it once for an address.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;

use reqwest::Url;

/// How many addresses are remembered before all are forgotten: more than a cluster has tasks, so
/// that only a long life full of restarts ever gets there.
const MOST: usize = 1024;

thread_local! {
    static KNOWN: RefCell<HashMap<SocketAddr, Url>> = RefCell::default();
}

/// Returns `http://ADDRESS/`; without the zone of a link-local IPv6 address, which no URL can name.
///
/// # Panics
///
/// Never: every address is a lawful host and port.
#[must_use]
pub fn url(address: SocketAddr) -> Url {
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST {
            known.clear();
        }
        let read = || {
            let zoneless = SocketAddr::new(address.ip(), address.port());
            format!("http://{zoneless}/").parse().expect("an address is lawful in a URL")
        };
        known.entry(address).or_insert_with(read).clone()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_address_is_a_url(address: SocketAddr) {
            let url = url(address);
            let host = url.host_str().expect("a host").trim_matches(['[', ']']);
            prop_assert_eq!(host.parse(), Ok(address.ip()));
            prop_assert_eq!(url.port_or_known_default(), Some(address.port()));
            prop_assert_eq!(url.path(), "/");
        }
    }

    #[test]
    fn a_thousand_restarts_do_not_fill_the_memory() {
        for port in 1..=u16::MAX {
            let _ = url(([127, 0, 0, 1], port).into());
        }
        assert!(KNOWN.with_borrow(HashMap::len) <= MOST);
    }
}
