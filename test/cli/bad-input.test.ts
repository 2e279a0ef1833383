// What hostile or broken servers answer: a clear error, no hang, nothing on stdout.
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { CLAIMS, stsSuccess, unsignedToken } from "../fake-host.ts";
import { cleanEnv, credentialProcessEntries, FLAGS, run } from "./run.ts";

const open: (() => void)[] = [];
afterAll(() => {
  for (const close of open.splice(0)) close();
});

/** A server that writes exactly these bytes to whoever sends it a whole request, and then hangs up. */
async function raw(answer: string): Promise<{ address: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((socket) => {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const head = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (head === -1 || text.length < head + 4 + length) return;
      requests.push(text);
      socket.end(answer);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  open.push(() => server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function http(status: number, body: string, headers: Record<string, string | number> = {}): string {
  const all = { "Content-Length": Buffer.byteLength(body), Connection: "close", ...headers };
  return `HTTP/1.1 ${status} X\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n${body}`;
}

const google = { "Metadata-Flavor": "Google" };
const now = Math.floor(Date.now() / 1000);
const token = unsignedToken({ ...CLAIMS, iat: now, exp: now + 3600 });
const minted = http(200, token, google);
const success = (skewMs = 0) => {
  const at = Date.now() + skewMs;
  return http(200, stsSuccess({ Expiration: new Date(at + 3600_000).toISOString() }), {
    Date: new Date(at).toUTCString(),
  });
};
const tenMegabytes = "x".repeat(10 * 1024 * 1024);
const secrets = {
  token: new Set([token, ...token.split(".").slice(1)]),
  result: new Set(["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]),
};

/** Runtimes differ in what they make of bytes after the end: Node refuses the whole answer, Bun drops them. */
const CUT = /\[(IDENTITY_BAD_TOKEN|IDENTITY_UNREACHABLE|STS_BAD_RESPONSE|STS_UNREACHABLE)\]\n/;

const metadataCases: [string, string, number, string | RegExp][] = [
  ["a malformed JWT", http(200, "not.a", google), 3, "IDENTITY_BAD_TOKEN"],
  ["HTML", http(200, "<html><body>login</body></html>", google), 3, "IDENTITY_BAD_TOKEN"],
  ["HTML of a captive portal", http(200, "<html><body>login</body></html>"), 3, "IDENTITY_NOT_GOOGLE"],
  ["10 MB", http(200, tenMegabytes, google), 3, "IDENTITY_NOT_GOOGLE"],
  [
    "10 MB without a length",
    `HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nConnection: close\r\n\r\n${tenMegabytes}`,
    3,
    "IDENTITY_NOT_GOOGLE",
  ],
  ["no flavor header", http(200, token), 3, "IDENTITY_NOT_GOOGLE"],
  ["a redirect", http(302, "", { ...google, Location: "http://127.0.0.1:9/" }), 3, "IDENTITY_UNAVAILABLE"],
  ["too long a length", http(200, token, { ...google, "Content-Length": 100_000 }), 3, "IDENTITY_UNREACHABLE"],
  ["too short a length", http(200, token, { ...google, "Content-Length": 40 }), 3, CUT],
  ["no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n", 3, "IDENTITY_UNREACHABLE"],
  ["nothing", "", 3, "IDENTITY_UNREACHABLE"],
];

const stsCases: [string, string, number, string | RegExp][] = [
  ["truncated XML", http(200, stsSuccess().slice(0, 500)), 5, "STS_BAD_RESPONSE"],
  [
    "XML with an entity of its own",
    http(200, `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${stsSuccess({ SessionToken: "&x;" })}`),
    5,
    "STS_BAD_RESPONSE",
  ],
  ["HTML", http(200, "<html><body><p>hello</body></html>"), 5, "STS_BAD_RESPONSE"],
  ["10 MB", http(200, tenMegabytes), 5, "STS_BAD_RESPONSE"],
  ["a redirect", http(307, "", { Location: "http://127.0.0.1:9/" }), 5, "STS_BAD_RESPONSE"],
  ["too long a length", http(200, stsSuccess(), { "Content-Length": 100_000 }), 5, "STS_UNREACHABLE"],
  ["too short a length", http(200, stsSuccess(), { "Content-Length": 300 }), 5, CUT],
  [
    "an error that repeats the token",
    http(
      400,
      `<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>bad ${token}</Message></Error></ErrorResponse>`,
    ),
    4,
    "STS_TOKEN_REJECTED",
  ],
  ["a clock two hours ahead of ours", success(2 * 3600_000), 6, "LOCAL_CLOCK"],
  ["a clock two hours behind ours", success(-2 * 3600_000), 6, "LOCAL_CLOCK"],
];

describe.each(credentialProcessEntries)("bad answers, $name", (entry) => {
  const story = async (metadata: string, sts: string) => {
    const [identity, aws] = [await raw(metadata), await raw(sts)];
    const env = cleanEnv({ GCE_METADATA_HOST: identity.address, AWS_ENDPOINT_URL_STS: `http://${aws.address}` });
    const result = await run(entry, [...FLAGS, "--timeout", "3"], { env, secrets });
    return { ...result, identity, aws };
  };

  it("is sound: the same servers with good answers are accepted", async () => {
    expect(await story(minted, success())).toMatchObject({ status: 0, stderr: "" });
  });

  it.concurrent.each(metadataCases)("metadata server: %s", async (_name, answer, status, code) => {
    const result = await story(answer, success());
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toMatch(typeof code === "string" ? `[${code}]\n` : code);
    expect(result.stderr.length).toBeLessThan(2000);
    expect(result.aws.requests).toEqual([]);
  });

  it.concurrent.each(stsCases)("STS: %s", async (_name, answer, status, code) => {
    const result = await story(minted, answer);
    expect(result).toMatchObject({ status, stdout: "" });
    expect(result.stderr).toMatch(typeof code === "string" ? `[${code}]\n` : code);
    expect(result.stderr.length).toBeLessThan(2000);
  });

  it("sends the token to STS in the body of one unsigned form POST, and nowhere else", async () => {
    const { identity, aws } = await story(minted, success());
    expect(identity.requests.join("")).not.toContain(token);
    expect(aws.requests).toHaveLength(1);
    expect(aws.requests[0]).toMatch(/^POST \/ HTTP\/1\.1\r\n/);
    expect(aws.requests[0]?.split("\r\n\r\n")[0]).not.toContain(token);
    expect(aws.requests[0]?.toLowerCase()).not.toContain("\r\nauthorization:");
  });
});
