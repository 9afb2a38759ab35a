//! The ports of a service, bound before anything else, so that a port that is taken is reported at
//! once.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

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

/// How many bytes the kernel keeps for each client of the public port that it has sent and the service
/// has not read, and that the service has written and it has not read; Linux allows twice as much, for
/// its own structures. The kernel's own limits are megabytes, and count as the container's memory
/// (`SO_RCVBUF`, socket(7); cgroups(7), version 2). A request has some 600 bytes, and the whole page is
/// 40 KB.
const RECEIVE_BYTES: usize = 4 * 1024;
const SEND_BYTES: usize = 16 * 1024;

/// How much of that may be left to send when more is written: what a client that does not read is sent
/// waits for it in the service, which can tell (`TCP_NOTSENT_LOWAT`, tcp(7)).
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNSENT_BYTES: u32 = 2 * 1024;

/// The ports of a service, bound but not yet served.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) public: Option<TcpListener>,
    pub(crate) admin: TcpListener,
    public_address: Option<SocketAddr>,
    admin_address: SocketAddr,
}

/// The error returned when ports cannot be bound, with what to do.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {}{}", join(.0, ", nor on ", Unbound::cause), remedy(.0))]
pub struct BindError(Vec<Unbound>);

/// A port that cannot be bound.
#[derive(Debug)]
struct Unbound {
    address: SocketAddr,
    option: &'static str,
    source: io::Error,
}

impl Unbound {
    fn cause(&self) -> String {
        format!("{}: {}", self.address, self.source)
    }

    /// Returns the option with a port that is free, as it is typed.
    fn alternative(&self) -> String {
        let mut address = self.address;
        let ports = (1..).map_while(|n| address.port().checked_add(n * PORT_STEP));
        let ports: Vec<u16> = ports.take(ALTERNATIVES).collect();
        let is_free = |port: &u16| {
            address.set_port(*port);
            listen(address).is_ok()
        };
        let free = ports.into_iter().find(is_free).unwrap_or(0);
        address.set_port(free);
        format!("{} {address}", self.option)
    }
}

/// What lies between a port that is taken and one that is suggested instead, which is tried first.
const PORT_STEP: u16 = 10;

/// How many ports are tried at most before any free one, 0, is suggested.
const ALTERNATIVES: usize = 20;

fn join(ports: &[Unbound], between: &str, text: impl Fn(&Unbound) -> String) -> String {
    ports.iter().map(text).collect::<Vec<_>>().join(between)
}

/// Returns what to do about ports that cannot be bound, as the end of a sentence.
fn remedy(ports: &[Unbound]) -> String {
    let options = join(ports, " and ", |port| port.option.to_owned());
    match ports[0].source.kind() {
        io::ErrorKind::AddrInUse => {
            let what = if ports.len() > 1 { "them" } else { "it" };
            format!("; free {what}, or add {}", join(ports, " ", Unbound::alternative))
        }
        io::ErrorKind::AddrNotAvailable => format!(
            "; choose an address of this machine with {options}, or 0.0.0.0 for all of them"
        ),
        io::ErrorKind::PermissionDenied => format!(
            "; most systems keep ports below 1024 for root: choose a higher one with {options}"
        ),
        _ => String::new(),
    }
}

impl Listeners {
    /// Binds the admin port and, if there is to be one, the public port; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// [`BindError`], when one of them is taken or not this machine's.
    pub fn bind(public: Option<SocketAddr>, admin: SocketAddr) -> Result<Self, BindError> {
        let public = public.map(|address| bind(address, "--listen")).transpose();
        let ((admin, admin_address), public) = match (bind(admin, "--admin"), public) {
            (Ok(admin), Ok(public)) => (admin, public),
            // Who starts a second service on one machine is told of both ports at once.
            (Err(admin), Err(public)) if admin.source.kind() == public.source.kind() => {
                return Err(BindError(vec![public, admin]));
            }
            (_, Err(port)) | (Err(port), _) => return Err(BindError(vec![port])),
        };
        if let Some((public, _)) = &public {
            let socket = SockRef::from(public);
            // A system that refuses has limits of its own.
            let _ = socket.set_recv_buffer_size(RECEIVE_BYTES);
            let _ = socket.set_send_buffer_size(SEND_BYTES);
            #[cfg(any(target_os = "android", target_os = "linux"))]
            let _ = socket.set_tcp_notsent_lowat(UNSENT_BYTES);
        }
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

fn bind(address: SocketAddr, option: &'static str) -> Result<(TcpListener, SocketAddr), Unbound> {
    let bound = listen(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|source| Unbound { address, option, source: explain(source) })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A service that starts again must not wait for the last one's connections to time out. On
    // Windows the same option would let two services share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(SEND_TIMEOUT))?;
    // Connections inherit it from the port, as far as the system lets them. What is ready is sent: a
    // piece of a response must not wait until the client has acknowledged the one before.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
