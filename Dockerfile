# syntax=docker/dockerfile:1
# The gateway with its page: built here from nothing but this repository, run without compilers, Node or root.
# `scripts/image-steps` goes through these steps without Docker.

# 1. The page and the web client.
FROM node:22-bookworm-slim AS page
WORKDIR /src
ENV npm_config_cache=/var/cache/npm
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY tests/browser/package.json tests/browser/package.json
COPY scripts/build scripts/build
COPY bindings bindings
COPY web-client web-client
COPY console console
RUN --mount=type=cache,target=/var/cache/npm scripts/build page

# 2. The gateway, with the page inside. librdkafka is built from source against the system's OpenSSL.
FROM rust:1.95-bookworm AS gateway
# hadolint ignore=DL3008 # Debian keeps only the newest version of a package
RUN apt-get update && apt-get install -y --no-install-recommends \
    build-essential libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=page /src/console/dist console/dist
# What is built stays in a cache that the next build has; the binary is taken out of it.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    scripts/build gateway && install -D target/release/sluice /out/sluice

# 3. What runs.
FROM debian:bookworm-slim AS final
# hadolint ignore=DL3008 # Debian keeps only the newest version of a package
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin sluice \
    && install -d -o sluice -g sluice -m 0750 /data
COPY --from=gateway /out/sluice /usr/local/bin/sluice
# By number, so that Kubernetes sees that it is not root.
USER 10001:10001
# The embedded log and the development key are in ./sluice-data.
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
# SIGTERM, which is the default, drains: docs/operating.md. Give it longer than `limits.drain`.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["/usr/local/bin/sluice", "health"]
ENTRYPOINT ["/usr/local/bin/sluice"]
CMD ["serve"]
