//! The system's configuration: resolv.conf and the hosts file, read again when they change.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hickory_proto::rr::Name;
use resolv_conf::ScopedIp;
use tracing::warn;

/// How many servers and search domains are used: as many as glibc has room for, and the
/// search domains that Kubernetes allows.
const MAX_SERVERS: usize = 3;
const MAX_SEARCH: usize = 32;

/// What the two files say.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// The DNS servers, in the order in which they are asked.
    pub(super) servers: Vec<SocketAddr>,
    search: Vec<Name>,
    ndots: usize,
    hosts: HashMap<String, Vec<IpAddr>>,
}

impl Config {
    fn parse(resolv_conf: &[u8], hosts: &str, port: u16) -> Self {
        // Lines that make no sense are skipped, as the system's resolver does.
        let (parsed, _) = resolv_conf::Config::parse_with_errors(resolv_conf);
        let servers = parsed.nameservers.iter().map(|server| address(server, port));
        let search = parsed.get_last_search_or_domain().filter_map(|domain| absolute(domain));
        Self {
            servers: servers.take(MAX_SERVERS).collect(),
            search: search.take(MAX_SEARCH).collect(),
            ndots: usize::try_from(parsed.ndots).unwrap_or(usize::MAX),
            hosts: parse_hosts(hosts),
        }
    }

    /// Returns a host's addresses in the hosts file.
    pub(super) fn in_hosts(&self, host: &str) -> Option<&[IpAddr]> {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.hosts.get(&host).map(Vec::as_slice)
    }

    /// Returns the names to ask for, one after the other, as resolv.conf(5) has it: one with fewer
    /// dots than `ndots` is first looked for in the search domains, another one last.
    pub(super) fn candidates(&self, host: &str) -> Vec<Name> {
        let Some(name) = absolute(host) else {
            return Vec::new();
        };
        if host.ends_with('.') {
            return vec![name];
        }
        let in_domain = |domain: &Name| name.clone().append_domain(domain).ok();
        let mut names: Vec<_> = self.search.iter().filter_map(in_domain).collect();
        let is_first = host.matches('.').count() >= self.ndots;
        names.insert(if is_first { 0 } else { names.len() }, name);
        names
    }
}

/// Parses a name that needs no domain.
fn absolute(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

fn address(server: &ScopedIp, port: u16) -> SocketAddr {
    match server {
        ScopedIp::V4(ip) => (*ip, port).into(),
        ScopedIp::V6(ip, zone) => {
            let index = zone.as_deref().and_then(interface_index).unwrap_or_default();
            SocketAddrV6::new(*ip, port, 0, index).into()
        }
    }
}

/// Returns the number of a network interface, given by its name or already by its number.
fn interface_index(zone: &str) -> Option<u32> {
    let from_kernel = || fs::read_to_string(format!("/sys/class/net/{zone}/ifindex")).ok();
    zone.parse().ok().or_else(|| from_kernel()?.trim().parse().ok())
}

fn parse_hosts(text: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut hosts = HashMap::<_, Vec<_>>::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse().ok()) else {
            continue;
        };
        for host in words {
            hosts.entry(host.to_ascii_lowercase()).or_default().push(address);
        }
    }
    hosts
}

/// When a file was changed last, and its length; none if there is no such file.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// The two files, and what they said when they were read last.
#[derive(Debug)]
pub(super) struct ConfigFiles {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    port: u16,
    last_read: Option<([Stamp; 2], Arc<Config>)>,
}

impl ConfigFiles {
    /// Takes the two files, and the port at which the servers listen.
    pub(super) fn new(resolv_conf: &Path, hosts: &Path, port: u16) -> Self {
        Self { resolv_conf: resolv_conf.into(), hosts: hosts.into(), port, last_read: None }
    }

    /// Returns the configuration, read again if a file has changed.
    pub(super) fn current(&mut self) -> Arc<Config> {
        let stamps = [stamp(&self.resolv_conf), stamp(&self.hosts)];
        if let Some((_, config)) = self.last_read.as_ref().filter(|(read, _)| *read == stamps) {
            return Arc::clone(config);
        }
        let resolv_conf = fs::read(&self.resolv_conf).unwrap_or_default();
        let hosts = fs::read(&self.hosts).unwrap_or_default();
        let config = Config::parse(&resolv_conf, &String::from_utf8_lossy(&hosts), self.port);
        let had_servers = self.last_read.as_ref().is_none_or(|(_, last)| !last.servers.is_empty());
        if config.servers.is_empty() && had_servers {
            warn!(
                file = %self.resolv_conf.display(),
                "no DNS server is configured: only addresses and names in the hosts file work"
            );
        }
        let config = Arc::new(config);
        self.last_read = Some((stamps, Arc::clone(&config)));
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(resolv_conf: &str, host: &str) -> Vec<String> {
        let config = Config::parse(resolv_conf.as_bytes(), "", 53);
        config.candidates(host).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_with_fewer_dots_than_ndots_is_searched_for_first() {
        let docker = "nameserver 127.0.0.11\nsearch lan\noptions ndots:0\n";
        assert_eq!(names(docker, "ping"), ["ping.", "ping.lan."]);
        let kubernetes = "search pong.svc.cluster.local svc.cluster.local\noptions ndots:5\n";
        let searched = ["ping.pong.svc.cluster.local.", "ping.svc.cluster.local.", "ping."];
        assert_eq!(names(kubernetes, "ping"), searched);
        assert_eq!(names(kubernetes, "pong_ping.lan."), ["pong_ping.lan."], "it is absolute");
        assert_eq!(names("", "tasks.ping"), ["tasks.ping."]);
        assert_eq!(names("", &"a".repeat(64)), [""; 0], "a label has 63 characters");
    }

    #[test]
    fn servers_have_port_and_zone_and_nonsense_is_skipped() {
        let text =
            "# a comment\nnonsense\nnameserver 10.0.0.1\nnameserver fe80::1%7\noptions wrong\n";
        let config = Config::parse(text.as_bytes(), "", 5353);
        let servers: Vec<_> = config.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.1:5353", "[fe80::1%7]:5353"]);
        assert_eq!(config.ndots, 1, "the default");
        assert_eq!(interface_index("lo"), Some(1));
    }

    #[test]
    fn hosts_are_found_by_each_of_their_names() {
        let text =
            "127.0.0.1 localhost\n::1\tlocalhost ip6-localhost # of IPv6\nfoo bar\n\n10.0.9.4 Pi1";
        let config = Config::parse(b"", text, 53);
        let find = |host| config.in_hosts(host).map(<[IpAddr]>::len);
        assert_eq!(find("LOCALHOST."), Some(2));
        assert_eq!(
            (find("pi1"), find("ip6-localhost"), find("of"), find("bar")),
            (Some(1), Some(1), None, None)
        );
    }

    #[test]
    fn files_are_read_again_when_they_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let [resolv_conf, hosts] = ["resolv.conf", "hosts"].map(|name| folder.path().join(name));
        let mut files = ConfigFiles::new(&resolv_conf, &hosts, 53);
        assert!(files.current().servers.is_empty(), "no file");
        fs::write(&resolv_conf, "nameserver 10.0.0.1\n").expect("written");
        assert_eq!(files.current().servers.len(), 1);
        assert!(Arc::ptr_eq(&files.current(), &files.current()), "read once");
        fs::write(&hosts, "10.0.9.4 pi1\n").expect("written");
        assert!(files.current().in_hosts("pi1").is_some());
        fs::remove_file(&resolv_conf).expect("removed");
        assert!(files.current().servers.is_empty());
    }
}
