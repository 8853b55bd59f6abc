// Makes the calls of calls.json through version 1 of the TypeScript SDK.
//
// Usage: node typescript-v1.mjs SHIM CALLS

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { makeCalls } from "./calls.mjs";

const [shim, calls] = process.argv.slice(2);
const client = new Client({ name: "claude-code", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command: shim, env: { ...process.env } }));
await makeCalls(client, calls);
