// The live socket of the mock: welcome and replay, presence, tokens, shared drafts, compare-and-send.
//
// `hub.act(member, frame)` does what a frame of a member would, so that a colleague can be played
// without a second browser: POST /mock/act {"as": "ola", "type": "typing", "session_id": …}.
import { WebSocketServer } from "ws";
import { iso } from "./mock-data.mjs";

export const MEMBERS = {
  kari: { member_id: "mem_kari", name: "Kari Nordmann", email: "kari@nordlysbil.example", role: "owner", availability: "online" },
  ola: { member_id: "mem_ola", name: "Ola Hansen", email: "ola@nordlysbil.example", role: "seller", availability: "online" },
  mina: { member_id: "mem_mina", name: "Mina Øverås", email: "mina@nordlysbil.example", role: "manager", availability: "busy" },
};

const TYPING_MS = 6_000;

export function makeHub({ epoch, mood, memberOf, sessionOf, leadOf, post, emit, setStatus }) {
  let seq = 1000;
  const log = [];
  const sockets = new Set();
  /** Who is at a session without a socket: the colleagues that are played. */
  const guests = new Map();
  const typing = new Map();

  const tell = (to, frame) => to.readyState === 1 && to.send(JSON.stringify(frame));
  const all = (frame, wanted = () => true) => {
    for (const one of sockets) if (wanted(one)) tell(one, frame);
  };
  const viewersOf = (id) => (one) => one.view === id;

  function event(name, lead, extra = {}) {
    const frame = { type: "event", seq: ++seq, event: name, at: iso(Date.now()), session_id: lead.session_id, lead, ...extra };
    log.push(structuredClone(frame));
    log.splice(0, log.length - 500);
    all(frame);
    return frame;
  }

  function presence(id) {
    const session = sessionOf(id);
    const here = new Map();
    for (const one of sockets) if (one.view === id) here.set(one.member.member_id, one.member);
    for (const member of guests.get(id) ?? []) here.set(member.member_id, member);
    const types = (who) => (typing.get(`${id} ${who}`) ?? 0) > Date.now();
    return {
      type: "presence",
      session_id: id,
      viewers: [...here.values()].map(({ member_id, name }) => ({ member_id, name, typing: types(member_id) })),
      customer_online: !!session?.listeners.size || !!session?.played,
      customer_typing: types("customer"),
      assistant: session?.draft || session?.turn ? "composing" : "idle",
    };
  }
  const tellPresence = (id) => all(presence(id));

  function setTyping(id, who, on) {
    typing.set(`${id} ${who}`, on ? Date.now() + TYPING_MS : 0);
    if (on) setTimeout(() => tellPresence(id), TYPING_MS + 50);
    tellPresence(id);
    if (who === "customer") return;
    const member = Object.values(MEMBERS).find((one) => one.member_id === who);
    const session = sessionOf(id);
    if (session) emit(session, on ? { type: "typing", by: "member", member_name: member?.name } : { type: "typing" }, false);
    if (session && on && session.status === "open") {
      // The assistant waits while a person types.
      session.turn = null;
      if (session.draft) discard(session);
    }
  }

  function discard(session) {
    const { draft_id } = session.draft;
    session.draft = null;
    emit(session, { type: "draft.discarded", draft_id }, false);
    all({ type: "draft_discarded", session_id: session.id, draft_id }, viewersOf(session.id));
  }

  const draftOf = (session) => ({ type: "draft", session_id: session.id, revision: 0, text: "", ...session.shared });

  /** What a member does; the reply without its `ref`. */
  function act(member, frame) {
    const problem = (status, code, extra = {}) => ({ ok: false, problem: { status, code, title: code, detail: "", type: "" }, ...extra });
    const session = frame.session_id ? sessionOf(frame.session_id) : null;
    if (frame.session_id && !session) return problem(404, "not-found");
    const lead = session && leadOf(session.id);
    switch (frame.type) {
      case "ping":
        return { ok: true };
      case "typing":
        setTyping(session.id, member.member_id, frame.on);
        return { ok: true };
      case "seen":
        emit(session, { type: "messages.seen", upto: frame.seq });
        return { ok: true };
      case "take_over":
        setStatus(session, "with_human", member);
        return { ok: true };
      case "give_back":
        if (lead.assignee && lead.assignee !== member.member_id && member.role === "seller") return problem(409, "not-yours");
        setStatus(session, "open", member);
        return { ok: true };
      case "assign":
        if (frame.member_id) lead.assignee = frame.member_id;
        else delete lead.assignee;
        event("lead.changed", lead);
        return { ok: true };
      case "availability":
        member.availability = frame.availability;
        all({ type: "member", member_id: member.member_id, name: member.name, availability: member.availability });
        return { ok: true };
      case "draft": {
        const now = draftOf(session);
        if (now.revision !== frame.revision) return problem(409, "conflict", { draft: now });
        session.shared = { revision: now.revision + 1, text: frame.text, member_id: member.member_id, at: iso(Date.now()) };
        const draft = draftOf(session);
        all(draft, viewersOf(session.id));
        return { ok: true, draft };
      }
      case "send": {
        if (mood.colleague > 0) {
          mood.colleague -= 1;
          return problem(409, "not-yours");
        }
        const known = session.messages.find((one) => one.client_id === frame.client_id);
        if (!known && frame.seen_seq !== undefined) {
          const newer = session.messages.filter((one) => one.seq > frame.seen_seq && one.member_id !== member.member_id);
          if (newer.length) return problem(409, "conflict", { newer });
        }
        if (!known && session.status === "open") setStatus(session, "with_human", member);
        const message = known ?? post(session, "member", frame.text, { client_id: frame.client_id, member_name: member.name });
        typing.delete(`${session.id} ${member.member_id}`);
        session.shared = null;
        all(draftOf(session), viewersOf(session.id));
        tellPresence(session.id);
        return { ok: true, accepted: { message_id: message.message_id, seq: message.seq, version: session.seq } };
      }
      default:
        return problem(400, "unknown-frame");
    }
  }

  /** A colleague who is played: looks at a conversation until `view` is told with null. */
  function play(name, frame) {
    const member = MEMBERS[name];
    if (frame.type === "view") {
      for (const [id, here] of guests) if (here.delete(member)) tellPresence(id);
      if (frame.session_id) {
        guests.set(frame.session_id, (guests.get(frame.session_id) ?? new Set()).add(member));
        tellPresence(frame.session_id);
      }
      return { ok: true };
    }
    return act(member, frame);
  }

  const server = new WebSocketServer({ noServer: true, handleProtocols: () => "forecourt.v1" });
  function upgrade(req, socket, head) {
    server.handleUpgrade(req, socket, head, (ws) => {
      ws.member = memberOf(req);
      if (!ws.member) return ws.close(4001, "unauthorised");
      ws.on("message", (data) => {
        const frame = JSON.parse(String(data));
        const reply = (body) => tell(ws, { type: "reply", ref: frame.ref, ...body });
        if (frame.type === "hello") {
          const after = /^(\d+)-(\d+)$/.exec(frame.after ?? "");
          const from = after && Number(after[1]) === epoch ? Number(after[2]) : -1;
          const resumed = from === seq || (log.length > 0 && from >= log[0].seq - 1 && from <= seq);
          tell(ws, { type: "welcome", ref: frame.ref, epoch, seq, resumed });
          if (!resumed) tell(ws, { type: "gap", snapshot_url: "/v1/leads", epoch, seq });
          else for (const one of log) if (one.seq > from) tell(ws, one);
          sockets.add(ws);
          for (const { member_id, name, availability } of Object.values(MEMBERS))
            tell(ws, { type: "member", member_id, name, availability });
          for (const id of new Set([...guests.keys(), ...[...sockets].map((one) => one.view).filter(Boolean)])) tell(ws, presence(id));
          return;
        }
        if (frame.type === "view") {
          const before = ws.view;
          ws.view = frame.session_id;
          reply({ ok: true });
          if (before) tellPresence(before);
          const session = frame.session_id && sessionOf(frame.session_id);
          if (!session) return;
          tellPresence(session.id);
          tell(ws, draftOf(session));
          if (session.draft)
            tell(ws, { type: "tokens", session_id: session.id, draft_id: session.draft.draft_id, offset: 0, text: session.draft.text });
          return;
        }
        reply(act(ws.member, frame));
      });
      const beat = setInterval(() => tell(ws, { type: "beat", seq }), 15_000);
      ws.on("close", () => {
        clearInterval(beat);
        sockets.delete(ws);
        if (ws.view) tellPresence(ws.view);
      });
    });
  }

  return {
    event,
    play,
    upgrade,
    presence: tellPresence,
    typing: setTyping,
    discard,
    toViewers: (session, frame) => all({ ...frame, session_id: session.id }, viewersOf(session.id)),
    drop: () => sockets.forEach((one) => one.terminate()),
    seq: () => seq,
    reset() {
      guests.clear();
      typing.clear();
    },
  };
}
