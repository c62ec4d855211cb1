// Walks through the pages in a real browser against the mock: `npm run build && npm run browser [part of a name]`.
//
// Every step fails on a page error, on any complaint about the content security policy, and the
// pages are read by axe in both appearances and at several widths.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { openBrowser } from "./chromium.mjs";
import { startMock } from "./mock.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const only = process.argv[2] ?? "";
const mock = await startMock();
const browser = await openBrowser();
const post = (path, body = {}) => fetch(mock.url + path, { method: "POST", body: JSON.stringify(body) });
let failed = 0;
let passed = 0;

async function step(name, options, run) {
  if (!name.includes(only)) return;
  const calm = { upload_ms: 0, refuse: 0, expire: 0, close: 0, colleague: 0, stall: 0, look_ms: 0, stream: "ok", place: null };
  await post("/mock", { leads: "ok", demo: true, delta_ms: 12, think_ms: 150, reset: true, ...calm });
  const { size = DESKTOP, dark = false, locale = "en-GB" } = options;
  const context = await browser.newContext({
    viewport: size,
    colorScheme: dark ? "dark" : "light",
    locale,
    acceptDownloads: true,
    ...(options.reduced && { reducedMotion: "reduce" }),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to|Trusted Type/i.test(message.text())) complaints.push(message.text());
  });
  try {
    await run(page, context);
    assert.deepEqual(complaints, []);
    passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error.stack).split("\n").slice(0, 12).join("\n      ")}`);
  } finally {
    await context.close();
  }
}

async function axe(page, label) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return violations.map(
      (one) =>
        `${one.id}: ${one.nodes
          .map((node) => `${node.target.join(" ")} (${node.failureSummary?.split("\n")[1]?.trim()})`)
          .slice(0, 3)
          .join("; ")}`,
    );
  });
  assert.deepEqual(found, [], label);
}

/** Nothing hangs over the side of the page. */
async function fits(page, label) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${label}: ${over} px too wide`);
}

async function until(read, wanted, label) {
  for (let tries = 0; tries < 80; tries += 1) {
    if (wanted(await read())) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`${label}: ${JSON.stringify(await read())}`);
}

const demo = (lang = "en") => `${mock.url}/demo/nordlys-bil?lang=${lang}`;
const launcher = (page) => page.locator("forecourt-chat .launcher");
const bubbles = (page, who) => page.locator(`forecourt-chat .line[data-who="${who}"]:not(.writing) .bubble`);
const openChat = async (page, lang = "en") => {
  await page.goto(demo(lang));
  await launcher(page).click();
  await page.locator("forecourt-chat .panel").waitFor();
};
const say = async (page, text) => {
  await page.locator("forecourt-chat textarea").fill(text);
  await page.locator("forecourt-chat textarea").press("Enter");
};
const answered = (page, n = 1) =>
  until(
    () => bubbles(page, "assistant").allTextContents(),
    (all) => all.filter((text) => text.includes("which time suits you best?")).length === n,
    "the whole answer",
  );

// ---- the widget -----------------------------------------------------------------------------------

await step("widget: nothing is asked, stored or moved before the visitor opens it", {}, async (page) => {
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) =>
      list.getEntries().forEach((entry) => (window.shift += entry.hadRecentInput ? 0 : entry.value)),
    ).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(demo());
  await launcher(page).waitFor();
  const before = await page.evaluate(() => window.shift);
  await page.waitForTimeout(500);
  const after = asked.slice(asked.indexOf("/widget.js") + 1);
  assert.deepEqual(
    after.filter((path) => path.startsWith("/v1/")),
    [],
  );
  assert.deepEqual(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]), [0, 0, ""]);
  assert.equal(await page.evaluate(() => window.shift), before);
  await launcher(page).click();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

await step("widget: an answer is written before the visitor's eyes, and stands once", {}, async (page) => {
  await openChat(page);
  await say(page, "Is the EX30 free?");
  const draft = page.locator("forecourt-chat .writing .bubble");
  await until(
    () => draft.textContent(),
    (text) => text.length > 20 && text.length < 150,
    "a growing draft",
  );
  await answered(page);
  assert.equal(await bubbles(page, "customer").count(), 1);
  assert.equal(await draft.isVisible(), false);
  assert.equal(await page.locator("forecourt-chat a").getAttribute("rel"), "noopener noreferrer nofollow ugc");
});

await step("widget: a reload in the middle of a sentence goes on with it", {}, async (page) => {
  await post("/mock", { delta_ms: 40 });
  await openChat(page);
  await say(page, "Is the EX30 free?");
  const draft = page.locator("forecourt-chat .writing .bubble");
  await until(
    () => draft.textContent(),
    (text) => text.length > 30,
    "a draft",
  );
  const seen = (await draft.textContent()).length;
  await page.reload();
  await page.locator("forecourt-chat .panel").waitFor();
  await until(
    () => draft.textContent(),
    (text) => text.length >= seen,
    "the draft goes on",
  );
  await answered(page);
  assert.equal(await bubbles(page, "customer").count(), 1);
});

await step("widget: a cut line in the middle of a sentence shows no hole and nothing twice", {}, async (page) => {
  await post("/mock", { delta_ms: 40 });
  await openChat(page);
  await say(page, "Is the EX30 free?");
  await until(
    () => page.locator("forecourt-chat .writing .bubble").textContent(),
    (text) => text.length > 30,
    "a draft",
  );
  await post("/mock/drop");
  await answered(page);
  assert.equal(await bubbles(page, "assistant").count(), 2);
});

await step("widget: what is written offline leaves when the network is back, in order and once", {}, async (page, context) => {
  await openChat(page);
  await page.waitForTimeout(300);
  await context.setOffline(true);
  await say(page, "First");
  await say(page, "Second");
  await page.locator('forecourt-chat [data-state="queued"]').waitFor();
  await page.getByText("No network.").waitFor();
  await context.setOffline(false);
  await answered(page);
  assert.deepEqual(await bubbles(page, "customer").allTextContents(), ["First", "Second"]);
  assert.equal(await page.getByText("No network.").isVisible(), false);
});

await step("widget: too many messages are waited out, with a countdown", {}, async (page) => {
  await openChat(page);
  await post("/mock", { refuse: 1 });
  await say(page, "Hello");
  await page.getByText(/Sending again in \d s/).waitFor();
  await answered(page);
});

await step("widget: an expired token opens a new session and keeps what was said", {}, async (page) => {
  await openChat(page);
  await say(page, "First");
  await answered(page);
  await post("/mock", { expire: 1 });
  await say(page, "Second");
  await answered(page, 2);
  await page.locator("forecourt-chat .note", { hasText: "New chat" }).waitFor();
  assert.deepEqual(await bubbles(page, "customer").allTextContents(), ["First", "Second"]);
});

await step("widget: a message to a closed conversation starts a new one", {}, async (page) => {
  await openChat(page);
  await say(page, "First");
  await answered(page);
  await post("/mock", { close: 1 });
  await say(page, "Second");
  await answered(page, 2);
  await page.locator("forecourt-chat .note", { hasText: "New chat" }).waitFor();
  assert.deepEqual(await bubbles(page, "customer").allTextContents(), ["First", "Second"]);
});

await step("widget: a person who takes over is named, and the way to one is always there", {}, async (page) => {
  await openChat(page);
  await page.locator("forecourt-chat .person").click();
  await page.locator("forecourt-chat .sub", { hasText: "Kari Nordmann is answering you" }).waitFor();
  await page.locator("forecourt-chat .note", { hasText: "is here now" }).waitFor();
  await page.locator('forecourt-chat [role="log"] .name[data-who="member"]', { hasText: "Kari Nordmann" }).waitFor();
});

await step("widget: markup stays text", {}, async (page) => {
  await openChat(page);
  await say(page, '<img src=x onerror="document.title=1"> <b>x</b> javascript:alert(1)');
  await bubbles(page, "customer").first().waitFor();
  assert.equal(await page.locator("forecourt-chat .bubble img, forecourt-chat .bubble b").count(), 0);
});

await step("widget: the keyboard alone is enough", {}, async (page) => {
  await page.goto(demo());
  await launcher(page).focus();
  await page.keyboard.press("Enter");
  const focus = () =>
    page.evaluate(
      () =>
        document.activeElement?.shadowRoot?.activeElement?.className ||
        document.activeElement?.shadowRoot?.activeElement?.tagName ||
        document.activeElement?.tagName,
    );
  await until(focus, (name) => name === "TEXTAREA", "the field has the focus");
  await page.keyboard.type("one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  await page.keyboard.press("Enter");
  assert.equal(await bubbles(page, "customer").first().textContent(), "one\ntwo");
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "FORECOURT-CHAT");
    assert.notEqual(await focus(), "launcher");
  }
  await page.keyboard.press("Escape");
  assert.equal(await focus(), "launcher");
  assert.equal(await page.locator("forecourt-chat .panel").isVisible(), false);
});

await step("widget: a closed panel counts what has come in", {}, async (page) => {
  await openChat(page);
  await say(page, "Is the EX30 free?");
  await page.waitForTimeout(300);
  await launcher(page).click();
  await page.locator("forecourt-chat .badge", { hasText: "1" }).waitFor();
  await launcher(page).click();
  assert.equal(await page.locator("forecourt-chat .badge").isVisible(), false);
});

await step("widget: it lives on a foreign site with a strict policy", {}, async (page) => {
  const site = createServer((_, res) => {
    res.writeHead(200, {
      "content-type": "text/html",
      "content-security-policy": `default-src 'none'; script-src ${mock.url}; connect-src ${mock.url}`,
    });
    res.end(
      `<!doctype html><html lang="fr"><title>x</title><body><h1>Site</h1><script src="${mock.url}/widget.js" data-tenant="nordlys-bil" async></script>`,
    );
  });
  await new Promise((ready) => site.listen(0, "127.0.0.1", ready));
  try {
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
    await launcher(page).click();
    assert.equal(await page.locator("forecourt-chat .panel").evaluate((node) => getComputedStyle(node).position), "fixed");
    await page.locator("forecourt-chat h2", { hasText: "Nordlys Bil" }).waitFor();
    await say(page, "La EX30 est-elle libre ?");
    await until(
      () => bubbles(page, "assistant").allTextContents(),
      (all) => all.some((text) => text.includes("quelle heure vous convient")),
      "the answer",
    );
  } finally {
    site.closeAllConnections();
    site.close();
  }
});

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const chips = (page) => page.locator("forecourt-chat .tray .file");
const sentFiles = (page) => page.locator("forecourt-chat .files .file");

await step("widget: a picture leaves while its message is written, and stands below it", {}, async (page) => {
  await post("/mock", { upload_ms: 4000 });
  await openChat(page);
  await page.locator("forecourt-chat .clip").waitFor();
  await page.locator("forecourt-chat input[type=file]").setInputFiles({ name: "car.png", mimeType: "image/png", buffer: PIXEL });
  await chips(page).getByRole("progressbar").waitFor();
  await axe(page, "a file in the tray");
  await say(page, "What would you give me for this one?");
  await sentFiles(page).waitFor();
  assert.equal(await chips(page).count(), 0);
  assert.equal(await sentFiles(page).getAttribute("data-state"), "coming");
  await until(
    () => sentFiles(page).getAttribute("data-state"),
    (state) => state === "there",
    "the picture arrives",
  );
  assert.match(await sentFiles(page).textContent(), /Picture.*Arrived/);
  await answered(page);
  await page.reload();
  await sentFiles(page).waitFor();
  assert.match(await sentFiles(page).textContent(), /Arrived/);
});

await step(
  "widget: what is not taken says why, what is taken back is gone, and a picture needs no words",
  { size: PHONE, locale: "ar" },
  async (page) => {
    await openChat(page, "ar");
    const pick = (name, mimeType, buffer) => page.locator("forecourt-chat input[type=file]").setInputFiles({ name, mimeType, buffer });
    await page.locator("forecourt-chat .clip").waitFor();
    await pick("a.gif", "image/gif", Buffer.from("GIF89a"));
    await until(
      () => chips(page).getAttribute("data-state"),
      (state) => state === "failed",
      "a refusal",
    );
    await fits(page, "the tray");
    await chips(page).getByRole("button").click();
    assert.equal(await chips(page).count(), 0);
    await pick("car.png", "image/png", PIXEL);
    await chips(page).waitFor();
    await page.locator("forecourt-chat .send").click();
    await sentFiles(page).waitFor();
    assert.equal(await bubbles(page, "customer").first().textContent(), "أرسل صورة.");
  },
);

for (const [name, options, lang] of [
  ["light", {}, "en"],
  ["dark", { dark: true }, "nb"],
  ["phone, right to left", { size: PHONE }, "ar"],
  ["zoomed to 200 %", { size: { width: 640, height: 430 } }, "fr"],
  ["narrow", { size: { width: 320, height: 568 }, reduced: true }, "nb"],
]) {
  await step(`widget: readable and reachable (${name})`, options, async (page) => {
    await openChat(page, lang);
    await page.locator("forecourt-chat .starters button").first().click();
    await page.locator("forecourt-chat a").waitFor();
    await page.waitForTimeout(400);
    await axe(page, name);
    await fits(page, name);
    const box = await page.locator("forecourt-chat .panel").boundingBox();
    const send = await page.locator("forecourt-chat .send").boundingBox();
    assert.ok(
      (box.x >= 0 && box.y >= 0 && send.y + send.height <= options.size?.height + 1) || !options.size,
      "the panel is inside the window",
    );
  });
}

// ---- the demo site and the landing page -----------------------------------------------------------

for (const lang of ["nb", "en", "fr", "ar"]) {
  await step(`demo: readable and reachable (${lang})`, { dark: lang === "fr", size: lang === "ar" ? PHONE : DESKTOP }, async (page) => {
    await page.goto(demo(lang));
    await page.locator(".vehicle").first().waitFor();
    await page.waitForTimeout(200);
    await axe(page, lang);
    await fits(page, lang);
    assert.equal(await page.evaluate(() => document.documentElement.dir), lang === "ar" ? "rtl" : "ltr");
  });
  await step(
    `landing: readable and reachable (${lang})`,
    { dark: lang === "nb", size: lang === "fr" ? { width: 320, height: 640 } : DESKTOP },
    async (page) => {
      await page.goto(`${mock.url}/?lang=${lang}`);
      await page.waitForTimeout(200);
      await axe(page, lang);
      await fits(page, lang);
    },
  );
}

await step("demo: the form marks the field that the server refused, keeps the text, and says thank you", {}, async (page) => {
  await page.goto(demo());
  await page.locator(".contact-form .button").click();
  assert.equal(await page.locator(".error:visible").count(), 3);
  assert.equal(await page.evaluate(() => document.activeElement.id), "f-name");
  await page.fill("#f-name", "Kari");
  await page.fill("#f-email", "kari@");
  await page.fill("#f-message", "Hei");
  await page.locator(".contact-form .button").click();
  assert.equal(await page.locator(".contact-form .button").isDisabled(), true);
  await page.locator("#e-email", { hasText: "Does not look like a mail address" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "f-email");
  assert.equal(await page.inputValue("#f-message"), "Hei");
  await axe(page, "form with errors");
  const email = `kari${Date.now()}@example.no`;
  await page.fill("#f-email", email);
  await page.locator(".contact-form .button").click();
  await page.locator(".done", { hasText: "on its way to" }).waitFor();
  await page.locator(".done button").click();
  await page.fill("#f-message", "Hei igjen");
  await page.locator(".contact-form .button").click();
  await page.locator(".done", { hasText: "already had this one" }).waitFor();
});

await step("demo: asking about a car opens the chat with the question", {}, async (page) => {
  await page.goto(demo());
  await launcher(page).waitFor();
  await page.getByRole("button", { name: /Ask about this car: Volvo/ }).click();
  assert.match(await page.locator("forecourt-chat textarea").inputValue(), /Volvo EX30/);
});

// ---- the dashboard --------------------------------------------------------------------------------

const rows = (page) => page.locator("[data-lead]");
const login = async (page, lang = "en", path = "/app/") => {
  await page.goto(`${mock.url}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);
  await page.getByRole("button", { name: /demo|démo|تجريب/i }).click();
  await rows(page).first().waitFor();
  await page.locator('.live[data-live="live"]').waitFor();
};
const total = async (page) => Number(/\d+/.exec(await page.locator(".total").textContent())[0]);

await step("app: a wrong password is explained, the demo login works, logout ends it", {}, async (page) => {
  await page.goto(`${mock.url}/app/?lang=en`);
  await page.getByLabel("Business").fill("nordlys-bil");
  await page.getByLabel("E-mail").fill("kari@nordlysbil.example");
  await page.locator('input[name="password"]').fill("wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("is not right").waitFor();
  await axe(page, "login with an error");
  await page.getByRole("button", { name: "Use the demo login" }).click();
  await rows(page).first().waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
});

await step("app: without a demo there is no demo button", {}, async (page) => {
  await post("/mock", { demo: false });
  await page.goto(`${mock.url}/app/?lang=en`);
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await page.waitForTimeout(300);
  assert.equal(await page.getByRole("button", { name: /demo/i }).count(), 0);
});

await step("app: a new lead comes in by itself, and its clock stops with the answer", {}, async (page) => {
  await login(page);
  const before = await total(page);
  const lead = await (await post("/mock/lead")).json();
  const first = rows(page).first();
  await until(
    () => first.getAttribute("data-lead"),
    (id) => id === lead.lead_id,
    "on top",
  );
  assert.equal(await total(page), before + 1);
  await first.getByText(/due in/).waitFor();
  const read = async () => Number(await first.locator("text").textContent());
  const start = await read();
  await until(read, (n) => n < start, "the clock runs");
  await first.getByText(/answered after 4\.\d s/).waitFor();
  await first.getByText("by the assistant").waitFor();
  assert.equal(await rows(page).count(), 25);
});

await step("app: filters, search and page live in the address", {}, async (page) => {
  await login(page);
  await page.getByLabel("Status").selectOption("won");
  await until(
    () => page.locator(".status").allTextContents(),
    (all) => all.length > 0 && all.every((text) => text === "Won"),
    "only won leads",
  );
  assert.match(page.url(), /status=won/);
  await page.goBack();
  await until(
    () => rows(page).count(),
    (n) => n === 25,
    "all leads again",
  );
  await page.getByRole("button", { name: "Next" }).click();
  await until(
    () => page.locator(".pager").textContent(),
    (text) => text.includes("26–50"),
    "the second page",
  );
  await page.reload();
  await until(
    () => page.locator(".pager").textContent(),
    (text) => text.includes("26–50"),
    "still the second page",
  );
  const requests = [];
  page.on("request", (request) => request.url().includes("q=") && requests.push(request.url()));
  await page.keyboard.press("/");
  await page.keyboard.type("solheim", { delay: 30 });
  await until(
    () => page.locator(".name").allTextContents(),
    (all) => all.length > 0 && all.every((name) => name.includes("Solheim")),
    "only Solheim",
  );
  assert.equal(requests.length, 1);
  await page.getByRole("searchbox").fill("nobody at all");
  await page.getByText("Nothing matches").waitFor();
  await axe(page, "nothing found");
  await page.locator(".blank button").click();
  await until(
    () => rows(page).count(),
    (n) => n === 25,
    "all leads again",
  );
  assert.equal(await page.getByRole("searchbox").inputValue(), "");
});

await step("app: on another page a new lead is announced, not pushed in", {}, async (page) => {
  await login(page, "en", "/app/?page=2");
  const first = await rows(page).first().getAttribute("data-lead");
  await post("/mock/lead");
  const pill = page.getByRole("button", { name: "1 new lead" });
  await pill.waitFor();
  assert.equal(await rows(page).first().getAttribute("data-lead"), first);
  await pill.click();
  await until(
    () => page.locator(".pager").textContent(),
    (text) => text.startsWith("1–25"),
    "the first page",
  );
});

await step("app: after a cut line it resumes and shows what came in between", {}, async (page, context) => {
  await login(page);
  await context.setOffline(true);
  await page.getByText("No network.").waitFor();
  await axe(page, "offline");
  await post("/mock/drop");
  const lead = await (await post("/mock/lead")).json();
  await context.setOffline(false);
  await page.locator(`[data-lead="${lead.lead_id}"]`).waitFor();
  await page.locator('.live[data-live="live"]').waitFor();
  assert.equal(await page.getByText("No network.").count(), 0);
});

await step("app: the keyboard walks, opens, takes over, answers, gives back and closes", {}, async (page) => {
  await login(page);
  for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
  const row = () => page.evaluate(() => document.activeElement.closest("[data-lead]")?.dataset.lead);
  const second = await rows(page).nth(1).getAttribute("data-lead");
  assert.equal(await row(), second);
  await page.keyboard.press("Enter");
  await page.locator("[data-transcript]").waitFor();
  assert.match(page.url(), new RegExp(`lead=${second}`));
  await page.getByRole("button", { name: "Take over", exact: true }).click();
  await page.getByText("You are answering.").waitFor();
  await page.getByLabel("Write to the customer").fill("Hello, this is Kari.");
  await page.getByLabel("Write to the customer").press("Enter");
  await page.locator('[data-author="member"]:not([data-pending])', { hasText: "Hello, this is Kari." }).waitFor();
  assert.equal(await page.locator(".bubble", { hasText: "Hello, this is Kari." }).count(), 1);
  await page.getByRole("button", { name: "Give back to the assistant" }).click();
  await page.getByText("The assistant is answering.").waitFor();
  await page.getByRole("tab", { name: "Timeline" }).click();
  await page.getByText("Captured from the website form").waitFor();
  await axe(page, "timeline");
  await page.getByRole("tab", { name: "Deliveries" }).click();
  await page.getByText("retrying").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("[data-transcript]").waitFor({ state: "detached" });
  await until(row, (id) => id === second, "the focus is back on the row");
});

await step("app: to answer is to take over, and a reply without a line leaves by itself when it is back", {}, async (page, context) => {
  await login(page);
  await rows(page).nth(5).click();
  await page.locator("[data-transcript]").waitFor();
  await context.setOffline(true);
  await page.getByLabel("Write to the customer").fill("I call you at three.");
  await page.getByRole("button", { name: "Take over and send" }).click();
  await page.getByText("Waiting for the connection").waitFor();
  await page.getByText("1 message of yours leaves").waitFor();
  await page.getByText("As of").waitFor();
  await axe(page, "queued");
  await context.setOffline(false);
  await page.locator('[data-author="member"]:not([data-pending])', { hasText: "I call you at three." }).waitFor();
  await page.getByText("You are answering.").waitFor();
  assert.equal(await page.locator(".bubble", { hasText: "I call you at three." }).count(), 1);
});

await step("app: a colleague's conversation is taken over before it is answered", {}, async (page) => {
  await login(page);
  await rows(page).nth(6).click();
  await page.locator("[data-transcript]").waitFor();
  await post("/mock", { colleague: 1 });
  await page.getByLabel("Write to the customer").fill("Me again.");
  await page.keyboard.press("Enter");
  await page.getByText("A colleague has this conversation.").waitFor();
  await axe(page, "not yours");
  await page.getByRole("alert").getByRole("button", { name: "Take over" }).click();
  await page.getByText("A colleague has this conversation.").waitFor({ state: "detached" });
  await page.locator(".said").getByRole("button", { name: "Try again" }).click();
  await page.locator('[data-author="member"]:not([data-pending])', { hasText: "Me again." }).waitFor();
});

// ---- together --------------------------------------------------------------------------------------

/** What a colleague, the customer or the assistant does. */
const act = async (as, frame) => (await post("/mock/act", { as, ...frame })).json().catch(() => null);
const openLead = async (page, n) => {
  const row = rows(page).nth(n);
  const lead_id = await row.getAttribute("data-lead");
  await row.locator("[data-stop]").click();
  await page.locator("[data-transcript]").waitFor();
  return { lead_id };
};
const field = (page) => page.getByLabel("Write to the customer");

await step("together: who looks and who writes is seen in the list and beside the conversation", {}, async (page) => {
  await login(page);
  const lead = { lead_id: await rows(page).nth(4).getAttribute("data-lead") };
  await act("ola", { type: "view", ...lead });
  await rows(page).nth(4).getByRole("img", { name: "Ola Hansen is looking at this" }).waitFor();
  await act("customer", { type: "here", on: true, ...lead });
  await rows(page).nth(4).getByRole("img", { name: "The customer is here" }).waitFor();
  await openLead(page, 4);
  await page.locator(".faces").getByText("Ola Hansen is looking at this").waitFor({ state: "attached" });
  await act("ola", { type: "typing", on: true, ...lead });
  await page.getByText("Ola Hansen is writing an answer.").waitFor();
  await page.getByText("The assistant waits while Ola Hansen writes.").waitFor();
  await act("customer", { type: "typing", on: true, ...lead });
  await page.getByText("The customer is writing").first().waitFor();
  await axe(page, "presence");
  await act("ola", { type: "typing", on: false, ...lead });
  await page.getByText("is writing an answer").waitFor({ state: "detached" });
});

await step("together: a running answer goes on in the middle of a sentence after a cut line", {}, async (page) => {
  await post("/mock", { delta_ms: 25, look_ms: 900 });
  await login(page);
  const lead = await openLead(page, 2);
  await act("customer", { type: "say", text: "And the price?", ...lead });
  await page.getByText("Looking things up").waitFor();
  const running = page.locator(".running .bubble");
  await until(
    () => running.textContent(),
    (text) => text.length > 40,
    "some of the answer",
  );
  const seen = [];
  await post("/mock/drop");
  const before = await running.textContent();
  await page.locator('.live[data-live="live"]').waitFor();
  for (let i = 0; i < 100 && (await running.count()); i += 1) {
    seen.push((await running.textContent({ timeout: 500 }).catch(() => null)) ?? "");
    await page.waitForTimeout(40);
  }
  const grown = seen.filter(Boolean);
  assert.ok(
    grown.length > 3 && grown.every((text, i) => text.startsWith(before) && (!i || text.startsWith(grown[i - 1]))),
    grown.join("|"),
  );
  await page.locator('.said[data-author="assistant"]:not(.running)').last().waitFor();
});

await step("together: a colleague's answer is shown before mine leaves, and I may send it still", {}, async (page) => {
  await login(page);
  const lead = await openLead(page, 6);
  await page.getByRole("button", { name: "Take over", exact: true }).click();
  await page.getByText("You are answering.").waitFor();
  // The line is down while Ola answers: the reply leaves later, past what was not on the screen.
  await page.context().setOffline(true);
  await page.getByText("No network.").waitFor();
  await act("ola", { type: "send", text: "It is 399 000 kr.", client_id: "ola-1", ...lead });
  await field(page).fill("The price is 399 000.");
  await field(page).press("Enter");
  await page.context().setOffline(false);
  const held = page.locator("[data-conflict]");
  await held.getByText("It is 399 000 kr.").waitFor();
  await axe(page, "collision");
  assert.equal(await page.locator('.said[data-author="member"]', { hasText: "The price is 399 000." }).count(), 0);
  await held.getByRole("button", { name: "Change it" }).click();
  assert.equal(await field(page).inputValue(), "The price is 399 000.");
  await field(page).fill("As Ola says!");
  await act("ola", { type: "send", text: "Anything else?", client_id: "ola-2", ...lead });
  await page.getByText("Anything else?").waitFor();
  await field(page).press("Enter");
  await page.locator('.said[data-author="member"]:not([data-pending])', { hasText: "As Ola says!" }).waitFor();
  assert.equal(await held.count(), 0);
});

await step("together: one draft, and a choice when both have changed it", {}, async (page) => {
  await login(page);
  const lead = await openLead(page, 6);
  await act("ola", { type: "draft", text: "Hello from Ola", revision: 0, ...lead });
  await page.getByText("Ola Hansen has changed this draft.").waitFor();
  assert.equal(await field(page).inputValue(), "Hello from Ola");
  await field(page).fill("Hello from Ola and Kari");
  await act("ola", { type: "draft", text: "Good morning", revision: 1, ...lead });
  await page.getByText("while you wrote").waitFor();
  await axe(page, "two drafts");
  assert.equal(await field(page).inputValue(), "Hello from Ola and Kari");
  await page.getByRole("button", { name: "Take theirs" }).click();
  assert.equal(await field(page).inputValue(), "Good morning");
  await field(page).fill("Good morning!");
  await page.waitForTimeout(800);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator("[data-transcript]").waitFor({ state: "detached" });
  await openLead(page, 6);
  await until(
    () => field(page).inputValue(),
    (text) => text === "Good morning!",
    "the draft is kept",
  );
});

await step("together: taking over, giving back, whose it is, and what the customer has seen", {}, async (page) => {
  await login(page);
  const lead = await openLead(page, 2);
  await act("ola", { type: "take_over", ...lead });
  await page.getByText("Ola Hansen is answering. The assistant is silent.").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("[data-transcript]").waitFor({ state: "detached" });
  await rows(page).nth(2).getByText("Ola Hansen", { exact: true }).waitFor();
  await page.getByText("Mine", { exact: true }).click();
  await page.getByText("Nothing matches").waitFor();
  await page.getByText("All", { exact: true }).first().click();
  await openLead(page, 2);
  await page.getByLabel("Assigned to").selectOption({ label: "Kari Nordmann (You)" });
  await page.getByText("You are answering.").waitFor();
  await field(page).fill("Kari here.");
  await field(page).press("Enter");
  const said = page.locator('.said[data-author="member"]:not([data-pending])', { hasText: "Kari here." });
  await said.waitFor();
  await act("customer", { type: "seen", seq: 99, ...lead });
  await said.locator("[data-receipt]", { hasText: "Seen" }).waitFor();
  await page.locator("[data-transcript]").focus();
  await page.keyboard.press("t");
  await page.getByText("The assistant is answering.").waitFor();
  await page.keyboard.press("r");
  await until(
    () => page.evaluate(() => document.activeElement?.getAttribute("aria-label")),
    (name) => name === "Write to the customer",
    "r goes to the field",
  );
});

await step("together: the assistant's note stands where the person takes over", {}, async (page) => {
  await login(page);
  const id = await rows(page).nth(4).getAttribute("data-lead");
  const note = { asked: ["A trade-in for a 2018 Golf"], promised: ["An offer today"], held: [], missing: ["The mileage"] };
  await act("assistant", { type: "note", note, lead_id: id });
  await openLead(page, 4);
  await page.getByText("What the assistant leaves you").waitFor();
  await page.getByText("The mileage").waitFor();
  assert.equal(await page.getByText("Held", { exact: true }).count(), 0);
  await axe(page, "hand-off note");
});

await step("together: the keys are listed, and availability is told to all", {}, async (page, context) => {
  await login(page);
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
  await axe(page, "the list of keys");
  await page.keyboard.press("Escape");
  const other = await context.newPage();
  await other.goto(`${mock.url}/app/?lang=en`);
  await other.locator('.live[data-live="live"]').waitFor();
  await page.getByLabel("Your availability").selectOption("away");
  await until(
    () => other.getByLabel("Your availability").inputValue(),
    (value) => value === "away",
    "the other tab knows",
  );
  await page.getByLabel("Your availability").selectOption("online");
});

await step("together: two tabs of a visitor are one conversation, and a message stands once", {}, async (page, context) => {
  await openChat(page);
  await say(page, "Is the EX30 free?");
  await answered(page);
  const second = await context.newPage();
  await second.goto(demo());
  await launcher(second).click();
  await until(
    () => bubbles(second, "customer").allTextContents(),
    (all) => all.join() === "Is the EX30 free?",
    "the conversation is there",
  );
  await say(second, "And on Friday?");
  await page.bringToFront();
  await answered(page, 2);
  assert.deepEqual(await bubbles(page, "customer").allTextContents(), ["Is the EX30 free?", "And on Friday?"]);
});

await step("widget: events come by long-polling where streams are held back", {}, async (page) => {
  await post("/mock", { stream: "mute" });
  await page.clock.install();
  await openChat(page);
  await say(page, "Is the EX30 free?");
  for (let i = 0; i < 12; i += 1) await page.clock.runFor(4000);
  await answered(page);
  assert.equal(await bubbles(page, "customer").count(), 1);
});

await step("widget: the place in the queue, and a call instead of a long wait", {}, async (page) => {
  await post("/mock", { place: { ahead: 2, estimate_s: 240 } });
  await openChat(page);
  await page.locator("forecourt-chat .person").click();
  await page.locator("forecourt-chat .queue", { hasText: "2 before you. About 4 min." }).waitFor();
  await page.reload();
  await post("/mock", { place: { ahead: 0 } });
  await page.locator("forecourt-chat textarea").waitFor();
});

await step("widget: seen, and who is writing", {}, async (page) => {
  await openChat(page);
  await say(page, "Is the EX30 free?");
  await answered(page);
  const session = await page.evaluate(() => JSON.parse(sessionStorage.getItem("forecourt:nordlys-bil")).id);
  await act("ola", { type: "view", session_id: session });
  await act("ola", { type: "seen", session_id: session, seq: 1 });
  await act("ola", { type: "typing", session_id: session, on: true });
  await page.locator("forecourt-chat .writing .dots").waitFor();
  await page.locator('forecourt-chat .name[data-who="member"]', { hasText: "Ola Hansen" }).waitFor();
  await act("ola", { type: "send", session_id: session, text: "Ola here.", client_id: "o1" });
  await page.locator("forecourt-chat .sub", { hasText: "Ola Hansen is answering you" }).waitFor();
  await page.locator("forecourt-chat .note", { hasText: "Ola Hansen from Nordlys Bil is here now" }).waitFor();
  await say(page, "Great");
  await act("ola", { type: "seen", session_id: session, seq: 4 });
  await page.locator("forecourt-chat .state", { hasText: "Seen" }).waitFor();
});

await step("app: the export holds every lead of the filter", {}, async (page) => {
  await login(page);
  const wanted = await total(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  const text = await readFile(await download.path(), "utf8");
  assert.match(download.suggestedFilename(), /^leads-\d{4}-\d\d-\d\d\.csv$/);
  assert.equal(text.trim().split("\r\n").length, wanted + 1);
  assert.ok(text.includes("'+47 900 00 000"));
});

await step("app: empty, broken and back", {}, async (page) => {
  await post("/mock", { leads: "error" });
  await page.goto(`${mock.url}/app/?lang=en`);
  await page.getByRole("button", { name: /demo/i }).click();
  await page.getByText("The list did not load").waitFor();
  await axe(page, "error");
  await post("/mock", { leads: "empty" });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("No leads yet").waitFor();
  await axe(page, "empty");
  await post("/mock", { leads: "ok" });
  await post("/mock/lead");
  await rows(page).first().waitFor();
});

await step("app: changing the language and the appearance needs no reload", {}, async (page) => {
  await login(page);
  await page.getByLabel("Language").selectOption("ar");
  await page.getByRole("heading", { name: "الاستفسارات" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dir), "rtl");
  await page.getByRole("button", { name: "مظهر داكن" }).click();
  await until(
    () => page.evaluate(() => document.documentElement.dataset.mantineColorScheme),
    (scheme) => scheme === "dark",
    "dark",
  );
  await page.reload();
  await page.getByRole("heading", { name: "الاستفسارات" }).waitFor();
});

for (const [name, options, lang] of [
  ["light", {}, "en"],
  ["dark", { dark: true }, "nb"],
  ["phone", { size: PHONE }, "fr"],
  ["right to left, dark", { dark: true }, "ar"],
  ["zoomed to 200 %", { size: { width: 640, height: 430 } }, "nb"],
  ["narrow", { size: { width: 320, height: 568 }, reduced: true }, "ar"],
]) {
  await step(`app: readable and reachable (${name})`, options, async (page) => {
    await login(page, lang);
    await page.waitForTimeout(300);
    await axe(page, `${name}: list`);
    await fits(page, `${name}: list`);
    await rows(page).nth(7).locator("[data-stop]").click();
    await page.locator("[data-transcript]").waitFor();
    await page.waitForTimeout(400);
    await axe(page, `${name}: drawer`);
    await fits(page, `${name}: drawer`);
  });
}

await step("stock: the keyboard walks, opens and closes, and the address tells what is shown", {}, async (page) => {
  await login(page, "en");
  await page.goto(`${mock.url}/app/vehicles?q=golf`);
  await page.locator("[data-vehicle]", { hasText: "Golf" }).waitFor();
  assert.equal(await page.locator("[data-vehicle]").count(), 1);
  await page.getByRole("button", { name: "Clear the filter" }).last().click();
  await page.locator("[data-vehicle]").nth(2).waitFor();
  assert.equal(new URL(page.url()).search, "");
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Price history" }).waitFor();
  assert.match(page.url(), /vehicle=veh_/);
  await page.keyboard.press("Escape");
  await page.locator(".drawer").waitFor({ state: "detached" });
  const back = await page.evaluate(() => document.activeElement?.textContent);
  assert.match(back, /Tesla/, "the row one came from has the focus again");
  await page.fill("input[name=q]", "no such car");
  await page.getByText("No vehicle fits").waitFor();
});

for (const [name, options, lang] of [
  ["light", {}, "en"],
  ["phone", { size: PHONE, dark: true }, "fr"],
  ["narrow, right to left", { size: { width: 320, height: 568 }, reduced: true }, "ar"],
]) {
  await step(`stock: readable and reachable (${name})`, options, async (page) => {
    await login(page, lang);
    await page.goto(`${mock.url}/app/vehicles`);
    await page.locator("[data-vehicle]").nth(2).waitFor();
    await axe(page, `${name}: list`);
    await fits(page, `${name}: list`);
    const menu = page.locator(".links-menu summary");
    if (await menu.isVisible()) {
      await menu.click();
      await axe(page, `${name}: menu`);
      await fits(page, `${name}: menu`);
      await page.keyboard.press("Escape");
    }
    await page.locator("[data-vehicle] [data-stop]").first().click();
    await page.locator(".veh-history li").nth(3).waitFor();
    await page.waitForTimeout(400);
    await axe(page, `${name}: drawer`);
    await fits(page, `${name}: drawer`);
  });
}

await browser.close();
mock.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
