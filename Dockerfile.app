# Image of the site: one static binary.
#
#     docker build --file Dockerfile.app --tag penguin-app .
#
# Requires BuildKit, the default of current Docker. No `# syntax` line, here-documents or `COPY --link`, to support older
# engines and machines without a registry.

# Rust toolchain and C compiler. Without a registry, `.ci/builder-image` creates a replacement.
ARG BUILDER=public.ecr.aws/docker/library/rust:1.95.0-slim-bookworm

# Runs on the target platform: build arm64 images on an arm64 machine or in emulation (`docker buildx build --platform
# linux/arm64`, slow). Cross-compiling would need a second C toolchain.
FROM ${BUILDER} AS build
ARG TARGETARCH
WORKDIR /build

# Static linking for `FROM scratch`. Symbols would be a fifth of the image; panics log file and line without them.
ENV RUSTFLAGS="-C target-feature=+crt-static -C strip=symbols"

# Cargo requires all workspace members; the others get a manifest and empty sources.
COPY Cargo.toml Cargo.lock ./
COPY penguin-proxy/Cargo.toml penguin-proxy/
COPY infra/Cargo.toml infra/
COPY penguin-app penguin-app
COPY templates templates
COPY static static

# The cache mounts keep compiled dependencies. Each image has its own registry: two builds at the same time would
# unpack the same crates into one. `touch`, since Cargo compares modification times, and files older than the cache
# would be considered compiled. An explicit target restricts RUSTFLAGS to the program, excluding build scripts.
RUN --mount=type=cache,id=penguin-app-cargo-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=penguin-app-target,target=/target,sharing=locked \
    case "$TARGETARCH" in \
        amd64) target=x86_64-unknown-linux-gnu ;; \
        arm64) target=aarch64-unknown-linux-gnu ;; \
        *) echo "unsupported architecture '$TARGETARCH' (set by BuildKit); supported: amd64, arm64" >&2; exit 1 ;; \
    esac \
    && for other in penguin-proxy infra; do mkdir -p $other/src && touch $other/src/main.rs $other/src/lib.rs; done \
    && find penguin-app templates static -type f -exec touch {} + \
    && cargo build --release --locked --package penguin-app --target "$target" --target-dir "/target/$TARGETARCH" \
    && cp "/target/$TARGETARCH/$target/release/penguin-app" /penguin-app

FROM scratch

ARG SOURCE=unknown
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="penguin-app" \
      org.opencontainers.image.description="Web site of the Penguin School" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.version="$VERSION"

COPY --from=build /penguin-app /penguin-app

# Numeric, since there is no /etc/passwd.
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
# Compose and ECS override the timings.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/penguin-app", "health"]
ENTRYPOINT ["/penguin-app"]
CMD ["serve"]
