import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/cli/**", "test/contract/**", "test/native/**"],
        },
      },
      {
        test: {
          name: "stories",
          include: ["test/{cli,contract,native}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // They wait for clocks, not for processors.
          maxConcurrency: 20,
        },
      },
    ],
  },
});
