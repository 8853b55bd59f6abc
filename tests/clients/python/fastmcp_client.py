"""Makes the calls of calls.json through fastmcp's client and prints each answer as a line of JSON.

Usage: fastmcp_client.py SHIM CALLS
"""

import asyncio
import json
import os
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def main():
    shim, calls = sys.argv[1:]
    transport = StdioTransport(command=shim, args=[], env=dict(os.environ))
    async with Client(transport) as client:
        listed = {tool.name for tool in await client.list_tools()}
        for call in json.loads(calls):
            name = f"watercooler_{call['tool']}"
            if name not in listed:
                continue
            answer = await client.call_tool_mcp(name, call["arguments"])
            print(answer.model_dump_json(by_alias=True))


asyncio.run(main())
