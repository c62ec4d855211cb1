// Starts one process for the edge and WORKERS for the answers, and says when all are ready.
import { fork } from "node:child_process";
import { createServer } from "node:net";

const free = () =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
const port = await free();
const children = [];
const start = (file) =>
  new Promise((ready, failed) => {
    const child = fork(new URL(file, import.meta.url), {
      env: { ...process.env, PORT: String(port) },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    children.push(child);
    child.once("message", ready);
    child.once("exit", (code) => failed(new Error(`${file} ended with ${code}`)));
  });
const stop = () => {
  for (const child of children) child.kill("SIGTERM");
  process.exit(0);
};
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
await start("./api.js");
const workers = Number(process.env.WORKERS ?? 1);
await Promise.all(Array.from({ length: workers }, () => start("./worker.js")));
console.log(JSON.stringify({ listening: `127.0.0.1:${port}`, pid: process.pid }));
