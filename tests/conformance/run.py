"""Runs scim2-tester's checks against a SCIM service provider and prints each one's outcome as a line of JSON."""

import argparse
import json
import random
import uuid

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server, filling


def named_groups(example, pattern):
    """Has the suite name groups by a pattern, as if /Schemas gave examples; it draws a UUID otherwise."""

    def named(path):
        binding = path.resolve()
        if binding and (binding.target_model.__name__, str(path)) == ("Group", "displayName"):
            return pattern.format(uuid.uuid4())
        return example(path)

    return named


def outcome(result):
    """What identifies a check, and how it ended; `attribute` is what the PATCH checks say about themselves."""
    data = result.data if isinstance(result.data, dict) else {}
    return {
        "status": result.status.name,
        "type": result.resource_type,
        "check": result.title,
        "attribute": data.get("urn"),
        "tags": sorted(result.tags),
        "reason": result.reason,
    }


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("url", help="base URL of the service provider")
parser.add_argument("key", help="bearer token")
parser.add_argument("--type", action="append", help="check only resources of this type; may be repeated")
parser.add_argument("--group-name", help="pattern for the names of groups, {} standing for something unique")
arguments = parser.parse_args()

random.seed(7643)  # the same draws in each run; UUIDs, which only have to be unique, are new ones
if arguments.group_name:
    filling.get_random_example_value = named_groups(filling.get_random_example_value, arguments.group_name)

headers = {"Authorization": f"Bearer {arguments.key}"}
with Client(base_url=arguments.url, headers=headers, timeout=60) as client:
    for result in check_server(SyncSCIMClient(client), resource_types=arguments.type):
        print(json.dumps(outcome(result)))
