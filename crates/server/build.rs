//! Names the architecture that is built for, and tells ARMv6 from ARMv7, which Rust calls arm alike.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").expect("cargo sets it");
    // arm-unknown-linux-musleabihf, armv7-unknown-linux-musleabihf, aarch64-unknown-linux-musl.
    let arch = match target.split('-').next().expect("a first part") {
        "arm" => "armv6",
        arch => arch,
    };
    println!("cargo::rustc-env=PONG_ARCH={arch}");
}
