import { createInterface } from "node:readline";
import type { Terminal } from "../host.ts";

/** The terminal; undefined where nobody sits at both ends, as in a pipe or under a CI system. */
export function openTerminal(): Terminal | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return {
    // Between questions the terminal is as it was: Ctrl-C ends this process, and what it runs.
    ask: (question) => {
      // On stderr, as stdout may be meant for a program.
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      return new Promise<string | undefined>((resolve) => {
        lines.once("close", () => resolve(undefined));
        lines.question(question, (line) => {
          resolve(line.trim());
          lines.close();
        });
      });
    },
  };
}
