// Takes leads, makes them durable, queues the answer, and tells the dashboards.
import { randomUUID } from "node:crypto";
import websocket from "@fastify/websocket";
import { Queue } from "bullmq";
import fastify from "fastify";
import { CAPTURE, OWED, QUEUE, SCHEMA, channelOf, database, redis } from "./shared.js";

const pool = database(10);
await pool.query(SCHEMA);
const queue = new Queue(QUEUE, {
  connection: redis(),
  defaultJobOptions: {
    attempts: 5,
    backoff: { type: "exponential", delay: 1_000 },
    removeOnComplete: true,
    removeOnFail: 1_000,
  },
});
const publisher = redis({ enableAutoPipelining: true });
const subscriber = redis();
const dashboards = new Map();

// The job's id is the lead's: queued twice it runs once.
const enqueue = (lead) => queue.add("answer", lead, { jobId: lead.id });

const app = fastify({ logger: false, keepAliveTimeout: 75_000 });
await app.register(websocket, { options: { perMessageDeflate: false } });

app.post("/v1/webhooks/form/:tenant", {
  schema: {
    body: {
      type: "object",
      required: ["name", "email", "message"],
      properties: {
        name: { type: "string", minLength: 1, maxLength: 200 },
        email: { type: "string", pattern: "^[^\\s@]+@[^\\s@]+$", maxLength: 320 },
        message: { type: "string", minLength: 1, maxLength: 5_000 },
      },
    },
    response: {
      200: {
        type: "object",
        properties: { lead_id: { type: "string" }, status: { type: "string" } },
      },
    },
  },
  handler: async (request) => {
    const { tenant } = request.params;
    const { name, email, message } = request.body;
    const lead = { id: randomUUID(), tenant, name, email: email.toLowerCase(), message };
    await pool.query({ ...CAPTURE, values: [tenant, lead.email, name, lead.id, message] });
    await enqueue(lead);
    const event = { type: "lead.captured", lead: { id: lead.id, name, email, message, status: "new" } };
    publisher.publish(channelOf(tenant), JSON.stringify(event));
    return { lead_id: lead.id, status: "created" };
  },
});

app.get("/live/:tenant", { websocket: true }, async (socket, request) => {
  const channel = channelOf(request.params.tenant);
  let room = dashboards.get(channel);
  if (!room) {
    dashboards.set(channel, (room = new Set()));
    await subscriber.subscribe(channel);
  }
  room.add(socket);
  socket.on("close", () => room.delete(socket));
  socket.on("error", () => socket.terminate());
});

subscriber.on("message", (channel, event) => {
  for (const socket of dashboards.get(channel) ?? []) {
    socket.send(event);
  }
});

const sweep = async () => {
  const { rows } = await pool.query(OWED);
  await Promise.all(rows.map(enqueue));
};
setInterval(() => sweep().catch((error) => console.error(error)), 10_000);

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT), backlog: 4_096 });
process.send?.("ready");
process.on("SIGTERM", () => process.exit(0));
