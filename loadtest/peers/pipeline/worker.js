// Answers leads: asks the model, checks what it says, stores, sends, and tells.
import { Worker } from "bullmq";
import nodemailer from "nodemailer";
import { Pool } from "undici";
import { ANSWER, DELIVERED, QUEUE, channelOf, database, redis } from "./shared.js";

const CONCURRENCY = 1_000;
const pool = database(10);
const publisher = redis({ enableAutoPipelining: true });
const model = new Pool(process.env.MODEL_URL, { connections: CONCURRENCY, pipelining: 1 });
const smtp = new URL(process.env.SMTP_URL);
const mailer = nodemailer.createTransport({
  host: smtp.hostname,
  port: Number(smtp.port),
  pool: true,
  maxConnections: 16,
  maxMessages: Infinity,
  ignoreTLS: true,
});

const SYSTEM =
  "You answer customers of Nordlys Bil, a car dealer. Be short and friendly, answer in the customer's " +
  "language, claim nothing that you do not know, and ask for a time that suits.";
// A sentence that names a price, a discount or a confirmed booking is not said.
const CLAIMS = /(\d[\d\s.,]*\s*(kr|nok|eur|€|\$|%))|\b(booked|reserved|confirmed|bekreftet|reservert|réservé)\b/i;

async function ask(lead) {
  const { statusCode, body } = await model.request({
    method: "POST",
    path: "/v1/messages",
    headers: {
      "content-type": "application/json",
      "x-api-key": "simulated",
      "anthropic-version": "2023-06-01",
    },
    body: JSON.stringify({
      model: "claude-haiku-4-5",
      max_tokens: 1_024,
      stream: true,
      system: SYSTEM,
      messages: [{ role: "user", content: lead.message }],
    }),
  });
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`the model answered ${statusCode}`);
  }
  let [text, rest, whole] = ["", "", false];
  body.setEncoding("utf8");
  for await (const piece of body) {
    const events = (rest + piece).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.slice(event.indexOf("data: ") + 6);
      if (data.startsWith('{"type":"content_block_delta"')) {
        text += JSON.parse(data).delta.text ?? "";
      } else if (data.startsWith('{"type":"message_stop"')) {
        whole = true;
      }
    }
  }
  if (!whole) throw new Error("the answer was cut");
  return text;
}

function checked(text) {
  const sentences = text.split(/(?<=[.!?؟])\s+/);
  return sentences.filter((sentence) => !CLAIMS.test(sentence)).join(" ");
}

async function answer({ data: lead }) {
  const text = checked(await ask(lead));
  if (text === "") throw new Error("nothing may be said");
  const { rows } = await pool.query({ ...ANSWER, values: [lead.id, text] });
  if (rows.length === 0) return; // it was answered by an earlier try
  const id = rows[0].id;
  await mailer.sendMail({
    from: "Nordlys Bil <post@nordlys-bil.example>",
    to: lead.email,
    subject: "Your request",
    messageId: `<${lead.id}@nordlys-bil.example>`,
    text,
  });
  await pool.query({ ...DELIVERED, values: [id] });
  const event = { type: "lead.answered", lead: { id: lead.id, status: "answered" }, text };
  publisher.publish(channelOf(lead.tenant), JSON.stringify(event));
}

const worker = new Worker(QUEUE, answer, { connection: redis(), concurrency: CONCURRENCY });
worker.on("error", (error) => console.error(error.message));
worker.on("failed", (_, error) => console.error(error.message));
await worker.waitUntilReady();
process.send?.("ready");
process.on("SIGTERM", () => process.exit(0));
