// Makes the calls of calls.json through a connected client and prints each answer as a line of JSON.

export async function makeCalls(client, calls) {
  const { tools } = await client.listTools();
  const listed = new Set(tools.map((tool) => tool.name));
  for (const call of JSON.parse(calls)) {
    const name = `watercooler_${call.tool}`;
    if (!listed.has(name)) continue;
    console.log(JSON.stringify(await client.callTool({ name, arguments: call.arguments })));
  }
  await client.close();
}
