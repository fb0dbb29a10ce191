# What compiles: any image with Rust 1.95 and a C compiler. A release gives it by digest.
ARG RUST_IMAGE=rust:1.95-bookworm

FROM ${RUST_IMAGE} AS build
WORKDIR /src
# With a target named, the flags are for the program alone: the macros of its crates cannot be linked statically. A static
# program finds the system's random numbers by the system call, or else in /dev, which an empty image may not have.
ENV RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"'
# The dependencies, for an empty program: a layer that a change of source leaves as it is. Who reaches crates.io by settings
# of Cargo's gives them as a secret: `--secret id=cargo,src=$HOME/.cargo/config.toml`.
COPY Cargo.toml Cargo.lock ./
RUN --mount=type=secret,id=cargo,target=/usr/local/cargo/config.toml \
    mkdir src benches \
    && touch src/lib.rs benches/speed.rs benches/instructions.rs \
    && echo 'fn main() {}' | tee build.rs > src/main.rs \
    && cargo build --profile dist --locked --bin uptrends-emulator --target host-tuple
COPY . .
# The date that the program tells of its build.
ARG SOURCE_DATE_EPOCH
# Cargo goes by the times of files, and those of a checkout may be older than the empty program.
RUN --mount=type=secret,id=cargo,target=/usr/local/cargo/config.toml \
    touch build.rs src/lib.rs src/main.rs \
    && cargo build --profile dist --locked --bin uptrends-emulator --target host-tuple \
    && cp target/*/dist/uptrends-emulator /uptrends-emulator \
    && mkdir /data

FROM scratch
COPY --from=build /uptrends-emulator /uptrends-emulator
# The latter is there in releases alone: `.ci/third-party-licenses` makes it.
COPY LICENSE THIRD-PARTY-LICENSES.tx[t] /licenses/
# A place for --database that the program may write to.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
# Both families, or IPv4 alone where there is no IPv6.
ENV UPTRENDS_EMULATOR_LISTEN=0.0.0.0:8080,[::]:8080
EXPOSE 8080
HEALTHCHECK --interval=750ms --timeout=5s --start-period=10s --retries=4 CMD ["/uptrends-emulator", "healthcheck"]
ENTRYPOINT ["/uptrends-emulator"]
ARG VERSION=unreleased
ARG REVISION
LABEL org.opencontainers.image.title="uptrends-emulator" \
      org.opencontainers.image.description="A local stand-in for the account API of Uptrends" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
