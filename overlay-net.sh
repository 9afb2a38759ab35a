#!/bin/sh
# The overlay network of the match and, on request, its services under their plain names.
# tests/deploy holds it and stack.yml together.
set -eu

net=ping-pong-net
mine=swarm-pong.made-by=overlay-net.sh
stack=${PONG_STACK:-pong}
subnet=${PONG_SUBNET:-10.0.9.0/24}

usage() {
  cat <<END
Usage: overlay-net.sh [--encrypted]               create the network $net
       overlay-net.sh [--encrypted] up [IMAGE]    ... and the services of the match
       overlay-net.sh down                        remove all of it

Run it on a manager of the Swarm. What is there already stays as it is.

  --encrypted  encrypt what the nodes say to each other (IPsec between them)
  --help       print this

Settings, from the environment; stack.yml takes the same:

  PONG_IMAGE               swarm-pong:latest  the one image of all services
  PONG_PORT                3000               the port every node answers on
  PONG_PUBLISH             host               or ingress: any node's proxy answers for any node
  PONG_PING_REPLICAS       2                  players that serve
  PONG_PONG_REPLICAS       2                  players that return
  PONG_MANAGER_REPLICAS    2                  referees
  PONG_SCOREBOARD_REPLICAS 2                  pages; each keeps the whole score
  PONG_HIT_CHANCE          85                 percent of strokes that hit
  PONG_LOG_LEVEL           info               or debug: a line for every rally
  PONG_SUBNET              10.0.9.0/24        of the network
  PONG_STACK               pong               the stack that may use the network too

Exit status: 0 done, 1 it could not be done and nothing is left half made, 2 wrong usage.
END
}

say() { echo "overlay-net.sh: $*"; }
die() { say "$*" >&2; exit 1; }
misuse() { say "$*; see overlay-net.sh --help" >&2; exit 2; }

need_manager() {
  command -v docker >/dev/null 2>&1 || die "there is no docker command: install Docker first"
  if ! manager=$(docker info --format '{{.Swarm.ControlAvailable}}' 2>&1); then
    die "Docker does not answer: $(echo "$manager" | grep . | tail -n 1)"
  fi
  [ "$manager" = true ] ||
    die "this node is no manager of a Swarm: run this on one, or make one with: docker swarm init"
}

# What was made is unmade, newest first, unless the whole came about.
made=''
undo() {
  status=$?
  trap - EXIT
  for thing in $made; do
    remove "$thing" || say "left behind: ${thing#*:}: $answer" >&2
  done
  exit "$status"
}

# Docker answers before this node has let go of the network; whoever created services on that name in
# the meantime would find it missing (network not found).
gone() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    network_is >/dev/null || return 0
    sleep 0.5
  done
  return 1
}

# Tasks hold their network until they have stopped, hence the patience.
remove() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    answer=$(docker "${1%%:*}" rm "${1#*:}" 2>&1) && return
    sleep 1
  done
  return 1
}

stack_plays() {
  [ -n "$(docker service ls --quiet --filter "label=com.docker.stack.namespace=$stack")" ]
}

# Runs a docker command that makes THING (service:NAME or network:NAME) and says why it could not.
make() {
  thing=$1; shift
  answer=$("$@" 2>&1 >/dev/null) || die "${thing#*:}: $(echo "$answer" | grep . | tail -n 1)"
  made="$thing $made"
}

network_is() {
  docker network inspect --format \
    '{{.Driver}} {{.Attachable}} {{range .IPAM.Config}}{{.Subnet}}{{end}} {{range $key, $_ := .Options}}{{if eq $key "encrypted"}}encrypted{{end}}{{end}}' \
    $net 2>/dev/null
}

network() {
  wanted="overlay true $subnet ${encrypted:+encrypted}"
  if found=$(network_is); then
    case $found in
      "$wanted"*) say "network $net is there already"; return ;;
    esac
    die "another $net is there ($found): remove it with: docker network rm $net"
  fi

  # The label lets 'docker stack deploy' take the network for its own instead of failing on its name.
  make network:$net docker network create --driver overlay --attachable --subnet "$subnet" \
    --label "com.docker.stack.namespace=$stack" ${encrypted:+--opt encrypted} $net

  # Swarm accepts a subnet that is taken and leaves a network without a driver (moby/swarmkit#2398).
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    case $(network_is) in
      "overlay "*) say "network $net created on $subnet${encrypted:+, encrypted}"; return ;;
    esac
    sleep 0.5
  done
  die "another network has a part of $subnet: choose a free one, as in PONG_SUBNET=10.0.99.0/24"
}

# service NAME ORDER ARGUMENT...: what stack.yml says of each service, and why.
service() {
  name=$1 order=$2; shift 2
  if owner=$(docker service inspect --format '{{json .Spec.Labels}}' "$name" 2>/dev/null); then
    case $owner in
      *'"overlay-net.sh"'*) say "service $name is there already"; return ;;
    esac
    die "a service $name of somebody else is there: rename or remove it first"
  fi
  make "service:$name" docker service create --detach --quiet --name "$name" --label "$mine" \
    --network $net --read-only --cap-drop ALL --stop-grace-period 10s \
    --health-interval 2s --health-timeout 5s --health-retries 1 --health-start-period 10s \
    --update-parallelism 1 --update-order "$order" --update-delay 2s --update-monitor 10s \
    --update-failure-action rollback \
    --rollback-parallelism 1 --rollback-order "$order" --rollback-delay 2s --rollback-monitor 10s \
    --rollback-failure-action pause \
    --restart-condition any --restart-delay 1s --limit-memory 32M --reserve-memory 8M \
    --log-driver local --log-opt max-size=5m --log-opt max-file=2 \
    --env 'PONG_NODE={{.Node.Hostname}}' --env "PONG_LOG_LEVEL=${PONG_LOG_LEVEL:-info}" "$@"
  say "service $name created"
}

up() {
  image=${1:-${PONG_IMAGE:-swarm-pong:latest}}
  chance=${PONG_HIT_CHANCE:-85}
  ! stack_plays || die "the stack $stack plays already: remove it with: docker stack rm $stack"
  network
  service ping start-first --replicas "${PONG_PING_REPLICAS:-2}" --endpoint-mode dnsrr \
    --env 'PONG_TASK=ping.{{.Task.Slot}}' --env PONG_SIDE=ping --env "PONG_HIT_CHANCE=$chance" \
    "$image" player
  service pong start-first --replicas "${PONG_PONG_REPLICAS:-2}" --endpoint-mode dnsrr \
    --env 'PONG_TASK=pong.{{.Task.Slot}}' --env PONG_SIDE=pong --env "PONG_HIT_CHANCE=$chance" \
    "$image" player
  service manager start-first --replicas "${PONG_MANAGER_REPLICAS:-2}" --endpoint-mode dnsrr \
    --env 'PONG_TASK=manager.{{.Task.Slot}}' \
    --env PONG_PING=tasks.ping:3000 --env PONG_PONG=tasks.pong:3000 \
    "$image" manager
  service scoreboard start-first --replicas "${PONG_SCOREBOARD_REPLICAS:-2}" --endpoint-mode dnsrr \
    --env 'PONG_TASK=scoreboard.{{.Task.Slot}}' \
    --env PONG_MANAGERS=tasks.manager:3000 --env PONG_PEERS=tasks.scoreboard:3000 \
    "$image" scoreboard
  service proxy stop-first --mode global --endpoint-mode vip \
    --env 'PONG_TASK=proxy.{{.Node.Hostname}}' \
    --env PONG_MANAGERS=tasks.manager:3000 --env PONG_SCOREBOARDS=tasks.scoreboard:3000 \
    --env PONG_PROXIES=tasks.proxy:3001 \
    --publish "mode=${PONG_PUBLISH:-host},target=3000,published=${PONG_PORT:-3000},protocol=tcp" \
    "$image" proxy
  service light stop-first --mode global --endpoint-mode dnsrr --user 0:0 \
    --env 'PONG_TASK=light.{{.Node.Hostname}}' \
    --env PONG_MANAGERS=tasks.manager:3000 --env PONG_LEDS=/leds \
    --mount type=bind,source=/sys/devices/platform,target=/leds \
    "$image" light
}

down() {
  names=$(docker service ls --filter "label=$mine" --format '{{.Name}}')
  for name in $names; do
    remove "service:$name" || die "service $name: $answer"
    say "service $name removed"
  done
  if ! network_is >/dev/null; then
    [ -n "$names" ] || say "nothing to remove"
  elif stack_plays; then
    say "network $net stays: the stack $stack plays on it"
  else
    remove network:$net || die "network $net: $answer"
    gone || die "network $net is being removed, but is not gone yet"
    say "network $net removed"
  fi
}

encrypted='' command=network image=''
[ "${1-}" != --encrypted ] || { encrypted=yes; shift; }
case ${1-} in
  -h | --help) usage; exit ;;
  -*) misuse "unknown option $1" ;;
  up) command=up image=${2-}; shift ;;
  down) command=down ;;
  '') ;;
  *) misuse "unknown command $1" ;;
esac
[ $# -le 1 ] || misuse "too many arguments"
[ -z "$encrypted" ] || [ $command != down ] || misuse "--encrypted does not go with down"

need_manager
trap undo EXIT
trap 'exit 1' HUP INT TERM
$command "$image"
made=''
