"""Prints the licences of what crates contain, and of what the binaries are linked with, which `cargo metadata` does not know.

The texts come from the crates that are compiled in, so that they are those of its version. A text that is not where it was is an
error.
"""

import json
import pathlib
import re
import subprocess
import sys
import zipfile

RULER = "=" * 79


def folder_of(crate):
    """The folder of a crate's source."""
    found = [package for package in METADATA["packages"] if package["name"] == crate]
    if len(found) != 1:
        sys.exit(f"error: {len(found)} versions of {crate}")
    return pathlib.Path(found[0]["manifest_path"]).parent


def section(title, text):
    print(f"{RULER}\n{title}\n{'-' * 79}\n\n{text.strip()}\n")


METADATA = json.loads(
    subprocess.run(
        ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"], check=True, stdout=subprocess.PIPE
    ).stdout
)

header = (folder_of("libsqlite3-sys") / "sqlite3/sqlite3.h").read_text()
version = re.search(r'^#define SQLITE_VERSION +"([\d.]+)"', header, re.M)[1]
blessing = re.search(r"^\*\* The author disclaims.*?(?=^\*\*\*)", header, re.M | re.S)[0]
blessing = re.sub(r"^\*\* ?", "", blessing, flags=re.M)
section(f"SQLite {version}, in libsqlite3-sys: in the public domain, https://sqlite.org/copyright.html", blessing)

tz = folder_of("chrono-tz") / "tz"
section("The time zone database of IANA, in chrono-tz: in the public domain", (tz / "LICENSE").read_text())

(archive,) = folder_of("utoipa-swagger-ui-vendored").glob("res/*.zip")
with zipfile.ZipFile(archive) as files:
    root = files.namelist()[0].split("/")[0]
    notice = files.read(f"{root}/NOTICE").decode()
    text = files.read(f"{root}/LICENSE").decode()
release = root.removeprefix("swagger-ui-")
section(f"Swagger UI {release}, in utoipa-swagger-ui-vendored: Apache-2.0, https://swagger.io", f"{notice}\n\n{text}")
bundle = pathlib.Path(__file__).parent / f"licenses/swagger-ui-{release}-bundle.txt"
if not bundle.exists():
    sys.exit(f"error: {bundle} is not there: take swagger-ui-bundle.js.LICENSE.txt of the npm package swagger-ui-dist {release}")
section(f"What the script of Swagger UI {release} contains", bundle.read_text())

mimalloc = {text.read_text() for text in folder_of("libmimalloc-sys").glob("c_src/mimalloc/*/LICENSE")}
section("mimalloc, in libmimalloc-sys: MIT, https://github.com/microsoft/mimalloc", "\n".join(sorted(mimalloc)))

rust = subprocess.run(["rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
section(
    f"The standard library of Rust ({rust})",
    """
Copyright (c) The Rust Project Contributors. It is used under the Apache License, Version 2.0, whose text is above; its own
third-party notices are in COPYRIGHT-library.html of every Rust toolchain, and at https://github.com/rust-lang/rust.
""",
)

section(
    "The GNU C Library, in the binaries for Linux alone: LGPL-2.1-or-later, https://www.gnu.org/software/libc",
    f"""
The binaries for Linux (archives, wheels, npm package and image) are linked with it statically. Its source is that of the package
glibc of the distribution they are built on: Debian 12 for the image, Ubuntu 24.04 for all others. You may change it and link it with
the program again: the source of the program and the commands that build it (.github/workflows/release.yml, Dockerfile) are at
https://github.com/uptrends-emulator/uptrends-emulator, at the tag of the release. libgcc, of GCC, is linked as well, under GPL-3.0
with the GCC Runtime Library Exception, which asks nothing of the program.

{pathlib.Path("/usr/share/common-licenses/LGPL-2.1").read_text()}
""",
)
