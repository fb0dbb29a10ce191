FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# With a target named, the flags are for the program alone: the macros of its crates cannot be linked statically. A static
# program finds the system's random numbers by the system call, or else in /dev, which an empty image may not have.
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"' \
        cargo build --release --locked --bin uptrends-emulator --target "$target" \
    && cp "target/$target/release/uptrends-emulator" /uptrends-emulator \
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
HEALTHCHECK --interval=1s --timeout=5s --start-period=10s --retries=3 CMD ["/uptrends-emulator", "healthcheck"]
ENTRYPOINT ["/uptrends-emulator"]
