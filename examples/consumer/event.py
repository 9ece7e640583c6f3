"""What both consumers do with an event."""

import json

# Keep it where your data is, and write both in one transaction.
last_versions: dict[str, int] = {}


def handle(event: dict, source: str) -> None:
    """Prints an event, once: what was sent again after a fault has a version that was seen before."""
    user, version = event["subject"], event["userversion"]
    if version <= last_versions.get(user, 0):
        return
    last_versions[user] = version
    print(source, event["type"], user, f"v{version}", f"trace={event['traceid']}", json.dumps(event["data"]), flush=True)
