// A new answer over a network: the metadata server 2 ms away, STS behind TLS 30 ms away.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Clouds, FLAGS } from "./clouds.ts";
import { type Entry, hyperfine, median, ms, type Table } from "./measure.ts";
import { row } from "./speed.ts";

const STS_MS = 30;

/**
 * What the round trips leave: TCP, TLS 1.3 and the request to STS, three of them; the token can come while the first two
 * go on. As this network carries them, by curl with its own start left out.
 */
function floorOf(clouds: Clouds, url: string, certificate: string, runs: number): number {
  const seconds = Array.from({ length: runs }, () => {
    const argv = ["-s", "-o", "/dev/null", "--cacert", certificate, "-w", "%{time_total}", "-d", "Action=None", url];
    return Number(spawnSync("curl", argv, { env: clouds.env, encoding: "utf8" }).stdout);
  });
  return median(seconds) * 1000;
}

export async function far(clouds: Clouds, entries: readonly Entry[], runs: number): Promise<Table> {
  const [key, certificate] = [join(clouds.folder, "key.pem"), join(clouds.folder, "certificate.pem")];
  const { status, stderr } = spawnSync(
    "openssl",
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${key} -out ${certificate} -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2`.split(
      " ",
    ),
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
  const port = (url: string) => new URL(url).port;
  const metadata = await clouds.start("bench/network.ts", port(clouds.metadataUrl), "2");
  const sts = await clouds.start("bench/network.ts", port(clouds.awsUrl), String(STS_MS), key, certificate);
  const env = {
    ...clouds.env,
    GCE_METADATA_HOST: `127.0.0.1:${metadata}`,
    AWS_ENDPOINT_URL_STS: `https://localhost:${sts}`,
    NODE_EXTRA_CA_CERTS: certificate,
  };
  const prepare = `sh -c 'rm -rf ${clouds.cache}/*'`;
  const medians = hyperfine(
    clouds,
    runs,
    entries.map(({ command }) => ({ command: [...command, ...FLAGS], prepare })),
    env,
  );
  const floor = floorOf(clouds, `https://localhost:${sts}/`, certificate, runs);
  return {
    title: `A new answer with STS ${STS_MS} ms away, over TLS: of the ${floor.toFixed(1)} ms that three round trips take`,
    rows: entries.map(({ name }, index) => {
      const time = medians[index] ?? NaN;
      return row(`${name}, ${ms(time)}`, (time * 1000) / floor, (value) => `${value.toFixed(2)}×`, 1.15, "most", "×");
    }),
  };
}
