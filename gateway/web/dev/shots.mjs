// Takes pictures of the pages in their states, against the mock: `node dev/shots.mjs <folder> [name …]`.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser } from "./chromium.mjs";
import { startMock } from "./mock.mjs";

const [folder = "shots", ...only] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const mock = await startMock();
const browser = await openBrowser();

const DESKTOP = { width: 1360, height: 860 };
const PHONE = { width: 390, height: 844 };
const post = (path, body = {}) => fetch(mock.url + path, { method: "POST", body: JSON.stringify(body) });

/** Opens a page, reports what it complains of, and takes the picture. */
async function shot(name, { path, size = DESKTOP, dark = false, locale = "nb-NO", full = false, act = async () => {} }) {
  if (only.length && !only.some((part) => name.includes(part))) return;
  const context = await browser.newContext({
    viewport: size,
    colorScheme: dark ? "dark" : "light",
    locale,
    deviceScaleFactor: size === PHONE ? 2 : 1,
    hasTouch: size === PHONE,
    isMobile: size === PHONE,
  });
  await post("/mock", { reset: true });
  const page = await context.newPage();
  page.on("console", (message) => {
    // Before the login the server says 401, and that is right.
    if (["error", "warning"].includes(message.type()) && !message.text().includes("401")) console.log(`${name}: ${message.text()}`);
  });
  page.on("pageerror", (error) => console.log(`${name}: ${error.message}`));
  try {
    await page.goto(mock.url + path, { waitUntil: "load" });
    await page.waitForTimeout(500);
    await act(page);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: full });
    console.log(`${name}.png`);
  } catch (error) {
    console.log(`${name}: ${error.message}`);
  } finally {
    await context.close();
  }
}

const openChat = (page) => page.locator("forecourt-chat .launcher").click();
const say = async (page, text) => {
  await page.locator("forecourt-chat textarea").fill(text);
  await page.keyboard.press("Enter");
};
const login = async (page) => {
  await page.getByRole("button", { name: /demo|démo|تجريب/i }).click();
  await page.locator("[data-lead]").first().waitFor();
  await page.waitForTimeout(400);
};

await shot("landing", { path: "/", full: true, locale: "en-US" });
await shot("landing-phone-ar-dark", { path: "/?lang=ar", size: PHONE, dark: true, full: true });
await shot("demo-nb", { path: "/demo/nordlys-bil?lang=nb", full: true });
await shot("demo-nb-cars", { path: "/demo/nordlys-bil?lang=nb#stock" });
await shot("demo-ar-phone-fold", { path: "/demo/nordlys-bil?lang=ar", size: PHONE });
await shot("demo-fr-dark", { path: "/demo/nordlys-bil?lang=fr", dark: true, full: true });
await shot("demo-ar-phone", { path: "/demo/nordlys-bil?lang=ar", size: PHONE, full: true });
await shot("demo-form-errors", {
  path: "/demo/nordlys-bil?lang=nb#contact",
  act: async (page) => {
    await page.fill("#f-name", "Kari");
    await page.fill("#f-email", "kari@");
    await page.fill("#f-message", "Hei");
    await page.locator(".contact-form .button").click();
    await page.locator(".error:visible").first().waitFor();
  },
});
await shot("demo-form-done", {
  path: "/demo/nordlys-bil?lang=en#contact",
  act: async (page) => {
    await page.fill("#f-name", "Kari Nordmann");
    await page.fill("#f-email", "kari@example.no");
    await page.fill("#f-message", "Hi, is the EX30 free on Tuesday?");
    await page.locator(".contact-form .button").click();
    await page.locator(".done:visible").waitFor();
  },
});
await shot("demo-unknown", { path: "/demo/nobody?lang=nb" });
await shot("widget-open", {
  path: "/demo/nordlys-bil?lang=nb",
  act: async (page) => (await openChat(page), await page.waitForTimeout(500)),
});
await shot("widget-stream", {
  path: "/demo/nordlys-bil?lang=nb",
  act: async (page) => {
    await openChat(page);
    await say(page, "Hei! Er Volvo EX30 ledig for prøvekjøring?");
    await page.waitForTimeout(3600);
  },
});
await shot("widget-human-dark", {
  path: "/demo/nordlys-bil?lang=en",
  dark: true,
  act: async (page) => {
    await post("/mock", { delta_ms: 4 });
    await openChat(page);
    await say(page, "Hi! Is the Volvo EX30 free for a test drive?");
    await page.waitForTimeout(2600);
    await say(page, "I would like to talk to a person.");
    await page.waitForTimeout(4200);
    await post("/mock", { delta_ms: 45 });
  },
});
await shot("widget-ar-phone", {
  path: "/demo/nordlys-bil?lang=ar",
  size: PHONE,
  act: async (page) => {
    await openChat(page);
    await say(page, "مرحبًا! هل سيارة Volvo EX30 متاحة لتجربة القيادة؟");
    await page.waitForTimeout(5200);
  },
});
await shot("widget-offline", {
  path: "/demo/nordlys-bil?lang=nb",
  act: async (page) => {
    await openChat(page);
    await page.context().setOffline(true);
    await say(page, "Er dere åpne på lørdag?");
    await page.waitForTimeout(600);
  },
});
await shot("login", { path: "/app/" });
await shot("login-ar-phone-dark", { path: "/app/?lang=ar", size: PHONE, dark: true });
await shot("app-list", { path: "/app/", locale: "en-GB", act: login });
await shot("app-list-dark", { path: "/app/", dark: true, act: login });
await shot("app-list-phone", { path: "/app/", size: PHONE, act: login });
await shot("app-list-ar", { path: "/app/?lang=ar", act: login });
await shot("app-new-lead", {
  path: "/app/",
  locale: "en-GB",
  act: async (page) => {
    await login(page);
    await post("/mock/lead");
    await page.waitForTimeout(900);
  },
});
await shot("app-drawer", {
  path: "/app/",
  locale: "en-GB",
  act: async (page) => {
    await login(page);
    await page.locator("[data-lead]").nth(3).click();
    await page.locator("[data-transcript]").waitFor();
    await page.waitForTimeout(700);
  },
});
await shot("app-drawer-dark-ar", {
  path: "/app/?lang=ar",
  dark: true,
  act: async (page) => {
    await login(page);
    await page.locator("[data-lead]").nth(8).click();
    await page.locator("[data-transcript]").waitFor();
    await page.waitForTimeout(700);
  },
});
await shot("app-drawer-phone", {
  path: "/app/",
  size: PHONE,
  act: async (page) => {
    await login(page);
    await page.locator("[data-lead]").nth(2).click();
    await page.locator("[data-transcript]").waitFor();
    await page.waitForTimeout(700);
  },
});
/** What a colleague, the customer or the assistant does. */
const act = (as, frame) => post("/mock/act", { as, ...frame });
const open = async (page, n) => {
  const row = page.locator("[data-lead]").nth(n);
  const lead_id = await row.getAttribute("data-lead");
  await row.locator("[data-stop]").click();
  await page.locator("[data-transcript]").waitFor();
  return { lead_id };
};
const field = (page) => page.locator("[data-reply]");
const NOTE = {
  asked: ["Innbytte av en Golf 2018 mot Model Y"],
  promised: ["Et tilbud i løpet av dagen"],
  held: ["Prøvekjøring lørdag kl. 14:00, til kl. 12:40"],
  missing: ["Kilometerstand på Golfen", "Telefonnummer"],
};

await shot("together-list", {
  path: "/app/",
  locale: "en-GB",
  act: async (page) => {
    await login(page);
    const ids = await page.locator("[data-lead]").evaluateAll((all) => all.map((one) => one.dataset.lead));
    await act("ola", { type: "view", lead_id: ids[1] });
    await act("ola", { type: "typing", on: true, lead_id: ids[1] });
    await act("mina", { type: "view", lead_id: ids[4] });
    await act("customer", { type: "here", on: true, lead_id: ids[4] });
    await act("ola", { type: "take_over", lead_id: ids[5] });
    await act("kari", { type: "take_over", lead_id: ids[3] });
    await page.waitForTimeout(400);
  },
});
const scene = async (page) => {
  await login(page);
  const lead = await open(page, 2);
  await act("ola", { type: "view", ...lead });
  await act("mina", { type: "view", ...lead });
  await act("customer", { type: "here", on: true, ...lead });
  return lead;
};
const stream = async (page) => {
  await post("/mock", { delta_ms: 45, look_ms: 0 });
  const lead = await scene(page);
  await act("customer", { type: "say", text: "Hva koster den med hengerfeste?", ...lead });
  await page.waitForTimeout(3300);
};
await shot("together-stream", { path: "/app/", locale: "en-GB", act: stream });
await shot("together-stream-phone-ar-dark", { path: "/app/?lang=ar", dark: true, size: { width: 360, height: 740 }, act: stream });
await shot("together-looking", {
  path: "/app/",
  act: async (page) => {
    await post("/mock", { look_ms: 4000 });
    const lead = await scene(page);
    await act("customer", { type: "say", text: "Hva koster den med hengerfeste?", ...lead });
    await page.waitForTimeout(1700);
    await post("/mock", { look_ms: 0 });
  },
});
await shot("together-lock", {
  path: "/app/",
  locale: "fr-FR",
  act: async (page) => {
    const lead = await scene(page);
    await act("ola", { type: "typing", on: true, ...lead });
    await act("customer", { type: "typing", on: true, ...lead });
    await page.waitForTimeout(400);
  },
});
const collide = async (page) => {
  const lead = await scene(page);
  await page.context().setOffline(true);
  await page.waitForTimeout(300);
  await act("ola", { type: "send", text: "Med hengerfeste kommer den på 411 500 kr.", client_id: `o${Math.random()}`, ...lead });
  await field(page).fill("Hengerfestet koster 12 500 kr ferdig montert.");
  await field(page).press("Enter");
  await page.context().setOffline(false);
  await page.locator("[data-conflict]").waitFor();
  await page.waitForTimeout(500);
};
await shot("together-collision", { path: "/app/", act: collide });
await shot("together-collision-phone", { path: "/app/", locale: "en-GB", size: { width: 360, height: 740 }, act: collide });
const twoDrafts = async (page) => {
  const lead = await scene(page);
  await field(page).fill("Hei! Vi har tid på lørdag.");
  await page.waitForTimeout(900);
  await act("ola", { type: "draft", text: "Hei! Vi kan ta den på fredag kl. 12.", revision: 1, ...lead });
  await field(page).fill("Hei! Vi har tid på lørdag kl. 14.");
  await page.waitForTimeout(400);
};
await shot("together-drafts", { path: "/app/", dark: true, act: twoDrafts });
await shot("together-drafts-ar", { path: "/app/?lang=ar", act: twoDrafts });
await shot("together-note-mine", {
  path: "/app/",
  act: async (page) => {
    const lead = await scene(page);
    await act("assistant", { type: "note", note: NOTE, ...lead });
    await act("kari", { type: "take_over", ...lead });
    await act("kari", { type: "send", text: "Hei, Kari her. Jeg ser på det.", client_id: `k${Math.random()}`, ...lead });
    await act("customer", { type: "seen", seq: 99, ...lead });
    await page.waitForTimeout(1500);
  },
});
await shot("together-offline-phone", {
  path: "/app/",
  size: { width: 360, height: 740 },
  locale: "nb-NO",
  act: async (page) => {
    await scene(page);
    await page.context().setOffline(true);
    await page.waitForTimeout(300);
    await field(page).fill("Jeg ringer deg klokka tre.");
    await field(page).press("Enter");
    await page.waitForTimeout(2000);
  },
});
await shot("together-offline-list", {
  path: "/app/",
  locale: "en-GB",
  act: async (page) => {
    await login(page);
    await page.context().setOffline(true);
    await page.waitForTimeout(1800);
  },
});
await shot("together-help-dark", { path: "/app/", dark: true, act: async (page) => (await login(page), await page.keyboard.press("?")) });
await shot("together-list-phone", { path: "/app/?lang=fr", size: { width: 360, height: 740 }, act: login });
const withPerson = (place) => async (page) => {
  await post("/mock", { place });
  await openChat(page);
  await page.locator("forecourt-chat .person").click();
  await page.waitForTimeout(1800);
  await post("/mock", { place: null });
};
await shot("widget-queue", { path: "/demo/nordlys-bil?lang=en", act: withPerson({ ahead: 0, estimate_s: 170 }) });
await shot("widget-queue-call-ar-phone", { path: "/demo/nordlys-bil?lang=ar", size: PHONE, act: withPerson({ ahead: 3 }) });
await shot("widget-typing-seen", {
  path: "/demo/nordlys-bil?lang=nb",
  dark: true,
  act: async (page) => {
    await openChat(page);
    await page.locator("forecourt-chat .person").click();
    await page.waitForTimeout(4200);
    await say(page, "Kan jeg få prøve den på lørdag?");
    await page.waitForTimeout(300);
    const session_id = await page.evaluate(() => JSON.parse(sessionStorage.getItem("forecourt:nordlys-bil")).id);
    await act("kari", { type: "seen", seq: 3, session_id });
    await act("kari", { type: "typing", on: true, session_id });
    await page.waitForTimeout(500);
  },
});
await shot("widget-looking", {
  path: "/demo/nordlys-bil?lang=en",
  act: async (page) => {
    await post("/mock", { look_ms: 4000 });
    await openChat(page);
    await say(page, "Is the EX30 free on Saturday?");
    await page.waitForTimeout(1900);
    await post("/mock", { look_ms: 0 });
  },
});
await post("/mock", { leads: "empty" });
const loginEmpty = async (page) => {
  await page.getByRole("button", { name: /demo|démo|تجريب/i }).click();
  await page.waitForTimeout(1200);
};
await shot("app-empty", { path: "/app/", locale: "fr-FR", act: loginEmpty });
await post("/mock", { leads: "error" });
await shot("app-error", { path: "/app/", locale: "en-GB", act: loginEmpty });
await post("/mock", { leads: "slow" });
await shot("app-loading", { path: "/app/", locale: "en-GB", act: loginEmpty });
await post("/mock", { leads: "ok" });

await browser.close();
mock.stop();
process.exit(0);
