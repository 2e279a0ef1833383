/** Counts, and the text that Prometheus reads (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export interface Metrics {
  /** One exchange of a token for credentials; `code` where it failed. */
  exchanged: (role: string, seconds: number, code: string | undefined) => void;
  answered: (label: string, status: number, seconds: number) => void;
  refused: (check: string) => void;
  /** @param now milliseconds since the epoch */
  format: (roles: readonly RoleTimes[], now: number) => string;
}

/** Milliseconds since the epoch; undefined where there are no credentials yet. */
export interface RoleTimes {
  name: string;
  issuedAt: number | undefined;
  expiresAt: number | undefined;
}

const REQUEST_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1, 2.5];
const EXCHANGE_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(): Metrics {
  const exchanges = counter("role");
  const failures = counter("role", "code");
  const exchangeTimes = histogram("role", EXCHANGE_BUCKETS);
  const requests = counter("endpoint", "status");
  const requestTimes = histogram("endpoint", REQUEST_BUCKETS);
  const refusals = counter("check");
  return {
    exchanged: (role, seconds, code) => {
      exchanges.add(role);
      if (code !== undefined) failures.add(role, code);
      exchangeTimes.add(role, seconds);
    },
    answered: (endpoint, status, seconds) => {
      requests.add(endpoint, String(status));
      requestTimes.add(endpoint, seconds);
    },
    refused: (check) => refusals.add(check),
    format: (roles, now) => {
      const gauge = (of: (role: RoleTimes) => number | undefined) =>
        roles.flatMap((role) => {
          const value = of(role);
          return value === undefined ? [] : [`${labels(["role"], [role.name])} ${value / 1000}`];
        });
      return [
        family("exchanges_total", "counter", "Identity tokens shown to AWS STS.", exchanges.lines()),
        family("exchange_failures_total", "counter", "Exchanges that failed, by error code.", failures.lines()),
        family("exchange_duration_seconds", "histogram", "Time to new credentials.", exchangeTimes.lines()),
        family(
          "credentials_age_seconds",
          "gauge",
          "Since the credentials were issued.",
          gauge(({ issuedAt }) => issuedAt && now - issuedAt),
        ),
        family(
          "credentials_expire_seconds",
          "gauge",
          "Until the credentials expire, negative after that.",
          gauge(({ expiresAt }) => expiresAt && expiresAt - now),
        ),
        family("requests_total", "counter", "Requests answered, by endpoint and status.", requests.lines()),
        family("request_duration_seconds", "histogram", "Time to an answer.", requestTimes.lines()),
        family("requests_refused_total", "counter", "Requests refused, by check.", refusals.lines()),
      ].join("");
    },
  };
}

function family(name: string, type: string, help: string, lines: readonly string[]): string {
  const full = `gcp2aws_${name}`;
  const rows = lines.map((line) => `${full}${line}\n`).join("");
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${rows}`;
}

/** Values are names of ours: roles, codes, endpoints; none needs escaping, and all are few. */
function labels(names: readonly string[], values: readonly (string | number)[]): string {
  return `{${names.map((name, at) => `${name}="${values[at]}"`).join(",")}}`;
}

/** Counts by labels, whose text is made when somebody reads it: every request is counted, few are for the metrics. */
function counter(...names: readonly string[]) {
  const counts = new Map<string, number>();
  return {
    add: (...values: readonly string[]) => {
      const key = values.join("\n");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    lines: () => [...counts].map(([key, count]) => `${labels(names, key.split("\n"))} ${count}`),
  };
}

function histogram(name: string, bounds: readonly number[]) {
  const series = new Map<string, { counts: number[]; sum: number }>();
  return {
    add: (label: string, value: number) => {
      let one = series.get(label);
      if (one === undefined) {
        one = { counts: bounds.map(() => 0).concat(0), sum: 0 };
        series.set(label, one);
      }
      const at = bounds.findIndex((bound) => value <= bound);
      const slot = at === -1 ? bounds.length : at;
      one.counts[slot] = (one.counts[slot] ?? 0) + 1;
      one.sum += value;
    },
    lines: () =>
      [...series].flatMap(([label, { counts, sum }]) => {
        let total = 0;
        const lines = counts.map((count, slot) => {
          total += count;
          return `_bucket${labels([name, "le"], [label, bounds[slot] ?? "+Inf"])} ${total}`;
        });
        const own = labels([name], [label]);
        lines.push(`_sum${own} ${sum}`, `_count${own} ${total}`);
        return lines;
      }),
  };
}
