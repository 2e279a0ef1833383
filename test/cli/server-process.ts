// `gcp2aws serve` as a process of its own, until the test ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Entry } from "./run.ts";

export interface ServerProcess {
  child: ChildProcess;
  /** Where it listens. */
  urls: string[];
  /** Its log so far, as JSON lines. */
  log: () => Record<string, string>[];
  /** Resolves once a line of the log has this event. */
  logged: (event: string) => Promise<Record<string, string>>;
  /** Asks it to end, and yields its exit status. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** Starts it with `--log-format json` and waits until it listens. */
export async function startServer(
  entry: Entry,
  argv: readonly string[],
  env: Record<string, string>,
): Promise<ServerProcess> {
  const [program, ...first] = entry.command;
  const child = spawn(program, [...first, "serve", ...argv, "--log-format", "json"], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  const waiting: (() => void)[] = [];
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    for (const look of waiting) look();
  });
  const exited = once(child, "exit");
  const lines = () =>
    text
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, string>);
  const logged = (event: string) =>
    new Promise<Record<string, string>>((resolve, reject) => {
      const look = () => {
        const line = lines().find((each) => each["event"] === event);
        if (line !== undefined) resolve(line);
      };
      waiting.push(look);
      look();
      void exited.then(() => reject(new Error(`it ended: ${text}`)));
    });
  await logged("listening");
  return {
    child,
    get urls() {
      return lines().flatMap(({ event, url }) => (event === "listening" && url !== undefined ? [url] : []));
    },
    log: lines,
    logged,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}
