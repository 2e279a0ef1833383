// STS over TLS: a certificate is accepted only from a known authority, for this name, at this time.
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stsSuccess } from "../fake-host.ts";
import { type Authority, createAuthority } from "./certificates.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { credentialProcessEntries, FLAGS, run } from "./run.ts";

const authority = createAuthority();
const { ca } = authority;
const certificates: Readonly<Record<string, ReturnType<Authority["certify"]>>> = {
  good: authority.certify("localhost"),
  "other-name": authority.certify("sts.example.com"),
  expired: authority.certify("localhost", ["-days", "-1"]),
  "self-signed": authority.certify("localhost", undefined, true),
};
const servers: Server[] = [];
let cloud: Cloud;

async function serve(name: string): Promise<string> {
  const server = createServer({ ...certificates[name] }, (request, response) => {
    request
      .resume()
      .on("end", () => response.end(stsSuccess({ Expiration: new Date(Date.now() + 3600_000).toISOString() })));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  servers.push(server);
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(async () => {
  for (const server of servers) server.close();
  await cloud.close();
});

describe.each(credentialProcessEntries)("STS over TLS, $name", (entry) => {
  const story = async (certificate: string, env: Record<string, string>) =>
    run(entry, [...FLAGS, "--sts-endpoint", await serve(certificate), "--timeout", "5"], {
      env: { ...cloud.env, ...env },
      secrets: cloud.secrets,
    });

  it("accepts an authority that NODE_EXTRA_CA_CERTS names", async () => {
    expect(await story("good", { NODE_EXTRA_CA_CERTS: ca })).toMatchObject({ status: 0, stderr: "" });
  });

  it.each([
    ["--ca-bundle", (file: string) => ({ flags: ["--ca-bundle", file], env: {} })],
    ["AWS_CA_BUNDLE", (file: string) => ({ flags: [], env: { AWS_CA_BUNDLE: file } })],
    ["SSL_CERT_FILE", (file: string) => ({ flags: [], env: { SSL_CERT_FILE: file } })],
  ])("believes the bundle of %s, and only that", async (_name, given) => {
    const url = await serve("good");
    const other = createAuthority().ca;
    const outcome = async (file: string) => {
      const { flags, env } = given(file);
      const { status, stderr } = await run(entry, [...FLAGS, "--sts-endpoint", url, "--timeout", "5", ...flags], {
        env: { ...cloud.env, ...env },
        secrets: cloud.secrets,
      });
      return `${status} ${/\[\w+\]/.exec(stderr)?.[0] ?? stderr}`;
    };
    expect(await outcome(ca)).toBe("0 ");
    expect(await outcome(other)).toBe("5 [STS_TLS]");
    expect(await outcome("/nowhere/ca.pem")).toBe("6 [LOCAL_FILE]");
    expect(await outcome("/etc/hostname")).toBe("6 [LOCAL_FILE]");
  });

  it("adds what NODE_EXTRA_CA_CERTS names to a bundle", async () => {
    const env = { AWS_CA_BUNDLE: createAuthority().ca, NODE_EXTRA_CA_CERTS: ca };
    expect(await story("good", env)).toMatchObject({ status: 0, stderr: "" });
  });

  it("opens the connection to STS while the token is on its way, and uses that one", async () => {
    const slow = await startCloud({ faults: ["metadata:latency=600"] });
    const url = await serve("good");
    const server = servers.at(-1);
    const connections: { earlier: boolean }[] = [];
    server?.on("secureConnection", () => connections.push({ earlier: slow.metadata.token.size === 0 }));
    const { status, stderr } = await run(entry, [...FLAGS, "--sts-endpoint", url, "--timeout", "5"], {
      env: { ...slow.env, NODE_EXTRA_CA_CERTS: ca },
      secrets: slow.secrets,
    });
    await slow.close();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(connections).toEqual([{ earlier: true }]);
  });

  it.each<[string, string, Record<string, string>]>([
    ["an unknown authority", "good", {}],
    ["another name", "other-name", { NODE_EXTRA_CA_CERTS: ca }],
    ["an expired certificate", "expired", { NODE_EXTRA_CA_CERTS: ca }],
    ["a certificate that signs itself", "self-signed", {}],
  ])("refuses %s, once", async (_name, certificate, env) => {
    const { status, stdout, stderr } = await story(certificate, env);
    expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
    expect(stderr).toContain("TLS was refused");
    expect(stderr).toContain("[STS_TLS]");
  });
});
