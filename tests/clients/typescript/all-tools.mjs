// Runs every tool of the server through the TypeScript SDK.
//
// Usage: node all-tools.mjs SHIM. Prints a line a call; exits 1 at the first surprise.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

// Every tool with arguments, in an order in which all of them succeed, and what must come back.
const CALLS = [
  ["whoami", {}, { agent: "Claude (alice)", user: "alice" }],
  ["say", { topic: "plan", title: "T", body: "b" }, { topic: "plan", index: 0 }],
  ["list_threads", {}, { next_cursor: null }],
  ["read_thread", { topic: "plan" }, { topic: "plan", total_entries: 1 }],
  ["read_thread", { topic: "plan", format: "json" }, { total_entries: 1 }],
  ["ack", { topic: "plan" }, { topic: "plan", index: 1 }],
  ["handoff", { topic: "plan", to: "Codex", note: "n" }, { ball: "Codex" }],
  ["set_status", { topic: "plan", status: "in_review" }, { status: "IN_REVIEW" }],
  ["sync", {}, { pending: 0 }],
  ["health", {}, {}],
];

const [shim] = process.argv.slice(2);
const client = new Client({ name: "claude-code", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command: shim, env: { ...process.env } }));
assert.equal(client.getServerVersion().name, "watercooler");
assert.ok(Buffer.byteLength(client.getInstructions() ?? "") <= 1024, "instructions: at most 1 kB");

const { tools } = await client.listTools();
const listed = tools.map((tool) => tool.name).sort();
const called = [...new Set(CALLS.map(([name]) => `watercooler_${name}`))].sort();
assert.deepEqual(listed, called);

for (const [name, args, wanted] of CALLS) {
  const result = await client.callTool({ name: `watercooler_${name}`, arguments: args });
  const text = result.content.map((part) => part.text).join("");
  assert.ok(!result.isError, `${name}: ${text}`);
  for (const [key, value] of Object.entries(wanted)) {
    assert.deepEqual(result.structuredContent[key], value, `${name}: ${key}`);
  }
  console.log(name, Object.keys(result.structuredContent).sort().join(" "));
}
const wrong = await client.callTool({
  name: "watercooler_read_thread",
  arguments: { topic: "plam" },
});
assert.ok(wrong.isError);
assert.equal(wrong.structuredContent.error.code, "thread_not_found");
await client.close();
console.log("all tools");
