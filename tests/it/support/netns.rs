//! Runs a test in Linux namespaces of its own: a network that is only a loopback, and mounts in
//! which the resolver asks 127.0.0.1. Depending on the system anybody may create them, or root
//! alone, or, in most containers, nobody.

#![allow(clippy::print_stdout, reason = "what a test measures is shown with --nocapture")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Set for the run of the test inside.
const INSIDE: &str = "PONG_TEST_IN_NETNS";

/// Makes it a failure, instead of a skipped test, that there can be no namespaces.
const REQUIRED: &str = "PONG_REQUIRE_DNS_TESTS";

/// What Docker writes for its containers, with the address of the test's own server.
const RESOLV_CONF: &str = "nameserver 127.0.0.1\noptions ndots:0\n";

/// The last step of the preparation prints a word; whatever follows is the test's own.
const PREPARE: &str = "set -e\n\
    ip link set lo up\n\
    mount --bind \"$1/resolv.conf\" /etc/resolv.conf\n\
    if [ -e /etc/nsswitch.conf ]; then mount --bind \"$1/nsswitch.conf\" /etc/nsswitch.conf; fi\n\
    echo inside\n\
    shift\n\
    exec \"$@\"\n";

/// Runs a test in a network of its own: the test binary runs itself again, inside, with that test
/// alone. To be called with a closure by the test function itself.
pub(crate) fn isolated<F: AsyncFnOnce()>(test: F) {
    if env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.expect("a runtime").block_on(test());
    }
    // A closure's type is named after the function around it: `it::dns::scale::a_test::{{closure}}`.
    let name = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let (_, name) = name.split_once("::").expect("a path");
    let folder = format!("{}-{}", name.replace("::", "-"), std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).expect("a folder of the test's own");
    fs::write(folder.join("resolv.conf"), RESOLV_CONF).expect("written");
    fs::write(folder.join("nsswitch.conf"), "hosts: files dns\n").expect("written");
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "/bin/sh", "-c", PREPARE, "sh"])
        .arg(&folder)
        .arg(env::current_exe().expect("a path"))
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let _ = fs::remove_dir_all(&folder);
    let (prepared, passed, output) = match ran {
        Ok(ran) => {
            let out = String::from_utf8_lossy(&ran.stdout).into_owned();
            let passed = ran.status.success() && out.contains("1 passed");
            (out.starts_with("inside\n"), passed, out + &String::from_utf8_lossy(&ran.stderr))
        }
        Err(error) => (false, false, format!("unshare: {error}")),
    };
    if prepared {
        assert!(passed, "{output}");
        println!("{output}");
    } else {
        assert!(env::var_os(REQUIRED).is_none(), "no network of its own: {output}");
        eprintln!("SKIPPED {name}: no network of its own here: {output}");
    }
}
