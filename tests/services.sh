# shellcheck shell=bash
# What tests/ingress/run and tests/pi/swarm ask the Swarm whose manager's socket is in DOCKER_HOST. Sourced by them.

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

# Succeeds if every service has as many running tasks as it is to have, and no update is going on. The command line
# would take a slow machine more time than it has.
converged() {
  curl --silent --fail --max-time 20 --unix-socket "${DOCKER_HOST#unix://}" 'http://docker/v1.41/services?status=true' |
    jq --exit-status 'length > 0 and all(
      .ServiceStatus.RunningTasks == .ServiceStatus.DesiredTasks and .ServiceStatus.DesiredTasks > 0
      and (.UpdateStatus.State // "completed" | endswith("completed")))' >/dev/null
}

# Prints what there is to know when something has not come about.
describe() {
  docker node ls || true
  docker service ls || true
  docker service ls --quiet |
    xargs docker service ps --no-trunc --format '{{.Name}} {{.Node}} {{.CurrentState}} {{.Error}}' || true
}
