//! The ports of a service, opened before anything else, so that a port taken is told at once.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::options::own_release;
use crate::task::Name;

/// How many connections may wait to be taken in. The standard library's 128 are fewer than the
/// clients that may come at once, and the kernel drops the others: each waits a second and more
/// before it tries again (listen(2); RFC 6298, section 2).
const BACKLOG: i32 = 1024;

/// How long a client may take nothing of what is sent to it before it is dropped: a page whose
/// machine fell asleep, say. Until then what it is behind by is held for it (`TCP_USER_TIMEOUT`,
/// tcp(7); connections have it from the port they came through).
#[cfg(any(target_os = "android", target_os = "linux"))]
const TAKES_NOTHING: std::time::Duration = std::time::Duration::from_secs(30);

/// Holds the ports of a service, open but not yet served.
#[derive(Debug)]
pub struct Doors {
    pub(super) public: Option<TcpListener>,
    pub(super) admin: TcpListener,
    addresses: [SocketAddr; 2],
    pub(super) release: Name,
}

/// Says which address could not be listened on, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; free it, or choose another with {option}")]
pub struct CannotListen {
    address: SocketAddr,
    option: &'static str,
    source: io::Error,
}

impl Doors {
    /// Opens both ports; port 0 takes any free one.
    ///
    /// # Errors
    ///
    /// [`CannotListen`], when one of them is taken or not this machine's.
    pub fn open(public: SocketAddr, admin: SocketAddr) -> Result<Self, CannotListen> {
        let (public, public_address) = open(public, "--listen")?;
        let (admin, admin_address) = open(admin, "--admin")?;
        let addresses = [public_address, admin_address];
        Ok(Self { public: Some(public), admin, addresses, release: own_release() })
    }

    /// Names the release that serves, which every answer tells as `Server: swarm-pong/RELEASE`.
    #[must_use]
    pub fn released_as(self, release: Name) -> Self {
        Self { release, ..self }
    }

    /// Returns the release that serves; the version, unless it was named.
    #[must_use]
    pub const fn release(&self) -> &Name {
        &self.release
    }

    /// Opens the admin port alone.
    ///
    /// # Errors
    ///
    /// [`CannotListen`], when it is taken or not this machine's.
    pub fn open_admin(admin: SocketAddr) -> Result<Self, CannotListen> {
        let (admin, address) = open(admin, "--admin")?;
        Ok(Self { public: None, admin, addresses: [address; 2], release: own_release() })
    }

    /// Returns the address of the public port, or of the admin port if there is no other.
    #[must_use]
    pub const fn public(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Returns the address of the admin port.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.addresses[1]
    }
}

fn open(
    address: SocketAddr,
    option: &'static str,
) -> Result<(TcpListener, SocketAddr), CannotListen> {
    let opened = listen(address).and_then(|door| {
        let address = door.local_addr()?;
        Ok((door, address))
    });
    opened.map_err(|source| CannotListen { address, option, source })
}

/// Opens a port; 0 is any free one.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A service that starts again must not wait for the last one's connections to fade. On Windows
    // the same option would let two services share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(TAKES_NOTHING))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
