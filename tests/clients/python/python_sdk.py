"""Makes the calls of calls.json through the Python SDK and prints each answer as a line of JSON.

Usage: python_sdk.py SHIM CALLS legacy|auto
"""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.types import Implementation


async def main():
    shim, calls, mode = sys.argv[1:]
    server = StdioServerParameters(command=shim, env=dict(os.environ))
    me = Implementation(name="codex-mcp-client", version="1.0.0")
    async with Client(server, mode=mode, client_info=me, read_timeout_seconds=60) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        for call in json.loads(calls):
            name = f"watercooler_{call['tool']}"
            if name not in listed:
                continue
            answer = await client.call_tool(name, call["arguments"])
            print(answer.model_dump_json(by_alias=True))


asyncio.run(main())
