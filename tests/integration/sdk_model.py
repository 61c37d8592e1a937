"""A model that logs in each way the SDK has, for any Python that the SDK is for.

python sdk_model.py URL SPOOL < {"key": "…", "record": {…}}        writes what it logged as JSON
"""

import asyncio
import json
import sys
import uuid

from edgewise import AsyncClient, Client


def main(url: str, spool: str) -> None:
    given = json.load(sys.stdin)

    def decision() -> dict:
        return given["record"] | {"id": str(uuid.uuid4())}

    async def log_from_a_loop() -> list[str]:
        async with AsyncClient(url, given["key"]) as other:
            buffered = [other.log(decision()) for _ in range(9)]
            logged = await other.log_durably(decision())
            return [*buffered, logged.id or ""]

    client = Client(url, given["key"], spool=spool)
    context = {"community": "de"}
    policy = client.policy(context)
    ids = [client.log(decision()) for _ in range(30)]
    assert client.flush(60), client.trouble
    ids += [logged.id or "" for logged in client.log_many(decision() for _ in range(20))]
    logged = client.log(decision(), wait=True)
    assert client.receipt(logged.id or "", wait=60)
    ids += [logged.id or "", *asyncio.run(log_from_a_loop())]
    chosen = client.choose(given["record"]["options"], context).option_id
    assert (client.lost_total, client.rejected_total) == (0, 0)
    ids += [client.log(decision()) for _ in range(10)]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    json.dump({"version": version, "policy": policy["version"], "chosen": chosen, "ids": ids}, sys.stdout)


main(*sys.argv[1:])
