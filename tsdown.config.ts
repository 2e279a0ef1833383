import { defineConfig } from "tsdown";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    "emulator/index": "src/emulator/index.ts",
    "trust-policy/index": "src/trust-policy/index.ts",
    "cli/main": "src/cli/main.ts",
  },
  platform: "node",
  // Only the standalone executable, which Bun makes, ever loads it.
  external: ["bun:ffi"],
  target: "node22",
  dts: true,
  // Not dist/bin: the executable is built by itself.
  clean: ["dist/chunks", "dist/cli", "dist/emulator", "dist/trust-policy", "dist/*.js", "dist/*.d.ts"],
  fixedExtension: false,
  hash: false,
  outputOptions: { chunkFileNames: "chunks/[name].js" },
});
