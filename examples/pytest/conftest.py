import json
import os
import subprocess
from dataclasses import dataclass

import pytest
import requests


@dataclass
class Uptrends:
    """An account of a test's own."""

    url: str
    """The URL of the API, for the program under test."""

    control: str
    """The URL of the control API of this account: faults, clock, journal."""

    session: requests.Session
    """A session with the credentials of the account's API user."""


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    """The URL of the emulator: UPTRENDS_EMULATOR, or else one is started on a free port, once a session."""
    if url := os.environ.get("UPTRENDS_EMULATOR"):
        yield url
        return
    ready = tmp_path_factory.mktemp("uptrends") / "ready.json"
    program = os.environ.get("UPTRENDS_BINARY", "uptrends-emulator")
    command = [program, "--listen", "127.0.0.1:0", "--ready-file", str(ready), "--log", "warn"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            # It prints a line when it is ready, and none if it cannot start.
            assert process.stdout.readline(), "the emulator cannot start"
            yield json.loads(ready.read_text())["url"]
        finally:
            process.terminate()


@pytest.fixture
def uptrends(emulator):
    response = requests.post(f"{emulator}/_emulator/accounts")
    response.raise_for_status()
    account = response.json()
    control = f"{emulator}/_emulator/accounts/{account['accountId']}"
    with requests.Session() as session:
        session.auth = account["apiUser"]["UserName"], account["apiUser"]["Password"]
        yield Uptrends(account["baseUrl"], control, session)
    requests.delete(control).raise_for_status()
