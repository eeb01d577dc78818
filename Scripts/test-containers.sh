#!/bin/bash
# Tries docker-compose.yml under a real engine: five nodes find each other by the service's name,
# cover the model, and answer a prompt exactly as one process alone does.
#
# The engine runs in a network namespace of its own, so the host's firewall and bridges stay as they
# are. The image is a fully static binary on nothing; with BORED_FULL_IMAGE=1 the Dockerfile is built
# instead, with whatever images of its base names the engine has or can pull. BORED_BINARY names a
# static binary that is built already, BORED_IMAGE an archive that `docker save boredmesh` made where
# the Dockerfile could be built.
#
# Skips, and says why, where it can't run: not root, no engine.
set -euo pipefail
cd "$(dirname "$0")/.."

nodes=${BORED_NODES:-5}
# Small nodes, so that a prompt needs several of them.
export BORED_LAYERS=${BORED_LAYERS:-2}
work=$(mktemp -d /tmp/bored-containers.XXXXXX)
namespace=bored-$$
project=bored$$

skip() {
    echo "skipped: $1"
    rm -rf "$work"
    exit 0
}

[ "$(id -u)" = 0 ] || skip "containers are tested as root"
for tool in dockerd docker ip nsenter; do
    command -v "$tool" > /dev/null || skip "$tool is not installed (apt-get install docker.io iproute2)"
done

engine_pid=
cleanup() {
    status=$?
    if [ -n "$engine_pid" ]; then
        [ "$status" = 0 ] || compose logs --tail 40 2> /dev/null || true
        compose down -v -t 2 > /dev/null 2>&1 || true
        kill "$engine_pid" 2> /dev/null || true
        for _ in $(seq 50); do kill -0 "$engine_pid" 2> /dev/null || break; sleep 0.2; done
    fi
    ip netns del "$namespace" 2> /dev/null || true
    umount "$work/exec/netns/default" 2> /dev/null || true
    rm -rf "$work"
    [ "$status" = 0 ] && echo "containers: passed" || echo "containers: failed"
}
trap cleanup EXIT

inside() { nsenter --net="/run/netns/$namespace" "$@"; }
compose() {
    if docker compose version > /dev/null 2>&1; then
        docker compose -p "$project" -f "$work/compose/docker-compose.yml" "$@"
    else
        docker-compose -p "$project" -f "$work/compose/docker-compose.yml" "$@"
    fi
}

start_engine() {
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    inside setsid dockerd --data-root "$work/data" --exec-root "$work/exec" -p "$work/pid" \
        -H "unix://$work/docker.sock" > "$work/log" 2>&1 < /dev/null &
    export DOCKER_HOST="unix://$work/docker.sock"
    for _ in $(seq 100); do
        docker version > /dev/null 2>&1 && break
        sleep 0.2
    done
    if ! docker version > /dev/null 2>&1; then
        tail -n 3 "$work/log"
        ip netns del "$namespace"
        trap - EXIT
        skip "no container engine starts here"
    fi
    engine_pid=$(cat "$work/pid")
    if ! docker compose version > /dev/null 2>&1 && ! command -v docker-compose > /dev/null; then
        echo "skipped: compose is not installed (apt-get install docker-compose)"
        exit 0
    fi
}

build_binary() {
    local folder=.build/static
    swift build -c release --scratch-path "$folder" -Xswiftc -static-executable -Xlinker -s \
        --product bored > "$work/build.log" 2>&1 || { tail -n 20 "$work/build.log"; exit 1; }
    cp "$(swift build -c release --scratch-path "$folder" --show-bin-path)/bored" "$work/image/bored"
}

build_image() {
    mkdir -p "$work/compose" "$work/image/data"
    cp docker-compose.yml "$work/compose/"
    if [ -n "${BORED_IMAGE:-}" ]; then
        docker load -q -i "$BORED_IMAGE" > /dev/null
        return
    fi
    if [ -n "${BORED_FULL_IMAGE:-}" ]; then
        docker build -q -t boredmesh . > /dev/null
        return
    fi
    if [ -n "${BORED_BINARY:-}" ]; then
        cp "$BORED_BINARY" "$work/image/bored"
    else
        build_binary
    fi
    printf '%s\n' 'root:x:0:0::/:' 'node:x:10001:10001::/data:' > "$work/image/passwd"
    cat > "$work/image/Dockerfile" << 'X'
FROM scratch
COPY passwd /etc/passwd
COPY --chown=10001:10001 data /data
COPY bored /usr/local/bin/bored
ENV BORED_DATA=/data
USER node
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s CMD ["/usr/local/bin/bored", "health", "--peer", "127.0.0.1:7777"]
ENTRYPOINT ["/usr/local/bin/bored"]
X
    docker build -q -t boredmesh "$work/image" > "$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
}

# The value of a key of the last line of JSON.
field() { python3 -c 'import json,sys; print(json.loads(sys.stdin.read().splitlines()[-1])[sys.argv[1]])' "$1"; }

start_engine
build_image
compose up -d --no-build --scale "node=$nodes" node > "$work/up" 2>&1 || { cat "$work/up"; exit 1; }
echo "containers: $nodes nodes are up"
for attempt in $(seq 60); do
    if compose run -T --rm health > "$work/health" 2> "$work/health.err"; then break; fi
    [ "$attempt" != 60 ] || { cat "$work/health" "$work/health.err"; echo "the mesh never became complete"; exit 1; }
    sleep 0.5
done
cat "$work/health"
text="Who are you?"
compose run -T --rm prompt "$text" --json --seed 7 > "$work/mesh" 2> "$work/mesh.err" \
    || { cat "$work/mesh.err"; exit 1; }
docker run --rm --network none boredmesh prompt "$text" --alone --json --seed 7 > "$work/alone" 2> /dev/null
mesh=$(field ids < "$work/mesh")
alone=$(field ids < "$work/alone")
[ -n "$mesh" ] && [ "$mesh" = "$alone" ] || {
    echo "the mesh said $mesh, one process alone $alone"
    exit 1
}
stages=$(field chain < "$work/mesh" | grep -o "'node'" | wc -l)
[ "$stages" -gt 1 ] || [ "$BORED_LAYERS" != 2 ] || { echo "one container answered alone"; exit 1; }
echo "containers: the tokens of $stages stages equal those of one process alone"
started=$(date +%s)
compose stop -t 5 > /dev/null 2>&1
for id in $(compose ps -q node); do
    code=$(docker inspect -f '{{.State.ExitCode}}' "$id")
    [ "$code" = 0 ] || { echo "a node ended with $code at SIGTERM"; exit 1; }
done
echo "containers: every node left in order, $(($(date +%s) - started)) s"
