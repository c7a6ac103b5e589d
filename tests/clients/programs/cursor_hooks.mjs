// The hooks engine of Cursor's SDK, which its editor shares, without an agent around it:
//   node cursor_hooks.mjs NODE_MODULES PROJECT < events.json
// It prints what the engine makes of the hooks of the project for each of [[event, input], …].
// The SDK exports no way to it, so a copy is made that does.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";

const [modules, project] = process.argv.slice(2);
const copy = mkdtempSync(join(tmpdir(), "cursor-"));
symlinkSync(modules, join(copy, "node_modules"));
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
cpSync(join(modules, "cursor-sdk-newer/dist/esm"), join(copy, "esm"), { recursive: true });
const entry = join(copy, "esm", "index.js");
const text = readFileSync(entry, "utf8");
const [, load] = text.match(/(\w+)\.f\.j=/);
writeFileSync(entry, `${text};export const load = ${load};`);
try {
  const { load } = await import(entry);
  await Promise.all([34, 360].map((chunk) => load.e(chunk)));
  const { vk: runtime } = load("../cursor-sdk-local-runtime/dist/core/hooks-runtime.js");
  const hooks = await runtime({
    includeEnterpriseHooks: false,
    globalContext: { cursor_version: "3.11.2" },
  }).createHooksRuntime({
    workspaceState: { projectRoot: project, workspaceRoots: [project] },
  });
  const executor = hooks.createSessionRuntime().hookExecutor;
  const asked = await json(process.stdin);
  const answers = await Promise.all(
    asked.map(([event, input]) => executor.executeHookForStep(event, input)),
  );
  console.log(JSON.stringify({ errors: hooks.hooksConfig.errors, answers }));
} finally {
  rmSync(copy, { recursive: true });
}
process.exit(0);
