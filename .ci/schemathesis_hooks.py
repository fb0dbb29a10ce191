"""What schemathesis is told in code."""

import schemathesis


@schemathesis.hook
def map_body(context, body):
    """Nobody waits for requests as long as one may."""
    if "/requests/wait" in context.operation.path and isinstance(body, dict):
        timeout = body.get("timeoutMs", 0)
        if isinstance(timeout, int) and 0 <= timeout <= 60_000:
            body = {**body, "timeoutMs": timeout % 10}
    return body
