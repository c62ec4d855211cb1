// socket.io as its documentation runs it, with WebSocket alone: no polling, no compression. A line on the
// publisher's port is emitted to everybody.
import { createServer } from "node:http";
import { createServer as createDoor } from "node:net";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  // Heartbeats longer than a run: the load client answers none.
  pingInterval: 600_000,
});
// What stays with each connection and nobody reads.
io.engine.on("connection", (socket) => {
  socket.request = null;
});

const door = createDoor((stream) => {
  createInterface({ input: stream }).on("line", (text) => io.emit("event", text));
});

const listen = (server) =>
  new Promise((done) => server.listen(0, "127.0.0.1", 4096, () => done(server.address().port)));
const [listening, publish] = [await listen(http), await listen(door)];
console.log(
  JSON.stringify({ listening: `127.0.0.1:${listening}`, publish: `127.0.0.1:${publish}`, pid: process.pid }),
);
process.on("SIGTERM", () => process.exit(0));
