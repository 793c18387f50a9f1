# The site as an image: one static program, and nothing else in it.
#
#     docker build --file Dockerfile.app --tag penguin-app .
#
# BuildKit is needed (every current Docker builds with it). The file does without a `# syntax` line, here-documents and
# `COPY --link`, so that older engines and machines without a registry can build it too.

# A Rust toolchain and a C compiler. `.ci/builder-image` makes a stand-in where no registry can be reached.
ARG BUILDER=public.ecr.aws/docker/library/rust:1.95.0-slim-bookworm

# For the platform that is asked for, not for the one that builds: an arm64 image is built by an arm64 machine (as
# CodeBuild has them) or, slowly, in emulation (`docker buildx build --platform linux/arm64`). Cross-compiling would
# need a second C toolchain in the builder.
FROM ${BUILDER} AS build
ARG TARGETARCH
WORKDIR /build

# Static, so that the image can be empty. Names of functions stay for backtraces, line tables do not.
ENV RUSTFLAGS="-C target-feature=+crt-static" \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo

# Cargo wants to see every member of the workspace: of the others a manifest and empty sources, which are never built.
COPY Cargo.toml Cargo.lock ./
COPY penguin-proxy/Cargo.toml penguin-proxy/
COPY infra/Cargo.toml infra/
COPY penguin-app penguin-app
COPY templates templates
COPY static static

# Dependencies stay compiled in the two caches, whatever changes above. `touch`, because the second cache outlives the
# checkout: Cargo compares times, and an older file of another checkout would pass for built. The target is named so
# that the flags above hold for the program alone, not for what runs during the build.
RUN --mount=type=cache,id=penguin-cargo-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=penguin-app-target,target=/target,sharing=locked \
    case "$TARGETARCH" in \
        amd64) target=x86_64-unknown-linux-gnu ;; \
        arm64) target=aarch64-unknown-linux-gnu ;; \
        *) echo "no target for architecture '$TARGETARCH': amd64 and arm64 are known; BuildKit sets it" >&2; exit 1 ;; \
    esac \
    && for other in penguin-proxy infra; do mkdir -p $other/src && touch $other/src/main.rs $other/src/lib.rs; done \
    && find penguin-app templates static -type f -exec touch {} + \
    && cargo build --release --locked --package penguin-app --target "$target" --target-dir "/target/$TARGETARCH" \
    && cp "/target/$TARGETARCH/$target/release/penguin-app" /penguin-app

FROM scratch

# What the image is and where it came from, for whoever finds it in a registry.
ARG SOURCE=unknown
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="penguin-app" \
      org.opencontainers.image.description="The web site of the Penguin School" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.version="$VERSION"

COPY --from=build /penguin-app /penguin-app

# Numeric, since there is no /etc/passwd to look a name up in.
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
# The program asks itself: there is no shell and no curl in here. Compose and ECS bring timings of their own.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/penguin-app", "health"]
ENTRYPOINT ["/penguin-app"]
CMD ["serve"]
