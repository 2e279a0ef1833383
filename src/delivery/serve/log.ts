export type LogFormat = "json" | "text";
type Level = "info" | "warn" | "error";
type Fields = Readonly<Record<string, string | number | undefined>>;

/** What a server says of itself, a line each. Callers put in no secrets and nothing from outside that is not printable. */
export interface Log {
  write: (level: Level, event: string, fields?: Fields) => void;
  /** The same, but of one `key` at most once a minute: what outsiders can cause must not fill a disk. */
  seldom: (level: Level, event: string, key: string, fields?: Fields) => void;
}

const SELDOM_MS = 60_000;

/** @param write takes whole lines */
export function createLog(format: LogFormat, now: () => number, write: (line: string) => void): Log {
  const last = new Map<string, number>();
  const log: Log = {
    write: (level, event, fields = {}) => {
      const time = new Date(now()).toISOString();
      if (format === "json") {
        write(`${JSON.stringify({ time, level, event, ...fields })}\n`);
        return;
      }
      const pairs = Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${/^[^\s"=]+$/.test(String(value)) ? value : JSON.stringify(value)}`],
      );
      write(`${[time, level, event, ...pairs].join(" ")}\n`);
    },
    seldom: (level, event, key, fields) => {
      const name = `${event} ${key}`;
      const before = last.get(name);
      if (before !== undefined && Math.abs(now() - before) < SELDOM_MS) return;
      last.set(name, now());
      log.write(level, event, fields);
    },
  };
  return log;
}
