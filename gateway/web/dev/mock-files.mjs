// Files of visitors, as the mock keeps them: announced, uploaded, cancelled, read by staff.

/** What the first bytes say; the same kinds as the server takes. */
const kindOf = (body) =>
  body.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))
    ? "jpeg"
    : body.subarray(1, 4).toString() === "PNG"
      ? "png"
      : body.subarray(0, 5).toString() === "%PDF-"
        ? "pdf"
        : null;

const TYPES = { jpeg: "image/jpeg", png: "image/png", pdf: "application/pdf" };

/** `tools`: what the mock answers and tells with. */
export async function filesRoute(req, res, session, file, { send, problem, body, emit, id, changed, staff, mood, sleep }) {
  session.files ??= new Map();
  const one = session.files.get(file);
  const tell = () => {
    if (!one.view.message_id) return;
    emit(session, { type: "attachments.changed", attachments: [one.view] });
    changed();
  };
  if (!file && req.method === "POST") {
    const { client_id, bytes } = await body(req);
    const known = [...session.files.values()].find((it) => it.client_id === client_id);
    const view = known?.view ?? { attachment_id: id("att"), bytes, state: "arriving" };
    session.files.set(view.attachment_id, known ?? { client_id, view, body: null });
    return send(res, 201, view);
  }
  if (!one) return problem(res, 404, "not-found", "no such file");
  if (req.method === "PUT") {
    const parts = [];
    for await (const part of req) parts.push(part);
    await sleep(mood.upload_ms);
    if (one.view.state !== "arriving") return problem(res, 409, "attachment-over", "it is done with");
    one.body = Buffer.concat(parts);
    const kind = kindOf(one.body);
    Object.assign(one.view, kind ? { state: "arrived", kind } : { state: "failed", reason: "wrong_kind" });
    tell();
    return kind ? send(res, 200, one.view) : problem(res, 415, "unsupported-media-type", "send a picture or a PDF");
  }
  if (req.method === "DELETE") {
    if (one.view.state === "arrived" && one.view.message_id) return problem(res, 409, "attachment-over", "it was sent");
    Object.assign(one.view, { state: "failed", reason: "cancelled" });
    tell();
    return send(res, 204);
  }
  if (!staff || !one.body) return problem(res, 404, "not-found", "no such file");
  res.writeHead(200, {
    "content-type": TYPES[one.view.kind],
    "content-disposition": `attachment; filename="${file}.${one.view.kind}"`,
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
  });
  res.end(one.body);
}

/** The files that a message names come with it. */
export function attach(session, message, ids = []) {
  const views = ids.map((file) => session.files?.get(file)?.view).filter(Boolean);
  for (const view of views) view.message_id = message.message_id;
  return views;
}

export const viewsOf = (session) => [...(session.files?.values() ?? [])].map((one) => one.view).filter((view) => view.message_id);
