// Fails when a built page has grown past its budget (gzip, KiB).
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const gz = async (path) => gzipSync(await readFile(join(DIST, path)), { level: 9 }).length / 1024;

/** Everything that a page's HTML asks for by itself, plus the language that it loads at once. */
async function firstScreen(page, base, extra = []) {
  const html = await readFile(join(DIST, page), "utf8");
  const links = [...html.matchAll(/<(?:script|link)[^>]+(?:src|href)="([^"]+\.js)"/g)].map((found) => found[1].replace(base, ""));
  let sum = 0;
  for (const link of [...links, ...extra]) sum += await gz(join(dirname(page), link));
  return sum;
}

async function heaviestLanguage() {
  const { readdir } = await import("node:fs/promises");
  const names = (await readdir(join(DIST, "app/assets"))).filter((name) => /^(nb|en|fr|ar)-.*\.js$/.test(name));
  const sizes = await Promise.all(names.map(async (name) => [await gz(join("app/assets", name)), `assets/${name}`]));
  return sizes.sort((a, b) => b[0] - a[0])[0][1];
}

/** What a developer's bundle grows by for one name of the SDK. */
async function imported(name) {
  const entry = "\0sdk";
  const code = `export { ${name} } from ${JSON.stringify(fileURLToPath(new URL("../sdk/index.ts", import.meta.url)))}`;
  const found = await build({
    configFile: false,
    logLevel: "silent",
    plugins: [{ name: "entry", resolveId: (id) => (id === "virtual:sdk" ? entry : null), load: (id) => (id === entry ? code : null) }],
    build: { target: "es2022", write: false, minify: true, rolldownOptions: { input: "virtual:sdk", preserveEntrySignatures: "strict" } },
  });
  const chunks = found.output.filter((part) => part.type === "chunk");
  return gzipSync(chunks.map((chunk) => chunk.code).join(""), { level: 9 }).length / 1024;
}

const budgets = [
  ["sdk, connectLive", await imported("connectLive"), 6],
  ["sdk, openChat", await imported("openChat"), 6],
  ["widget.js", await gz("widget.js"), 15],
  ["widget-later.js", await gz("widget-later.js"), 5],
  ["widget-files.js", await gz("widget-files.js"), 6],
  ["app, script of the first screen", await firstScreen("app/index.html", "/app/", [await heaviestLanguage()]), 200],
  ["booking, script", await firstScreen("booking/index.html", "/booking/"), 12],
  ["demo, script", await firstScreen("demo/index.html", "/demo/"), 20],
  ["landing, script", await firstScreen("index.html", "/"), 8],
];
let failed = false;
for (const [name, size, budget] of budgets) {
  const ok = size <= budget;
  failed ||= !ok;
  console.log(`${ok ? "ok  " : "OVER"} ${name}: ${size.toFixed(1)} of ${budget} KiB gz`);
}
if (failed) process.exit(1);
