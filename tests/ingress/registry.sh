# shellcheck shell=bash
# How tests/ingress/run tests stack.registry.yml. Sourced by it.

# pack FILE: writes the image of Debian's docker-registry, if that is installed, as docker import reads it.
pack() {
  local program root; program=$(command -v docker-registry) || return 0
  root=$(mktemp -d)
  ldd "$program" | grep -o '/[^ ]*' | xargs install -D --mode 755 --target-directory "$root/lib"
  install -D --mode 755 "$program" "$root/bin/registry"
  # Where the program looks for the loader of shared libraries.
  ln -s lib "$root/lib64"
  printf '%s\n' 'version: 0.1' 'http: { addr: ":5000" }' 'storage: { filesystem: { rootdirectory: /var/lib/registry } }' >"$root/config.yml"
  mkdir "$root/tmp"
  tar -C "$root" -c -f "$1" .
  rm -r "$root"
}

# registry_serves_every_node FILE: has pi2 and pi3 pull from the registry of the stack, which runs on pi1 and
# is 127.0.0.1:5000 everywhere.
registry_serves_every_node() {
  local image=127.0.0.1:5000/swarm-pong:pushed node digests=()
  say "stack.registry.yml"
  if [ ! -e "$1" ]; then
    row "stack.registry.yml" "SKIPPED: docker-registry is not installed"
    return
  fi
  docker import --change 'ENTRYPOINT ["/bin/registry"]' --change 'CMD ["serve", "/config.yml"]' "$1" registry:test
  PONG_REGISTRY_IMAGE=registry:test docker stack deploy --resolve-image never -c stack.registry.yml registry
  within 300 converged
  docker tag swarm-pong:latest "$image"
  docker push "$image"
  for node in pi2 pi3; do
    # So that it cannot be there already.
    lab/cluster docker "$node" rmi swarm-pong:latest >/dev/null
    lab/cluster docker "$node" pull "$image" | tee "${folder:?}/pull"
    digests+=("$(sed -n 's/^Digest: //p' "$folder/pull" | cut -c1-19)")
    lab/cluster docker "$node" run --rm "$image" --version
  done
  row "stack.registry.yml, at 127.0.0.1:5000" "pi2 and pi3 pull ${digests[0]}" \
    "$([ "${digests[0]}" = "${digests[1]}" ] || echo "and ${digests[1]}")"
  docker stack rm registry
}
