"""Tests the installed package with the real binary."""

import base64
import json
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import pytest

import uptrends_emulator


def test_the_binary_has_the_version_of_the_package() -> None:
    shown = subprocess.run([uptrends_emulator.binary_path(), "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"uptrends-emulator {uptrends_emulator.__version__}\n"


def test_the_command_is_the_binary() -> None:
    command = shutil.which("uptrends-emulator", path=sysconfig.get_path("scripts"))
    assert command is not None
    assert Path(command).samefile(uptrends_emulator.binary_path())


def test_the_binary_serves_the_api(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    flags = ["--listen", "127.0.0.1:0", "--ready-file", str(ready_file), "--log", "warn"]
    with subprocess.Popen([uptrends_emulator.binary_path(), *flags], stdout=subprocess.PIPE, text=True) as emulator:
        try:
            assert emulator.stdout is not None
            assert emulator.stdout.readline().startswith("uptrends-emulator ready on ")
            ready = json.loads(ready_file.read_text())
            assert ready["pid"] == emulator.pid
            credentials = base64.b64encode(b"emulator:emulator").decode()
            request = urllib.request.Request(
                f"{ready['url']}/v4/Operator", headers={"Authorization": f"Basic {credentials}"}
            )
            with urllib.request.urlopen(request, timeout=10) as response:
                assert len(json.load(response)) == 2
        finally:
            emulator.terminate()
    if sys.platform == "win32":
        assert emulator.returncode == signal.SIGTERM  # which ends a process there at once
    else:
        assert emulator.returncode == 0


def test_a_missing_binary_is_reported_with_the_places_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    with pytest.raises(FileNotFoundError, match="is not installed; searched .*uptrends-emulator"):
        uptrends_emulator.binary_path()
