//! The ports of a service, bound before anything else, so that a port that is taken is reported at
//! once.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::open_files::explain;

/// How many connections may wait to be accepted. The standard library's 128 are fewer than the
/// clients that may come at once, and the kernel drops the others: each waits a second and more
/// before it tries again (listen(2); RFC 6298, section 2).
const BACKLOG: i32 = 1024;

/// How long a client may read nothing of what is sent to it before it is dropped: a page whose
/// machine fell asleep, say. Until then what it is behind by is kept for it (`TCP_USER_TIMEOUT`,
/// tcp(7); connections inherit it from the port they came through).
#[cfg(any(target_os = "android", target_os = "linux"))]
const SEND_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// The ports of a service, bound but not yet served.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) public: Option<TcpListener>,
    pub(crate) admin: TcpListener,
    public_address: Option<SocketAddr>,
    admin_address: SocketAddr,
}

/// The error returned when a port cannot be bound, with what to do.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; free it, or choose another with {option}")]
pub struct BindError {
    address: SocketAddr,
    option: &'static str,
    source: io::Error,
}

impl Listeners {
    /// Binds the admin port and, if there is to be one, the public port; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// [`BindError`], when one of them is taken or not this machine's.
    pub fn bind(public: Option<SocketAddr>, admin: SocketAddr) -> Result<Self, BindError> {
        let public = public.map(|address| bind(address, "--listen")).transpose()?;
        let (admin, admin_address) = bind(admin, "--admin")?;
        let public_address = public.as_ref().map(|(_, address)| *address);
        let public = public.map(|(listener, _)| listener);
        Ok(Self { public, admin, public_address, admin_address })
    }

    /// Returns the address of the public port, if there is one.
    #[must_use]
    pub const fn public_address(&self) -> Option<SocketAddr> {
        self.public_address
    }

    /// Returns the address of the admin port.
    #[must_use]
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }
}

fn bind(address: SocketAddr, option: &'static str) -> Result<(TcpListener, SocketAddr), BindError> {
    let bound = listen(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|source| BindError { address, option, source: explain(source) })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A service that starts again must not wait for the last one's connections to time out. On
    // Windows the same option would let two services share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(SEND_TIMEOUT))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
