import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

OPERATOR = {"FullName": "Third Operator", "Email": "third@example.com"}


def test_a_new_operator_is_listed(uptrends):
    assert uptrends.session.post(f"{uptrends.url}/Operator", json=OPERATOR).status_code == 201

    listed = uptrends.session.get(f"{uptrends.url}/Operator").json()
    assert [operator["FullName"] for operator in listed][2:] == ["Third Operator"]


def test_an_address_is_taken_once(uptrends):
    for status in (201, 403):
        response = uptrends.session.post(f"{uptrends.url}/Operator", json=OPERATOR)
        assert response.status_code == status
    assert response.json()["Messages"][0]["Message"].startswith("Email: ")


def test_a_client_tries_again(uptrends):
    fault = {"match": {"method": "GET", "path": "/v4/Operator"}, "effect": {"status": 503}, "count": 2}
    requests.post(f"{uptrends.control}/faults", json=fault).raise_for_status()

    uptrends.session.mount("http://", HTTPAdapter(max_retries=Retry(total=2, status_forcelist=[503])))
    assert uptrends.session.get(f"{uptrends.url}/Operator").status_code == 200

    counted = requests.post(f"{uptrends.control}/requests/count", json={"operationId": "Operator_GetAllOperators"})
    assert counted.json() == {"count": 3}
