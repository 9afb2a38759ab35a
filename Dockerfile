# The image of all services: one static binary.
#
#   docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v7,linux/arm/v6 -t NAME --push .
#   docker build -t swarm-pong .
#
# With an existing binary, called swarm-pong, in a folder of its own:
#
#   docker build --build-arg BINARY=ready -f Dockerfile -t swarm-pong FOLDER
#
# It needs BuildKit: the default since Docker 23, DOCKER_BUILDKIT=1 before.
ARG BUILDER=rust:1.95-slim
ARG BINARY=build

# Cross-compiles on the build machine, without emulation. All the code is Rust, so rust-lld and the
# musl of rustup are the whole cross toolchain; functions that are the same are linked once (icf), which
# saves 0.07 MB. Cargo goes by the times of files, and those of another checkout may be older than what
# an earlier build has left in the cache; so all of them are new.
FROM --platform=$BUILDPLATFORM ${BUILDER} AS build
ARG TARGETPLATFORM
WORKDIR /swarm-pong
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/swarm-pong/target \
    set -eu; \
    case $TARGETPLATFORM in \
      linux/amd64)           target=x86_64-unknown-linux-musl ;; \
      linux/arm64*)          target=aarch64-unknown-linux-musl ;; \
      linux/arm | linux/arm/v7) target=armv7-unknown-linux-musleabihf ;; \
      linux/arm/v6)          target=arm-unknown-linux-musleabihf ;; \
      *) echo "no Rust target known for $TARGETPLATFORM" >&2; exit 1 ;; \
    esac; \
    rustup target add "$target"; \
    export "CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)_LINKER=rust-lld"; \
    export "CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)_RUSTFLAGS=-Clink-self-contained=yes -Clink-arg=--icf=all"; \
    find . -path ./target -prune -o -type f -exec touch {} +; \
    cargo build --release --locked --bin swarm-pong --target "$target"; \
    install -D "target/$target/release/swarm-pong" /out/swarm-pong

FROM scratch AS ready
COPY swarm-pong /out/swarm-pong

# BuildKit builds the stage that is named and skips the other.
FROM ${BINARY} AS made

# Nothing but the binary, for: docker build --target binary --output type=local,dest=FOLDER .
FROM scratch AS binary
COPY --from=made /out/swarm-pong /swarm-pong

FROM scratch
LABEL org.opencontainers.image.title="swarm-pong" \
      org.opencontainers.image.description="A table-tennis match played by a Docker Swarm of Raspberry Pis" \
      org.opencontainers.image.licenses="MIT"
COPY --from=binary /swarm-pong /swarm-pong
# The release that responses name, such as --build-arg RELEASE=$(git describe).
ARG RELEASE
ENV PONG_RELEASE=$RELEASE
# The demo, which runs without a command, would listen on loopback, where Docker publishes nothing.
ENV PONG_LISTEN=0.0.0.0:3000
USER 65534:65534
EXPOSE 3000
# stack.yml has the same numbers and their reasons; tests/it/deploy checks that they agree. It also has
# a start interval, which BuildKit knows only since Docker 25.
HEALTHCHECK --interval=90s --timeout=300s --start-period=33.5s --retries=1 CMD ["/swarm-pong", "healthcheck"]
ENTRYPOINT ["/swarm-pong"]
