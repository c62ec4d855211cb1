// Builds everything into dist/, whose layout is what the server serves:
//   dist/widget.js             the widget, one classic script
//   dist/widget-later.js       what the widget loads when a conversation needs it, one module
//   dist/widget-files.js      what the widget loads when a file is sent or was, one module
//   dist/sdk.js                the SDK for developers, one module
//   dist/index.html            the landing page,   assets under /assets/
//   dist/demo/index.html       the demo site,      assets under /demo/assets/
//   dist/booking/index.html     a customer's own booking, assets under /booking/assets/
//   dist/app/index.html        the dashboard,      assets under /app/assets/
// File names under assets/ carry a hash and may be cached for ever; everything else may not.
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { build } from "vite";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const target = ["es2022", "chrome111", "firefox115", "safari16.4"];
const shared = { configFile: false, logLevel: "warn" };

/** A page with hashed assets; nothing is inlined, for the content security policy forbids it. */
const page = (root, base, outDir, plugins = []) =>
  build({
    ...shared,
    root: at(root),
    base,
    plugins,
    build: {
      target,
      outDir: at(outDir),
      emptyOutDir: false,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      cssTarget: "esnext",
    },
  });

await rm(at("dist"), { recursive: true, force: true });
await build({
  ...shared,
  root: at("widget"),
  build: {
    target,
    cssTarget: "esnext",
    outDir: at("dist"),
    emptyOutDir: false,
    lib: { entry: at("widget/main.ts"), formats: ["iife"], name: "Forecourt", fileName: () => "widget.js" },
  },
});
await build({
  ...shared,
  root: at("widget"),
  build: {
    target,
    cssTarget: "esnext",
    outDir: at("dist"),
    emptyOutDir: false,
    lib: { entry: at("widget/later.ts"), formats: ["es"], fileName: () => "widget-later.js" },
  },
});
await build({
  ...shared,
  root: at("widget"),
  build: {
    target,
    cssTarget: "esnext",
    outDir: at("dist"),
    emptyOutDir: false,
    lib: { entry: at("widget/files.ts"), formats: ["es"], fileName: () => "widget-files.js" },
  },
});
await build({
  ...shared,
  root: at("sdk"),
  build: { target, outDir: at("dist"), emptyOutDir: false, lib: { entry: at("sdk/index.ts"), formats: ["es"], fileName: () => "sdk.js" } },
});
await page("landing", "/", "dist");
await page("demo", "/demo/", "dist/demo");
await page("booking", "/booking/", "dist/booking");
await page("app", "/app/", "dist/app", [react()]);
