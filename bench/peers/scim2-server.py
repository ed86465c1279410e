"""scim2-server, in memory, behind the server of its own command: scim2-server.py <key>.

Reads the people, one JSON object a line, from standard input, the number of them who are in each group being the first
line; prints, as JSON, its port and the ids of people and groups.
"""

import json
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ResourceType, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *_):
        pass


types: dict[str, ResourceType] = {
    each.name: each for each in load_default_resource_types().values()
}
provider = ScimProvider.from_discovery(
    load_default_schemas().values(),
    types.values(),
    config=load_default_service_provider_config(),
)
storage = InMemoryStorage()
application = BearerTokenApplication(
    storage, provider, service=ScimService(provider, secret="bench"), bearer_tokens=[sys.argv[1]]
)


def create(kind: str, attributes: dict) -> str:
    return storage.create(types[kind], provider.model_for(kind).model_validate(attributes)).id


size, groups, *lines = sys.stdin
people = [create("User", json.loads(line)) for line in lines]
members = [{"value": id, "type": "User"} for id in people[: int(size)]]
made = [
    create("Group", {"displayName": f"Group {i + 1}", "members": members})
    for i in range(int(groups))
]
server = make_server("127.0.0.1", 0, application, ThreadingWSGIServer, Quiet)
print(json.dumps({"port": server.server_port, "people": people, "groups": made}), flush=True)
server.serve_forever()
