"""Runs every tool of the server through the Python SDK, in the era that is asked for.

Usage: all_tools.py SHIM legacy|auto. Prints a line a call; exits 1 at the first surprise.
"""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.types import Implementation

VERSIONS = {"legacy": "2025-11-25", "auto": "2026-07-28"}

# Every tool with arguments, in an order in which all of them succeed, and what must come back.
CALLS = [
    ("whoami", {}, {"agent": "Codex (alice)", "user": "alice"}),
    ("say", {"topic": "plan", "title": "T", "body": "b"}, {"topic": "plan", "index": 0}),
    ("list_threads", {}, {"next_cursor": None}),
    ("read_thread", {"topic": "plan"}, {"topic": "plan", "total_entries": 1}),
    ("read_thread", {"topic": "plan", "format": "json"}, {"total_entries": 1}),
    ("read_thread", {"topic": "plan", "format": "summary"}, {"total_entries": 1}),
    ("ack", {"topic": "plan"}, {"topic": "plan", "index": 1}),
    ("handoff", {"topic": "plan", "to": "Claude", "note": "n"}, {"ball": "Claude"}),
    ("set_status", {"topic": "plan", "status": "in_review"}, {"status": "IN_REVIEW"}),
    ("sync", {}, {"pending": 0}),
    ("health", {}, {}),
]


def expect(holds, message):
    if not holds:
        sys.exit(f"FAILED: {message}")


async def call_all(client):
    listed = await client.list_tools()
    names = {tool.name for tool in listed.tools}
    called = {f"watercooler_{name}" for name, _, _ in CALLS}
    expect(called <= names, f"not listed: {called - names}")
    expect(names <= called, f"listed and never called: {names - called}")
    for tool in listed.tools:
        expect(tool.annotations is not None, f"{tool.name} has no annotations")
    for name, arguments, wanted in CALLS:
        result = await client.call_tool(f"watercooler_{name}", arguments)
        text = "".join(part.text for part in result.content)
        expect(not result.is_error, f"{name}: {text}")
        expect(text.strip(), f"{name}: the text is complete without the structured part")
        found = result.structured_content
        expect(found is not None, f"{name}: no structured result")
        for key, value in wanted.items():
            expect(found[key] == value, f"{name}: {key} is {found[key]!r}, not {value!r}")
        print(f"{name} {sorted(found)}")
    wrong = await client.call_tool("watercooler_read_thread", {"topic": "plam"})
    expect(wrong.is_error, "a wrong topic is an error")
    code = wrong.structured_content["error"]["code"]
    expect(code == "thread_not_found", f"its code is {code}")
    expect("plan" in wrong.content[0].text, "the nearest topic is named")


async def main():
    shim, mode = sys.argv[1:]
    server = StdioServerParameters(command=shim, env=dict(os.environ))
    me = Implementation(name="codex-mcp-client", version="1.0.0")
    async with Client(server, mode=mode, client_info=me, read_timeout_seconds=60) as client:
        expect(client.server_info.name == "watercooler", f"server {client.server_info}")
        version = client.protocol_version
        expect(version == VERSIONS[mode], f"{mode} negotiated {version}")
        await call_all(client)
    print(f"all tools, {VERSIONS[mode]}")


asyncio.run(main())
