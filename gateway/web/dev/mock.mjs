// A mock of the server, for looking at the pages without it: `npm run build && npm run mock`.
//
// Serves dist/ with the real content security policy and plays the whole contract from memory:
// form, sessions with streamed answers, resume, the dashboard with its live socket. Its moods are
// set with POST /mock {…}, see `mood` below; POST /mock/lead sends a new lead in; POST /mock/drop
// cuts every stream and socket. Not part of the product.
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { attach, filesRoute, viewsOf } from "./mock-files.mjs";
import { makeHub, MEMBERS } from "./mock-live.mjs";
import { makeStock, stockRoute } from "./mock-stock.mjs";
import { ANSWER, GREETING, TENANT, iso, makeLead, makeLeads, publicTenant, seeded } from "./mock-data.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const EPOCH = 1;
const random = seeded(11);
const mood = {
  leads: "ok", // ok · empty · error · slow
  demo: true,
  delta_ms: 45,
  think_ms: 700,
  refuse: 0, // this many messages are answered with 429
  expire: 0, // this many requests of a session are answered with 401
  close: 0, // this many messages of a customer find their conversation closed
  colleague: 0, // this many replies of a member find a colleague in their place
  stall: 0, // an answer stops for this long after a third of its text
  look_ms: 0, // how long the assistant looks things up before its first word
  stream: "ok", // ok · mute: event streams say nothing, as behind a proxy that holds them back
  upload_ms: 0, // how long a file is on its way
  place: null, // the customer's place in the queue when a person is asked for
};

let leads = makeLeads();
const sessions = new Map();
/** Cookie to member. */
const members = new Map();
const streams = new Set();

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const id = (prefix) => `${prefix}_${randomUUID().replaceAll("-", "")}`;

function send(res, status, body, headers = {}) {
  if (body === undefined) return res.writeHead(status, headers).end();
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  res.end(JSON.stringify(body));
}

function problem(res, status, code, detail, extra = {}, headers = {}) {
  const body = { type: `/problems/${code}`, title: code, status, code, detail, ...extra };
  send(res, status, body, { "content-type": "application/problem+json", ...headers });
}

async function body(req) {
  let text = "";
  for await (const part of req) text += part;
  return text ? JSON.parse(text) : {};
}

// ---- lead sessions --------------------------------------------------------------------------------

const eventText = (event) => `id: ${EPOCH}-${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

function emit(session, event, stored = true) {
  if (stored) {
    event = { ...event, seq: ++session.seq, at: iso(Date.now()) };
    session.log.push(event);
  }
  for (const res of session.listeners) {
    res.write(stored ? eventText(event) : `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  return event;
}

function post(session, author, text, extra = {}) {
  const message = { message_id: id("msg"), seq: session.messages.length + 1, at: iso(Date.now()), author, text, ...extra };
  session.messages.push(message);
  emit(session, { type: "message.posted", message });
  const lead = leads.find((row) => row.session_id === session.id);
  if (lead) {
    lead.updated_at = iso(Date.now());
    hub.event("message.posted", lead, { message });
  }
  return message;
}

/** Takes over, gives back. */
function setStatus(session, status, member) {
  session.status = status;
  session.turn = null;
  if (session.draft) hub.discard(session);
  emit(session, { type: "session.status", status, by: "member", ...(status === "with_human" && { member_name: member.name }) });
  const lead = leads.find((row) => row.session_id === session.id);
  if (!lead) return;
  Object.assign(lead, { session_status: status, needs_human: false, human_reason: undefined });
  if (status === "with_human") lead.assignee = member.member_id;
  hub.event("lead.changed", lead);
  hub.presence(session.id);
}

async function answer(session, text) {
  const turn = (session.turn = id("turn"));
  const draft = { draft_id: id("drf"), text: "" };
  await sleep(mood.think_ms);
  if (session.turn !== turn || session.status !== "open") return;
  emit(session, { type: "turn.started", draft_id: draft.draft_id });
  session.draft = draft;
  hub.presence(session.id);
  if (mood.look_ms) {
    emit(session, { type: "draft.progress", draft_id: draft.draft_id, step: "looking" }, false);
    hub.toViewers(session, { type: "progress", draft_id: draft.draft_id, step: "looking" });
    await sleep(mood.look_ms);
  }
  await sleep(mood.think_ms);
  const chars = [...text];
  for (let at = 0; at < chars.length;) {
    if (session.turn !== turn) return;
    const piece = chars.slice(at, at + 2 + Math.floor(random() * 5)).join("");
    draft.text += piece;
    emit(session, { type: "draft.delta", draft_id: draft.draft_id, offset: at, text: piece }, false);
    hub.toViewers(session, { type: "tokens", draft_id: draft.draft_id, offset: at, text: piece });
    const before = at;
    at += [...piece].length;
    if (mood.stall && before < chars.length / 3 && at >= chars.length / 3) await sleep(mood.stall);
    await sleep(mood.delta_ms);
  }
  session.draft = null;
  session.turn = null;
  post(session, "assistant", text);
  hub.presence(session.id);
  const lead = leads.find((row) => row.session_id === session.id);
  if (lead?.promise.state === "waiting") {
    const after = Date.now() - Date.parse(lead.promise.since);
    Object.assign(lead, {
      status: "contacted",
      promise: { ...lead.promise, state: "kept", answered_after_ms: after, by: "model", model: "house" },
    });
    hub.event("lead.changed", lead);
  }
}

async function toPerson(session) {
  session.turn = null;
  session.draft = null;
  await sleep(900);
  if (mood.place) return emit(session, { type: "queue", ...mood.place }, false);
  session.status = "with_human";
  emit(session, { type: "session.status", status: "with_human", by: "member", member_name: "Kari Nordmann" });
  emit(session, { type: "typing", by: "member", member_name: "Kari Nordmann" }, false);
  await sleep(1600);
  const text = {
    nb: "Hei, jeg heter Kari og tar over herfra. Hva kan jeg hjelpe deg med?",
    en: "Hi, I am Kari and take over from here. How can I help?",
    fr: "Bonjour, je suis Kari et je prends le relais. Comment puis-je vous aider ?",
    ar: "مرحبًا، أنا كاري وسأتابع معك من هنا. كيف أساعدك؟",
  };
  post(session, "member", text[session.lang] ?? text.en, { member_name: "Kari Nordmann" });
}

function newSession(lang, lead) {
  const session = {
    id: lead?.session_id ?? id("ses"),
    token: randomBytes(24).toString("base64url"),
    lang,
    status: lead?.session_status ?? "open",
    seq: 0,
    log: [],
    messages: [],
    listeners: new Set(),
    draft: null,
    turn: null,
  };
  sessions.set(session.id, session);
  return session;
}

function sessionOf(leadRow) {
  const known = sessions.get(leadRow.session_id);
  if (known) return known;
  const session = newSession(leadRow.language, leadRow);
  const at = Date.parse(leadRow.created_at);
  const add = (author, after, text, extra = {}) =>
    session.messages.push({ message_id: id("msg"), seq: session.messages.length + 1, at: iso(at + after), author, text, ...extra });
  add("customer", 0, leadRow.excerpt);
  if (leadRow.promise.by === "member")
    add("member", 412_000, "Hei! Beklager at du måtte vente. Jeg ringer deg i løpet av en halvtime.", { member_name: "Kari Nordmann" });
  else if (leadRow.promise.state === "kept") {
    add("assistant", leadRow.promise.answered_after_ms, ANSWER[leadRow.language] ?? ANSWER.en);
    add(
      "customer",
      95_000,
      leadRow.language === "ar"
        ? "الساعة 14:30 مناسبة، شكرًا."
        : leadRow.language === "fr"
          ? "14:30, ce serait parfait."
          : leadRow.language === "en"
            ? "14:30 would be great, thanks!"
            : "14:30 passer fint, takk!",
    );
  }
  session.seq = 10;
  return session;
}

async function sessionRoute(req, res, session, action, url, file) {
  const bearer = req.headers.authorization?.replace("Bearer ", "");
  const staff = memberOf(req);
  if (bearer && mood.expire > 0 && action !== "typing" && action !== "seen") {
    mood.expire -= 1;
    return problem(res, 401, "token-expired", "the token has expired");
  }
  if (!session) return problem(res, 404, "not-found", "no such session");
  if (bearer ? bearer !== session.token : !staff) return problem(res, 401, "unauthorised", "log in first");
  if (action === "attachments") {
    const row = leads.find((it) => it.session_id === session.id);
    const changed = () => row && hub.event("lead.changed", row);
    return filesRoute(req, res, session, file, { send, problem, body, emit, id, changed, staff, mood, sleep });
  }
  if (req.method === "GET" && !action) {
    const { id: session_id, lang, status, seq, messages, draft } = session;
    return send(res, 200, { session_id, lang, status, epoch: EPOCH, seq, messages, draft, attachments: viewsOf(session) });
  }
  if (req.method === "GET" && action === "events") {
    const after = Number((req.headers["last-event-id"] ?? url.searchParams.get("after") ?? `${EPOCH}-0`).split("-")[1]);
    if (url.searchParams.has("poll")) {
      let events = [];
      for (let waited = 0; waited < 20_000 && !res.destroyed; waited += 100) {
        events = session.log.filter((event) => event.seq > after);
        if (events.length) break;
        await sleep(100);
      }
      return send(res, 200, { events, cursor: `${EPOCH}-${session.seq}` });
    }
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" });
    if (mood.stream === "mute") return res.flushHeaders();
    res.write("retry: 2000\n\n");
    for (const event of session.log) if (event.seq > after) res.write(eventText(event));
    if (session.draft) {
      const { draft_id, text } = session.draft;
      res.write(`event: draft.delta\ndata: ${JSON.stringify({ type: "draft.delta", draft_id, offset: 0, text })}\n\n`);
    }
    session.listeners.add(res);
    streams.add(res);
    hub.presence(session.id);
    const beat = setInterval(() => res.write(": hb\n\n"), 10_000);
    res.on("close", () => {
      clearInterval(beat);
      session.listeners.delete(res);
      hub.presence(session.id);
      streams.delete(res);
    });
    return;
  }
  if (req.method !== "POST") return problem(res, 405, "method", "not allowed");
  const input = await body(req);
  const lead = leads.find((row) => row.session_id === session.id);
  if (action === "typing") {
    hub.typing(session.id, "customer", input.on);
    return send(res, 204);
  }
  if (action === "seen") {
    if (lead && input.seq > (session.customerSeen ?? 0)) hub.event("messages.seen", lead, { seen: { seq: input.seq } });
    session.customerSeen = Math.max(session.customerSeen ?? 0, input.seq);
    return send(res, 204);
  }
  if (action === "messages") {
    if (mood.refuse > 0) {
      mood.refuse -= 1;
      return problem(res, 429, "too-many", "too many messages", { retry_after_s: 4 }, { "retry-after": "4" });
    }
    if (bearer && mood.close > 0) {
      mood.close -= 1;
      session.status = "closed";
      emit(session, { type: "session.status", status: "closed" });
      return problem(res, 409, "conversation-closed", "this conversation has ended");
    }
    if (!bearer && mood.colleague > 0) {
      mood.colleague -= 1;
      return problem(res, 409, "not-yours", "another member has taken the conversation over");
    }
    const known = session.messages.find((message) => message.client_id && message.client_id === input.client_id);
    const message =
      known ??
      post(session, bearer ? "customer" : "member", input.text, {
        client_id: input.client_id,
        ...(!bearer && { member_name: staff.name }),
      });
    const files = known ? [] : attach(session, message, input.attachments);
    if (files.length) emit(session, { type: "attachments.changed", attachments: files });
    send(res, 202, { message_id: message.message_id, seq: message.seq, version: session.seq });
    if (known || !bearer || session.status !== "open") return;
    if (/menneske|person|شخص|personne/i.test(input.text)) void toPerson(session);
    else void answer(session, ANSWER[session.lang] ?? ANSWER.en);
    return;
  }
  if (staff && (action === "takeover" || action === "release")) {
    setStatus(session, action === "takeover" ? "with_human" : "open", staff);
    return send(res, 204);
  }
  problem(res, 404, "not-found", "no such route");
}

// ---- staff ----------------------------------------------------------------------------------------

const memberOf = (req) => members.get(/forecourt=([^;]+)/.exec(req.headers.cookie ?? "")?.[1]);

function newLead() {
  const lead = makeLead(random, Math.floor(random() * 7) + 10, Date.now());
  const since = Date.now();
  Object.assign(lead, {
    name: ["Sigrid Moen", "Omar Khalil", "Camille Roux", "Even Dahl"][hub.seq() % 4],
    email: `${["sigrid.moen", "omar.khalil", "camille.roux", "even.dahl"][hub.seq() % 4]}${hub.seq()}@example.com`,
    status: "new",
    created_at: iso(since),
    updated_at: iso(since),
    repeats: 0,
    needs_human: false,
    human_reason: null,
    promise: { state: "waiting", since: iso(since), deadline: iso(since + 90_000) },
  });
  leads.unshift(lead);
  hub.event("lead.captured", lead);
  setTimeout(() => {
    const answered = Date.now() - since;
    Object.assign(lead, {
      status: "contacted",
      promise: { ...lead.promise, state: "kept", answered_after_ms: answered, by: "model", model: "house" },
    });
    hub.event("lead.changed", lead);
  }, 4200);
  return lead;
}

const STOCK = makeStock();

async function staffRoute(req, res, path, url) {
  if (path === "/v1/login" && req.method === "POST") {
    const { email, password } = await body(req);
    await sleep(300);
    const member = Object.values(MEMBERS).find((one) => one.email === email);
    if (!member || password !== "nordlys-demo") return problem(res, 401, "bad-credentials", "mail or password is wrong");
    const token = randomUUID();
    members.set(token, member);
    return send(res, 204, undefined, { "set-cookie": `forecourt=${token}; HttpOnly; SameSite=Lax; Path=/` });
  }
  if (path === "/v1/logout") return send(res, 204, undefined, { "set-cookie": "forecourt=; Max-Age=0; Path=/" });
  const me = memberOf(req);
  if (!me) return problem(res, 401, "unauthorised", "log in first");
  const stocked = stockRoute(STOCK, req.method, path, url.searchParams);
  if (stocked) return send(res, 200, stocked);
  if (path === "/v1/me") {
    return send(res, 200, {
      member_id: me.member_id,
      name: me.name,
      email: me.email,
      role: me.role,
      tenant: {
        slug: TENANT.slug,
        name: TENANT.name,
        color: TENANT.color,
        languages: TENANT.languages,
        zone: "Europe/Oslo",
        promise: { deadline_ms: 90_000 },
      },
    });
  }
  const detail = /^\/v1\/leads\/(lead_\w+)$/.exec(path);
  if (detail) {
    const lead = leads.find((row) => row.lead_id === detail[1]);
    if (!lead) return problem(res, 404, "not-found", "no such lead");
    const session = sessionOf(lead);
    const at = Date.parse(lead.created_at);
    const events = [
      ["lead.captured", 0, "Captured from the website form"],
      ["turn.started", 900, "Answer started, model house"],
      ["message.posted", 2600, "Claim gate passed, 3 receipts"],
      ["delivery.queued", 2700, "Mail queued"],
      ["delivery.accepted", 4200, "Mail accepted by the provider"],
    ].map(([type, after, summary], i) => ({ seq: i + 1, at: iso(at + after), type, summary }));
    const deliveries = [
      { delivery_id: id("dlv"), kind: "mail", status: "accepted", attempts: 1, code: "250", at: iso(at + 4200) },
      { delivery_id: id("dlv"), kind: "alert", status: "retrying", attempts: 3, code: "421", at: iso(at + 9000) },
    ];
    await sleep(250);
    return send(res, 200, {
      lead,
      attachments: viewsOf(session),
      messages: session.messages,
      events,
      deliveries,
      ratings: [],
      ...(session.note && { handoff_note: session.note }),
    });
  }
  if (path === "/v1/leads") {
    if (mood.leads === "slow") await sleep(60_000);
    if (mood.leads === "error")
      return problem(res, 503, "store-unavailable", "the database does not answer; try again in a moment", {}, { "retry-after": "5" });
    const want = (name) => url.searchParams.get(name) ?? "";
    const q = want("q").toLowerCase();
    const found = (mood.leads === "empty" ? [] : leads).filter(
      (lead) =>
        (!want("status") || lead.status === want("status")) &&
        (!want("source") || lead.source === want("source")) &&
        (!want("assignee") || (want("assignee") === "nobody" ? !lead.assignee : lead.assignee === want("assignee"))) &&
        (!want("from") || lead.created_at >= want("from")) &&
        (!want("to") || lead.created_at < want("to")) &&
        (!q || (lead.name ?? "").toLowerCase().includes(q) || (lead.email ?? "").toLowerCase().includes(q)),
    );
    const per_page = Number(want("per_page") || 25);
    const page = Number(want("page") || 1);
    await sleep(120);
    return send(res, 200, {
      leads: found.slice((page - 1) * per_page, page * per_page),
      total: found.length,
      page,
      pages: Math.max(1, Math.ceil(found.length / per_page)),
      per_page,
      epoch: EPOCH,
      seq: hub.seq(),
    });
  }
  problem(res, 404, "not-found", "no such route");
}

// ---- the public rest and the files ----------------------------------------------------------------

async function form(req, res) {
  const input = await body(req);
  await sleep(400);
  const errors = [];
  if (!input.name?.trim()) errors.push({ pointer: "/name", code: "required", detail: "is missing" });
  if (!/^\S+@\S+\.\S+$/.test(input.email ?? ""))
    errors.push({ pointer: "/email", code: "email", detail: "is not a mail address; write it like kari@example.no" });
  if (!input.message?.trim()) errors.push({ pointer: "/message", code: "required", detail: "is missing" });
  if (errors.length) return problem(res, 400, "invalid", "some fields are not right", { errors });
  const known = leads.find((lead) => lead.email === input.email);
  const lead = known ?? newLead();
  Object.assign(lead, { name: input.name, email: input.email, excerpt: input.message, source: "website" });
  send(res, 200, { lead_id: lead.lead_id, status: known ? "repeated" : "created" });
}

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

async function file(res, path) {
  const hashed = /\/assets\//.test(path);
  let name = path;
  if (path === "/") name = "/index.html";
  else if (/^\/demo\/[\w-]+\/?$/.test(path)) name = "/demo/index.html";
  else if (path.startsWith("/app") && !hashed) name = "/app/index.html";
  let bytes;
  try {
    bytes = await readFile(join(DIST, normalize(name)));
  } catch {
    return problem(res, 404, "not-found", "no such page");
  }
  const headers = {
    "content-type": TYPES[extname(name)] ?? "application/octet-stream",
    "cache-control": hashed ? "public, max-age=31536000, immutable" : "no-cache",
  };
  if (name.endsWith(".html")) {
    const nonce = randomBytes(16).toString("base64");
    bytes = bytes.toString().replaceAll("__CSP_NONCE__", nonce);
    headers["content-security-policy"] =
      `default-src 'self'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: https:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'`;
  }
  res.writeHead(200, headers).end(bytes);
}

async function route(req, res) {
  const url = new URL(req.url, "http://mock");
  const path = url.pathname;
  // The widget of a foreign page calls across origins.
  const cors = {
    "access-control-allow-origin": req.headers.origin ?? "*",
    "access-control-allow-headers": "authorization, content-type, last-event-id",
    "access-control-allow-methods": "GET, POST",
    "access-control-expose-headers": "retry-after",
  };
  if (req.headers.origin) for (const [name, value] of Object.entries(cors)) res.setHeader(name, value);
  if (req.method === "OPTIONS") return res.writeHead(204).end();
  if (path === "/mock") {
    const wish = await body(req);
    if (wish.reset) {
      hub.reset();
      leads = makeLeads();
      sessions.clear();
    }
    return send(res, 200, Object.assign(mood, wish));
  }
  if (path === "/mock/lead") return send(res, 200, newLead());
  if (path === "/mock/drop") {
    for (const stream of streams) stream.destroy();
    hub.drop();
    return send(res, 204);
  }
  if (path === "/mock/act") {
    // A colleague, the customer or the assistant does something: {"as": "ola", "type": "view", "session_id": …}.
    const { as, ...frame } = await body(req);
    const lead = leads.find((row) => row.lead_id === frame.lead_id || row.session_id === frame.session_id);
    const session = lead ? sessionOf(lead) : sessions.get(frame.session_id);
    if (session) frame.session_id = session.id;
    if (MEMBERS[as]) return send(res, 200, hub.play(as, frame));
    if (frame.type === "note") session.note = frame.note;
    else if (frame.type === "here") session.played = frame.on;
    else if (frame.type === "typing") hub.typing(session.id, "customer", frame.on);
    else if (frame.type === "seen") hub.event("messages.seen", lead, { seen: { seq: frame.seq } });
    else if (as === "customer") {
      post(session, "customer", frame.text);
      if (session.status === "open") void answer(session, ANSWER[session.lang] ?? ANSWER.en);
    } else emit(session, frame.event, false);
    hub.presence(session.id);
    return send(res, 204);
  }
  if (path === "/v1/public/tenant")
    return url.searchParams.get("slug") === TENANT.slug
      ? send(res, 200, publicTenant(url.searchParams.get("lang")))
      : problem(res, 404, "unknown-tenant", "no tenant has this name");
  if (path === "/v1/public/demo")
    return mood.demo
      ? send(res, 200, { tenant: TENANT.slug, email: "kari@nordlysbil.example", password: "nordlys-demo" })
      : problem(res, 404, "not-found", "not a demo");
  if (path.startsWith("/v1/webhooks/form/")) return form(req, res);
  if (path === "/v1/sessions" && req.method === "POST") {
    const { lang } = await body(req);
    const session = newSession(lang ?? "en");
    const { name, color, phone, languages } = TENANT;
    return send(res, 201, {
      session_id: session.id,
      token: session.token,
      lang: session.lang,
      tenant: { name, color, phone, languages },
      greeting: GREETING[session.lang] ?? GREETING.en,
      epoch: EPOCH,
      seq: session.seq,
    });
  }
  const session = /^\/v1\/sessions\/(ses_\w+)(?:\/(\w+))?(?:\/(att_\w+))?$/.exec(path);
  if (session) return sessionRoute(req, res, sessions.get(session[1]), session[2], url, session[3]);
  if (path.startsWith("/v1/")) return staffRoute(req, res, path, url);
  return file(res, path);
}

const server = createServer((req, res) => {
  route(req, res).catch((error) => {
    console.error(error);
    if (!res.headersSent) problem(res, 500, "mock", "the mock failed");
  });
});
const hub = makeHub({
  epoch: EPOCH,
  mood,
  memberOf,
  sessionOf: (id) => {
    const lead = leads.find((row) => row.session_id === id);
    return lead ? sessionOf(lead) : sessions.get(id);
  },
  leadOf: (id) => leads.find((row) => row.session_id === id) ?? { session_id: id },
  post,
  emit,
  setStatus,
});
server.on("upgrade", hub.upgrade);

export async function startMock(port = Number(process.env.PORT ?? 0)) {
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => (server.closeAllConnections(), server.close()) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startMock();
  console.log(`mock server: ${url}/   ${url}/demo/nordlys-bil   ${url}/app/`);
}
