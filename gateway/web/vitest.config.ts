import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["sdk/**/*.test.ts", "widget/**/*.test.ts", "demo/**/*.test.ts", "app/**/*.test.ts"], environment: "node" },
});
