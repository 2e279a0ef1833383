import { createInterface } from "node:readline";
import type { Terminal } from "../host.ts";

/** Opens the terminal; undefined where nobody sits at both ends, as in a pipe or under a CI system. */
export function openTerminal(): Terminal | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  // On stderr, as stdout may be meant for a program.
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => {
    lines.once("close", () => resolve(undefined));
  });
  return {
    ask: (question) => {
      const answer = new Promise<string>((resolve) => {
        lines.question(question, (line) => resolve(line.trim()));
      });
      return Promise.race([answer, closed]);
    },
    close: () => lines.close(),
  };
}
