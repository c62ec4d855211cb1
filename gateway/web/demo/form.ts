/**
 * The contact form: what it sends, and how it explains every answer of the server.
 *
 * Lives here: the form's states (ready, sending, refused with the field marked, stored). What the
 * visitor wrote is never lost to an error.
 */
import { el } from "../sdk/dom";
import { ProblemError, request, Unreachable } from "../sdk/http";
import type { FieldError, FormLead, FormReceipt, PublicTenant } from "../sdk/wire";
import { fill, type Texts } from "./texts";

const FIELDS = ["name", "email", "phone", "vehicle_interest", "message"] as const;
type Field = (typeof FIELDS)[number];
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** The field that a JSON pointer names, if it is one of ours. */
export function fieldOf(pointer: string): Field | null {
  const name = pointer.replace(/^\//, "") as Field;
  return FIELDS.includes(name) ? name : null;
}

/** The visitor's words for a refusal; the server's own sentence when we have none. */
export function explain({ code, detail }: Pick<FieldError, "code" | "detail">, texts: Texts): string {
  const { contact } = texts;
  if (/required|missing|blank|empty/.test(code)) return contact.required;
  if (/e-?mail/.test(code)) return contact.badEmail;
  if (/long|length|size/.test(code)) return contact.tooLong;
  return detail;
}

export function contactForm(tenant: PublicTenant, texts: Texts): HTMLElement {
  const t = texts.contact;
  const controls = new Map<Field, Control>();
  const errors = new Map<Field, HTMLElement>();

  const field = (name: Field, label: string, control: Control, optional = false) => {
    control.name = name;
    control.id = `f-${name}`;
    const error = el("p", { class: "error", id: `e-${name}`, hidden: "" });
    control.setAttribute("aria-describedby", error.id);
    if (!optional) control.setAttribute("aria-required", "true");
    controls.set(name, control);
    errors.set(name, error);
    const hint = optional && el("span", { class: "hint" }, t.optional);
    return el("div", { class: `field ${name}` }, el("label", { for: control.id }, label, hint), control, error);
  };

  const vehicle = el("select", {}, el("option", { value: "" }, t.none));
  for (const car of tenant.vehicles) {
    if (car.status !== "sold") vehicle.append(el("option", { value: car.title }, `${car.title} (${car.year})`));
  }
  const button = el(
    "button",
    { class: "button", type: "submit" },
    el("span", { class: "spinner", "aria-hidden": "true" }),
    el("span", {}, t.send),
  );
  const summary = el("p", { class: "summary", role: "alert", hidden: "" });
  // Programs that fill in every field fill in this one, too; people never see it.
  const trap = el("input", { class: "trap", name: "forecourt_hp", tabindex: "-1", autocomplete: "off", "aria-hidden": "true" });
  const form = el(
    "form",
    { novalidate: "", class: "contact-form" },
    field("name", t.name, el("input", { autocomplete: "name", maxlength: "200" })),
    field("email", t.email, el("input", { type: "email", autocomplete: "email", maxlength: "254", dir: "ltr" })),
    field("phone", t.phone, el("input", { type: "tel", autocomplete: "tel", maxlength: "40", dir: "ltr" }), true),
    field("vehicle_interest", t.vehicle, vehicle, true),
    field("message", t.message, el("textarea", { rows: "5", maxlength: "5000", dir: "auto" })),
    trap,
    summary,
    el("div", { class: "send-row" }, button),
  );
  const done = el("div", { class: "done", role: "status", tabindex: "-1", hidden: "" });

  const mark = (name: Field, text: string) => {
    const error = errors.get(name)!;
    error.textContent = text;
    error.hidden = !text;
    controls.get(name)!.toggleAttribute("aria-invalid", !!text);
    if (text) controls.get(name)!.setAttribute("aria-invalid", "true");
  };
  const say = (text: string) => {
    summary.textContent = text;
    summary.hidden = !text;
  };
  const busy = (on: boolean) => {
    form.toggleAttribute("data-busy", on);
    form.setAttribute("aria-busy", String(on));
    button.disabled = on;
    for (const control of controls.values()) control.disabled = on;
    button.lastElementChild!.textContent = on ? t.sending : t.send;
  };
  const firstError = () => FIELDS.map((name) => controls.get(name)!).find((c) => c.hasAttribute("aria-invalid"));

  const refused = (error: unknown) => {
    if (error instanceof Unreachable) return say(t.offline);
    if (!(error instanceof ProblemError)) return say(t.failed);
    const wait = Math.ceil(error.retryAfterMs / 1000);
    if (error.status === 429 || error.status === 503) return say(fill(t.busy, { n: wait || 10 }));
    let marked = false;
    for (const one of error.problem?.errors ?? []) {
      const name = fieldOf(one.pointer);
      if (!name) continue;
      mark(name, explain(one, texts));
      marked = true;
    }
    say(marked ? t.fix : t.failed);
    if (marked) firstError()?.focus();
  };

  const stored = (receipt: FormReceipt, email: string) => {
    const again = el("button", { class: "button quiet", type: "button" }, t.again);
    again.onclick = () => {
      controls.get("message")!.value = "";
      done.hidden = true;
      form.hidden = false;
      controls.get("message")!.focus();
    };
    const sentence = t[receipt.status] ?? t.created;
    done.replaceChildren(
      el("div", { class: "tick", "aria-hidden": "true" }),
      el("p", {}, fill(sentence, { email: `\u2068${email}\u2069` })),
      el("div", { class: "row" }, el("a", { class: "button quiet", href: "/dev/mail" }, t.mailbox), again),
    );
    form.hidden = true;
    done.hidden = false;
    done.focus();
  };

  for (const [name, control] of controls) control.addEventListener("input", () => mark(name, ""));

  form.onsubmit = async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    const value = (name: Field) => controls.get(name)!.value.trim();
    for (const name of FIELDS) mark(name, "");
    say("");
    for (const name of ["name", "email", "message"] as const) if (!value(name)) mark(name, t.required);
    if (firstError()) {
      say(t.fix);
      return firstError()!.focus();
    }
    const lead: FormLead = { name: value("name"), email: value("email"), message: value("message"), source_url: location.href };
    if (value("phone")) lead.phone = value("phone");
    if (value("vehicle_interest")) lead.vehicle_interest = value("vehicle_interest");
    if (trap.value) lead.forecourt_hp = trap.value;
    busy(true);
    try {
      const receipt = await request<FormReceipt>(`/v1/webhooks/form/${encodeURIComponent(tenant.slug)}`, { body: lead });
      busy(false);
      stored(receipt, lead.email);
    } catch (error) {
      busy(false);
      refused(error);
    }
  };
  return el("div", { class: "contact-card" }, form, done);
}
