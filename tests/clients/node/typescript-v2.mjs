// Makes the calls of calls.json through version 2 of the TypeScript SDK.
//
// Usage: node typescript-v2.mjs SHIM CALLS legacy|auto

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { makeCalls } from "./calls.mjs";

const [shim, calls, mode] = process.argv.slice(2);
const me = { name: "claude-code", version: "1.0.0" };
const client = new Client(me, { versionNegotiation: { mode } });
await client.connect(new StdioClientTransport({ command: shim, env: { ...process.env } }));
await makeCalls(client, calls);
