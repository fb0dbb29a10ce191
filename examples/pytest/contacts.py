"""Makes an operator of each contact in the notes of the monitors: the program under test."""

import os
import re

import requests


def main():
    url = os.environ["UPTRENDS_BASE_URL"]
    with requests.Session() as session:
        session.auth = os.environ["UPTRENDS_USERNAME"], os.environ["UPTRENDS_PASSWORD"]

        def get(path):
            response = session.get(f"{url}{path}")
            response.raise_for_status()
            return response.json()

        known = {operator["Email"] for operator in get("/Operator")}
        for monitor in get("/Monitor"):
            contact = re.search(r"Contact: (.+) <(.+)>", monitor["Notes"])
            if contact and contact[2] not in known:
                operator = {"FullName": contact[1], "Email": contact[2]}
                session.post(f"{url}/Operator", json=operator).raise_for_status()
                known.add(contact[2])
                print(f"{monitor['Name']}: {contact[1]}")


if __name__ == "__main__":
    main()
