"""What schemathesis is told in code."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nobody waits for requests as long as one may, or as long as one does who does not say."""
    if "/requests/wait" in case.path and isinstance(case.body, dict):
        timeout = case.body.get("timeoutMs", 5_000)
        if isinstance(timeout, (int, float)) and 0 <= timeout <= 60_000:
            case.body = {**case.body, "timeoutMs": 0}
