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
  const exchanges = counter();
  const failures = counter();
  const exchangeTimes = histogram(EXCHANGE_BUCKETS);
  const requests = counter();
  const requestTimes = histogram(REQUEST_BUCKETS);
  const refusals = counter();
  return {
    exchanged: (role, seconds, code) => {
      exchanges.add(labels({ role }));
      if (code !== undefined) failures.add(labels({ role, code }));
      exchangeTimes.add(labels({ role }), seconds);
    },
    answered: (endpoint, status, seconds) => {
      requests.add(labels({ endpoint, status: String(status) }));
      requestTimes.add(labels({ endpoint }), seconds);
    },
    refused: (check) => refusals.add(labels({ check })),
    format: (roles, now) => {
      const gauge = (of: (role: RoleTimes) => number | undefined) =>
        roles.flatMap((role) => {
          const value = of(role);
          return value === undefined ? [] : [`${labels({ role: role.name })} ${value / 1000}`];
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
function labels(values: Readonly<Record<string, string>>): string {
  return `{${Object.entries(values)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}}`;
}

function counter() {
  const counts = new Map<string, number>();
  return {
    add: (key: string) => void counts.set(key, (counts.get(key) ?? 0) + 1),
    lines: () => [...counts].map(([key, count]) => `${key} ${count}`),
  };
}

function histogram(bounds: readonly number[]) {
  const series = new Map<string, { counts: number[]; sum: number }>();
  return {
    add: (key: string, value: number) => {
      const { counts, sum } = series.get(key) ?? { counts: bounds.map(() => 0).concat(0), sum: 0 };
      const at = bounds.findIndex((bound) => value <= bound);
      const slot = at === -1 ? bounds.length : at;
      counts[slot] = (counts[slot] ?? 0) + 1;
      series.set(key, { counts, sum: sum + value });
    },
    lines: () =>
      [...series].flatMap(([key, { counts, sum }]) => {
        let total = 0;
        const lines = counts.map((count, slot) => {
          total += count;
          return `_bucket${key.replace("}", `,le="${bounds[slot] ?? "+Inf"}"}`)} ${total}`;
        });
        lines.push(`_sum${key} ${sum}`, `_count${key} ${total}`);
        return lines;
      }),
  };
}
