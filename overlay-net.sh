#!/bin/sh
# The overlay network of the match and, on request, its services under their plain names.
# tests/it/deploy checks that it and stack.yml agree.
set -eu

net=ping-pong-net
mine=swarm-pong.made-by=overlay-net.sh
stack=${PONG_STACK:-pong}
subnet=${PONG_SUBNET:-10.0.9.0/24}
port=${PONG_PORT:-3000}
publish=${PONG_PUBLISH:-host}
patience=${PONG_WAIT:-120}

usage() {
  cat <<END
Usage: overlay-net.sh [--encrypted]               create the network $net
       overlay-net.sh [--encrypted] up [IMAGE]    ... and the services of the match
       overlay-net.sh down                        remove all of it

Run it on a manager of the Swarm. Whatever exists already is left unchanged.

  --encrypted  encrypt the traffic between the nodes (IPsec)
  --help       print this help

Settings, from the environment, as for stack.yml:

  PONG_IMAGE               swarm-pong:latest  the one image of all services
  PONG_PORT                3000               the port on every node
  PONG_PUBLISH             host               or ingress: any node's proxy serves any node's port
  PONG_PING_REPLICAS       2                  players that serve
  PONG_PONG_REPLICAS       2                  players that return
  PONG_MANAGER_REPLICAS    2                  referees
  PONG_SCOREBOARD_REPLICAS 2                  scoreboards; each has the whole score
  PONG_HIT_CHANCE          85                 chance of a hit, in percent
  PONG_LOG                 text               log lines for people, or json for programs
  PONG_LOG_LEVEL           info               or debug: one line per rally
  PONG_SUBNET              10.0.9.0/24        subnet of the network
  PONG_HEALTH_INTERVAL     90s                time between two healthchecks of a healthy task; with
                                              Docker before 25, of every task, and 2s by default
  PONG_PUBLISHED           every node's port  NODE=ADDRESS:PORT,… for the proxies to check whether clients
                                              get through, or off
  PONG_VIP                 off                or proxy:3000, for them to check the virtual address
  PONG_STACK               pong               the stack that may also use the network
  PONG_WAIT                120                seconds that up waits for a rally from every node, by
                                              curl or wget; 0 not to ask for one

Exit status: 0 done, 1 failed with nothing left half done, 2 wrong usage, 3 everything was created but
not every node answers with a rally.
END
}

say() { echo "overlay-net.sh: $*"; }
die() { say "$*" >&2; exit 1; }
misuse() { say "$*; see overlay-net.sh --help" >&2; exit 2; }

need_manager() {
  command -v docker >/dev/null 2>&1 || die "no docker command found: install Docker first"
  if ! manager=$(docker info --format '{{.Swarm.ControlAvailable}}' 2>&1); then
    die "Docker does not respond: $(echo "$manager" | grep . | tail -n 1)"
  fi
  [ "$manager" = true ] ||
    die "this node is not a Swarm manager: run this on one, or create a Swarm with: docker swarm init"
}

# Unless everything succeeds, whatever was created is removed again, newest first.
made=''
undo() {
  status=$?
  trap - EXIT
  for thing in $made; do
    remove "$thing" || say "could not remove ${thing#*:}: $answer" >&2
  done
  exit "$status"
}

# Docker responds before this node has released the network; services created on that name in the
# meantime would not find it (network not found).
gone() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    network_is >/dev/null || return 0
    sleep 0.5
  done
  return 1
}

# Tasks hold their network until they have stopped, so this may take a while.
remove() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    answer=$(docker "${1%%:*}" rm "${1#*:}" 2>&1) && return
    sleep 1
  done
  return 1
}

stack_runs() {
  [ -n "$(docker service ls --quiet --filter "label=com.docker.stack.namespace=$stack")" ]
}

# create THING COMMAND...: creates THING (service:NAME or network:NAME) or reports why not.
create() {
  thing=$1; shift
  answer=$("$@" 2>&1 >/dev/null) || die "${thing#*:}: $(echo "$answer" | grep . | tail -n 1)"
  made="$thing $made"
}

network_is() {
  docker network inspect --format \
    '{{.Driver}} {{.Attachable}} {{range .IPAM.Config}}{{.Subnet}}{{end}} {{range $key, $_ := .Options}}{{if eq $key "encrypted"}}encrypted{{end}}{{end}}' \
    $net 2>/dev/null
}

# Prints an IPv4 address as a number.
number() (
  IFS=.
  # shellcheck disable=SC2086 # the four parts
  set -- $1
  echo $(($1 << 24 | $2 << 16 | $3 << 8 | $4))
)

# Prints a line for each node: its engine's version, its name and id, its availability, its state, its
# address.
nodes() {
  # shellcheck disable=SC2046 # a list of ids
  docker node inspect \
    --format '{{.Description.Engine.EngineVersion}} {{.Description.Hostname}}/{{.ID}} {{.Spec.Availability}} {{.Status.State}} {{.Status.Addr}}' $(docker node ls --quiet)
}

# Refuses a subnet on which the tasks would start and nobody would answer, or none would start.
check_subnet() {
  case $subnet in
    *:*) die "PONG_SUBNET=$subnet: Swarm starts no task on IPv6 alone: choose an IPv4 subnet, such as 10.0.9.0/24" ;;
  esac
  echo "$subnet" | grep -Eqx '([0-9]{1,3}\.){3}[0-9]{1,3}/([89]|[12][0-9]|30)' ||
    die "PONG_SUBNET=$subnet: not an IPv4 subnet such as 10.0.9.0/24"
  size=$((1 << (32 - ${subnet#*/})))
  first=$(($(number "${subnet%/*}") / size * size))
  for address in $(nodes | sed 's/.* //'); do
    case $address in *:* | 0.0.0.0) continue ;; esac
    offset=$(($(number "$address") - first))
    if [ "$offset" -ge 0 ] && [ "$offset" -lt "$size" ]; then
      die "PONG_SUBNET=$subnet: the node at $address would no longer be reached: choose a free subnet, such as PONG_SUBNET=10.0.99.0/24"
    fi
  done
}

# Warns of engines that do not understand each other's encryption (moby/moby#51798).
check_encryption() {
  versions=$(nodes)
  if echo "$versions" | grep -q '^29\.' && echo "$versions" | grep -q '^2[0-8]\.'; then
    say "warning: nothing encrypted arrives between Docker 29 and an older one: update all nodes to the same version, or leave out --encrypted" >&2
  fi
}

# Warns of a subnet with too few addresses; docs/network.md counts them.
check_size() {
  tasks=$((${PONG_PING_REPLICAS:-2} + ${PONG_PONG_REPLICAS:-2} + ${PONG_MANAGER_REPLICAS:-2} + ${PONG_SCOREBOARD_REPLICAS:-2}))
  needed=$((3 * $(nodes | grep -c .) + tasks + 1))
  usable=$(((1 << (32 - ${subnet#*/})) - 3))
  [ "$needed" -le "$usable" ] ||
    say "warning: the match needs $needed addresses and $subnet has $usable: remove it and start again with a larger one, such as PONG_SUBNET=10.0.8.0/22" >&2
}

network() {
  wanted="overlay true $subnet ${encrypted:+encrypted}"
  if found=$(network_is); then
    case $found in
      "$wanted"*) say "network $net exists already"; return ;;
    esac
    die "another network $net exists ($found): remove it with: docker network rm $net"
  fi

  check_subnet
  [ -z "$encrypted" ] || check_encryption

  # With this label 'docker stack deploy' uses the network instead of failing on its name.
  create network:$net docker network create --driver overlay --attachable --subnet "$subnet" \
    --label "com.docker.stack.namespace=$stack" ${encrypted:+--opt encrypted} $net

  # Swarm accepts a subnet that is in use and leaves a network without a driver (moby/swarmkit#2398).
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    case $(network_is) in
      "overlay "*) say "network $net created on $subnet${encrypted:+, encrypted}"; return ;;
    esac
    sleep 0.5
  done
  die "$subnet overlaps another network: choose a free subnet, such as PONG_SUBNET=10.0.99.0/24"
}

# Only since Docker 25, whose API is 1.44, is a new task checked more often than a healthy one. The
# client says which version it and the daemon both speak.
choose_health() {
  interval=${PONG_HEALTH_INTERVAL:-90s} start_interval='--health-start-interval 2s'
  api=$(docker version --format '{{.Client.APIVersion}}') || api=1.0
  [ "${api#*.}" -lt 44 ] || return 0
  start_interval=''
  [ -n "${PONG_HEALTH_INTERVAL-}" ] || interval=2s
}

# service NAME ORDER ARGUMENT...: creates a service as in stack.yml, which has the reasons.
service() {
  name=$1 order=$2; shift 2
  if owner=$(docker service inspect --format '{{json .Spec.Labels}}' "$name" 2>/dev/null); then
    case $owner in
      *'"overlay-net.sh"'*) say "service $name exists already"; return ;;
    esac
    die "a service $name of somebody else exists: rename or remove it first"
  fi
  # shellcheck disable=SC2086 # a flag and its value, or nothing
  create "service:$name" docker service create --detach --quiet --name "$name" --label "$mine" \
    --network $net --read-only --cap-drop ALL --stop-grace-period 10s \
    --health-interval "$interval" $start_interval --health-start-period 33.5s \
    --health-timeout 300s --health-retries 1 \
    --update-parallelism 1 --update-order "$order" --update-delay 2s --update-monitor 10s \
    --update-failure-action rollback \
    --rollback-parallelism 1 --rollback-order "$order" --rollback-delay 2s --rollback-monitor 10s \
    --rollback-failure-action pause \
    --restart-condition any --restart-delay 1s --limit-memory 32M --reserve-memory 8M \
    --log-driver local --log-opt max-size=5m --log-opt max-file=2 \
    --env 'PONG_NODE={{.Node.Hostname}}' --env 'PONG_NODE_ID={{.Node.ID}}' \
    --env "PONG_LOG=${PONG_LOG:-text}" --env "PONG_LOG_LEVEL=${PONG_LOG_LEVEL:-info}" "$@"
  say "service $name created"
}

up() {
  image=${1:-${PONG_IMAGE:-swarm-pong:latest}}
  chance=${PONG_HIT_CHANCE:-85}
  ! stack_runs || die "the stack $stack is already running: remove it with: docker stack rm $stack"
  case $publish in
    ingress) proxy_order=start-first ;;
    *) proxy_order=stop-first ;;
  esac
  choose_health
  published=${PONG_PUBLISHED-}
  [ -n "$published" ] || published=$(node_ports)
  network
  check_size
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
    --env PONG_MANAGERS=tasks.manager:3000 --env PONG_SCOREBOARDS=tasks.scoreboard:3000 \
    "$image" scoreboard
  service proxy "$proxy_order" --mode global --endpoint-mode vip \
    --env 'PONG_TASK=proxy.{{.Node.Hostname}}' \
    --env PONG_MANAGERS=tasks.manager:3000 --env PONG_SCOREBOARDS=tasks.scoreboard:3000 \
    --env PONG_PROXIES=tasks.proxy:3001 \
    --env "PONG_PUBLISHED=$published" --env "PONG_PUBLISH=$publish" \
    --env "PONG_VIP=${PONG_VIP:-off}" \
    --publish "mode=$publish,target=3000,published=$port,protocol=tcp" \
    "$image" proxy
  service light stop-first --mode global --endpoint-mode dnsrr --user 0:0 \
    --env 'PONG_TASK=light.{{.Node.Hostname}}' \
    --env PONG_MANAGERS=tasks.manager:3000 --env PONG_LEDS=/leds \
    --mount type=bind,source=/sys/devices/platform,target=/leds \
    --mount type=volume,source=pong-light,target=/run/swarm-pong \
    "$image" light
  await_rallies
}

# Prints the published port of every node, by its name and id; off if none has an address.
node_ports() {
  list=''
  while read -r _ node _ _ address; do
    case $address in '' | 0.0.0.0) continue ;; *:*) address="[$address]" ;; esac
    list="$list,$node=$address:$port"
  done <<END
$(nodes)
END
  list=${list#,}
  echo "${list:-off}"
}

# Asks an address for one rally; `answer` is what came.
rally() {
  if [ "${fetch##*/}" = curl ]; then
    answer=$("$fetch" --silent --show-error --fail --max-time 5 "http://$1:$port/rally" 2>&1)
  else
    answer=$("$fetch" -q -T 5 -t 1 -O - "http://$1:$port/rally" 2>&1)
  fi || return
  case $answer in *'The winner is '* | *DRAW*) ;; *) return 1 ;; esac
}

# Waits for a rally from every node that is to have a proxy; tasks that run are no proof.
await_rallies() {
  [ "$patience" -gt 0 ] || return 0
  if ! fetch=$(command -v curl || command -v wget); then
    say "warning: without curl and wget it was not checked that the nodes answer; try http://NODE:$port" >&2
    return 0
  fi
  waiting=''
  # Elsewhere loopback is that of another machine.
  [ -n "${DOCKER_HOST-}" ] || waiting=127.0.0.1
  for address in $(nodes | sed -n 's/.* active ready //p'); do
    case $address in *:*) address="[$address]" ;; esac
    case " 0.0.0.0 $waiting " in *" $address "*) ;; *) waiting="$waiting $address" ;; esac
  done
  say "waiting for a rally from each of ${waiting# }"
  until=$(($(date +%s) + patience))
  while :; do
    missing='' reasons=''
    for address in $waiting; do
      rally "$address" && continue
      missing="$missing $address"
      reasons="$reasons
no rally from http://$address:$port: $(echo "${answer:-no answer}" | grep . | tail -n 1)"
    done
    waiting=$missing
    [ -n "$waiting" ] || { say "every node answers: curl http://NODE:$port"; return 0; }
    [ "$(date +%s)" -lt "$until" ] || break
    sleep 2
  done
  echo "$reasons" | grep . | while read -r reason; do say "$reason" >&2; done
  say "see what Docker says: docker service ps --no-trunc proxy manager ping pong; a task that stays in state New has no address, and if all others stay in Preparing, a node has none: see PONG_SUBNET" >&2
  # What was created stays, to be looked at.
  made=''
  exit 3
}

down() {
  names=$(docker service ls --filter "label=$mine" --format '{{.Name}}')
  for name in $names; do
    remove "service:$name" || die "service $name: $answer"
    say "service $name removed"
  done
  if ! network_is >/dev/null; then
    [ -n "$names" ] || say "nothing to remove"
  elif stack_runs; then
    say "network $net stays: the stack $stack uses it"
  else
    remove network:$net || die "network $net: $answer"
    gone || die "network $net is still being removed"
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
[ -z "$encrypted" ] || [ $command != down ] || misuse "--encrypted cannot be used with down"

need_manager
trap undo EXIT
trap 'exit 1' HUP INT TERM
$command "$image"
made=''
