# shellcheck shell=bash
# What tests/pi/run and tests/pi/swarm have in common: Debian's kernels, our binaries and device trees for
# the boards that QEMU emulates. Sourced in the project's folder.
cache=${PONG_PI_CACHE:-$PWD/target/pi}
suite=bookworm

die() { echo "$0: $*" >&2; exit 1; }

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need qemu-system-aarch64 qemu-system-arm
need fdtput device-tree-compiler
need cpio cpio
need apt-get apt
need dpkg dpkg
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
if [ ${#missing[@]} -gt 0 ]; then
  [ -n "${CI-}" ] || die "missing: install with: apt-get install ${missing[*]}"
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }
fi

# shellcheck disable=SC2016 # apt-get replaces it
mirror=${PONG_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
  'Origin: Debian' 'Label: Debian' | head -n 1)}
[ -n "$mirror" ] || die "no mirror of Debian is configured: set PONG_DEBIAN_MIRROR"

# lists FOLDER ARCHITECTURE: has apt's lists of an architecture in a folder, and the array apt name them.
lists() {
  apt=(-qq "-oAPT::Architecture=$2" "-oAPT::Architectures=$2" -oAPT::Sandbox::User=root
    "-oDir::State::lists=$1/lists" -oDir::State::status=/dev/null "-oDir::Cache=$1"
    "-oDir::Etc::sourcelist=$1/sources.list" -oDir::Etc::sourceparts=-)
  mkdir -p "$1/lists/partial" "$1/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$1/sources.list"
  apt-get "${apt[@]}" update
}

# fetch ARCHITECTURE KERNEL: unpacks Debian's kernel and busybox.
fetch() {
  local arch=$1 root=$cache/$1/root apt kernel package
  [ ! -e "$root/.complete" ] || return 0
  rm -rf "${cache:?}/$arch"
  mkdir -p "$root"
  lists "$cache/$arch" "$arch"
  kernel=$(apt-cache "${apt[@]}" depends "$2" | awk '/Depends: linux-image-/ {print $2; exit}')
  [ -n "$kernel" ] || die "Debian $suite has no kernel $2 for $arch"
  (cd "$cache/$arch" && apt-get "${apt[@]}" download "$kernel" busybox-static)
  for package in "$cache/$arch"/*.deb; do dpkg -x "$package" "$root"; done
  rm "$cache/$arch"/*.deb
  touch "$root/.complete"
}

# binary TARGET: builds the binary and prints its path.
binary() {
  if [ -x ../shared/lab/cross-build.sh ]; then
    echo "$(../shared/lab/cross-build.sh "$1")/swarm-pong"
    return
  fi
  rustup target list --installed | grep -qx "$1" || {
    [ -n "${CI-}" ] || die "no Rust target $1: add it with: rustup target add $1"
    rustup target add "$1" >&2
  }
  local name; name=CARGO_TARGET_$(echo "$1" | tr a-z- A-Z_)
  env "${name}_LINKER=rust-lld" "${name}_RUSTFLAGS=-Clink-self-contained=yes" \
    cargo build --quiet --release --locked --bin swarm-pong --target "$1" >&2
  echo "target/$1/release/swarm-pong"
}

# tree ARCHITECTURE DTB: creates the board's device tree, with three LEDs as dtoverlay=gpio-led does, and
# with the serial line free of the Pi 3's Bluetooth.
tree() {
  local tree=$cache/$1/board.dtb gpio pin=17 name
  cp "$2" "$tree"
  ! fdtget "$tree" /soc/serial@7e201000/bluetooth compatible >/dev/null 2>&1 ||
    fdtput -r "$tree" /soc/serial@7e201000/bluetooth
  gpio=$(fdtget -t x "$tree" /soc/gpio@7e200000 phandle)
  fdtput -p -t s "$tree" /pong compatible gpio-leds
  for name in red yellow green; do
    fdtput -p -t s "$tree" "/pong/pong-$name" label "pong-$name"
    fdtput -t x "$tree" "/pong/pong-$name" gpios "$gpio" "$(printf %x $pin)" 0
    pin=$((pin + 1))
  done
}
