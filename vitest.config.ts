import { defineConfig } from "vitest/config";

/** Properties over thousands of cases, and attacks that wait for a limit: not for each time a file is saved. */
const slow = [
  "test/doctor/corrected-policy.test.ts",
  "test/fast-path.test.ts",
  "test/soak.test.ts",
  "test/sts/sdk-oracle.test.ts",
  "test/trust-policy/algebra.test.ts",
  "test/trust-policy/generate.test.ts",
  "test/trust-policy/lint-strangers.test.ts",
  "test/delivery/serve/attacks.test.ts",
];

export default defineConfig({
  test: {
    // As many as there are processors; the default leaves one of two idle.
    maxWorkers: "100%",
    globalSetup: "test/temporary-directory.ts",
    projects: [
      {
        test: {
          name: "unit",
          // A busy machine is no failure.
          testTimeout: 30_000,
          include: ["test/**/*.test.ts"],
          exclude: ["test/cli/**", "test/contract/**", "test/native/**", ...slow],
          // No file leaves anything behind, and loading the same modules again for each takes as long as the tests.
          isolate: false,
        },
      },
      {
        test: {
          name: "stories",
          include: ["test/{cli,contract,native}/**/*.test.ts", ...slow],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // They wait for clocks, not for processors.
          maxConcurrency: 20,
        },
      },
    ],
  },
});
