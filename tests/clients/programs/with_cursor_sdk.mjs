// A developer's program on Cursor's SDK for TypeScript: a JSON document a line in, and one out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [modules] = process.argv.slice(2);
const { Agent, Cursor } = createRequire(modules)("@cursor/sdk");
const cloud = { repos: [{ url: "https://github.com/acme/payments", startingRef: "main" }] };
const agents = {};
const runs = {};
const inCloud = { runtime: "cloud" };

function described(run) {
  runs[run.id] = run;
  return { agent: run.agentId, run: run.id };
}

async function launch({ prompt, model, agent }) {
  const made = await Agent.create({ model: { id: model }, cloud, ...(agent ? { agentId: agent } : {}) });
  const run = described(await made.send(prompt));
  agents[made.agentId] = made;
  return run;
}

async function stream({ run }) {
  let said = "";
  const calls = [];
  for await (const message of runs[run].stream()) {
    if (message.type === "assistant") said += message.message.content.map((block) => block.text).join("");
    if (message.type === "tool_call") calls.push(message.name);
  }
  return { said, calls, status: runs[run].status };
}

const doing = {
  launch,
  stream,
  wait: async ({ run }) => {
    const { status, result } = await runs[run].wait();
    return { status, result };
  },
  send: async ({ agent, prompt }) => described(await agents[agent].send(prompt)),
  conversation: async ({ run }) => JSON.stringify(await runs[run].conversation()),
  cancel: ({ run }) => runs[run].cancel(),
  runs: async ({ agent }) => (await Agent.listRuns(agent, inCloud)).items.map((run) => run.id),
  get: async ({ agent }) => (await Agent.get(agent)).name,
  list: async () => (await Agent.list(inCloud)).items.map((agent) => agent.agentId),
  archive: ({ agent }) => Agent.archive(agent),
  unarchive: ({ agent }) => Agent.unarchive(agent),
  delete: ({ agent }) => Agent.delete(agent),
  artifacts: async ({ agent }) => (await agents[agent].listArtifacts()).map((artifact) => artifact.path),
  download: async ({ agent, path }) => (await agents[agent].downloadArtifact(path)).toString(),
  me: async () => (await Cursor.me()).apiKeyName,
  models: async () => (await Cursor.models.list()).map((model) => model.id),
  repositories: async () => (await Cursor.repositories.list()).map((repository) => repository.url),
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  try {
    console.log(JSON.stringify({ is: (await doing[asked.do](asked)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.name ?? typeof error, message: error.message ?? String(error) }));
  }
}
process.exit();
