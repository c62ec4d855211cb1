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
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) console.log(`${name}: ${message.text()}`);
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
