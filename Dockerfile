# A node of the mesh. Two stages: the toolchain builds, a small Debian runs.
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends pkg-config libsodium-dev liblz4-dev libpcre2-dev \
    libutf8proc-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources ./Sources
COPY Tests ./Tests
RUN swift build -c release --static-swift-stdlib -Xlinker -s --product bored \
 && cp "$(swift build -c release --static-swift-stdlib -Xlinker -s --show-bin-path)/bored" /bored

FROM ${RUNTIME_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends libsodium23 liblz4-1 libpcre2-8-0 libutf8proc2 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin node \
 && chmod 0700 /data
COPY --from=build /bored /usr/local/bin/bored
ENV BORED_DATA=/data
USER node
VOLUME /data
EXPOSE 7777/udp
STOPSIGNAL SIGTERM
# Exit code 1 says that a model is incomplete somewhere: no fault of this node.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
  CMD bored health --peer 127.0.0.1:7777 > /dev/null || [ $? = 1 ]
ENTRYPOINT ["/usr/local/bin/bored"]
CMD ["node", "--listen", "0.0.0.0:7777"]
