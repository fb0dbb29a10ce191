import os
import subprocess
import sys
from pathlib import Path

import requests

MONITORS = [
    {"Name": "Home page", "Notes": "Contact: Third Operator <third@example.com>"},
    {"Name": "Shop", "Notes": "Contact: Third Operator <third@example.com>"},
    {"Name": "Mail", "Notes": ""},
]


def test_each_contact_becomes_an_operator(uptrends):
    # Monitors are not emulated, so the emulator is told what to answer.
    canned = {"match": {"operationId": "Monitor_GetMonitors"}, "effect": {"status": 200, "body": MONITORS}}
    requests.post(f"{uptrends.control}/faults", json=canned).raise_for_status()

    user_name, password = uptrends.session.auth
    environment = {
        "UPTRENDS_BASE_URL": uptrends.url,
        "UPTRENDS_USERNAME": user_name,
        "UPTRENDS_PASSWORD": password,
    }
    program = [sys.executable, Path(__file__).with_name("contacts.py")]
    done = subprocess.run(program, env=os.environ | environment, check=True, capture_output=True, text=True)
    assert done.stdout == "Home page: Third Operator\n"

    created = {"match": {"method": "POST", "path": "/v4/Operator", "status": 201}, "times": 1}
    verified = requests.post(f"{uptrends.control}/requests/verify", json=created)
    assert verified.ok, verified.json()["detail"]
