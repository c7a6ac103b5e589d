// A developer's program on the Vercel AI SDK: answers each line of JSON on its input with another.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, provider] = process.argv.slice(2);
const find = createRequire(modules);
const load = (name) => import(pathToFileURL(find.resolve(name)));
const { generateText, streamText } = await load("ai");
const models =
  provider === "anthropic"
    ? (await load("@ai-sdk/anthropic")).createAnthropic({ apiKey: process.env.API_KEY, baseURL: process.env.BASE_URL })
    : (await load("@ai-sdk/openai")).createOpenAI({ apiKey: process.env.API_KEY, baseURL: process.env.BASE_URL });

async function ask({ prompt, model, stream }) {
  if (!stream) return (await generateText({ model: models(model), prompt })).text;
  let said = "";
  // Errors of a stream are parts of it; without a handler the SDK prints them as well.
  const answer = streamText({ model: models(model), prompt, onError: () => {} });
  for await (const part of answer.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta") said += part.text;
  }
  return said;
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ said: await ask(JSON.parse(line)) }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.name ?? typeof error, message: error.message ?? JSON.stringify(error), status: error.statusCode }));
  }
}
