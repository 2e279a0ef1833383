// STS over TLS: a certificate is accepted only from a known authority, for this name, at this time.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stsSuccess } from "../fake-host.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { credentialProcessEntries, FLAGS, run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "gcp2aws-tls-"));
const ca = join(folder, "ca.pem");
const servers: Server[] = [];
let cloud: Cloud;

function openssl(...argv: string[]): void {
  const { status, stderr } = spawnSync("openssl", argv, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
}

/** A key and a certificate for `subject`; from our own authority unless it signs itself. */
function certify(name: string, subject: string, dates: readonly string[], selfSigned = false): void {
  openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
    "-subj",
    `/CN=${subject}`,
    "-addext",
    `subjectAltName=DNS:${subject}`,
  );
  const issuer = selfSigned ? ["-signkey", `${name}.key`] : ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  openssl(
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    ...issuer,
    "-out",
    `${name}.pem`,
    "-copy_extensions",
    "copyall",
    ...dates,
  );
}

async function serve(name: string): Promise<string> {
  const server = createServer(
    { key: readFileSync(join(folder, `${name}.key`)), cert: readFileSync(join(folder, `${name}.pem`)) },
    (request, response) => {
      request
        .resume()
        .on("end", () => response.end(stsSuccess({ Expiration: new Date(Date.now() + 3600_000).toISOString() })));
    },
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  servers.push(server);
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  cloud = await startCloud();
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=Test CA",
    "-days",
    "2",
  );
  certify("good", "localhost", ["-days", "2"]);
  certify("other-name", "sts.example.com", ["-days", "2"]);
  certify("expired", "localhost", ["-days", "-1"]);
  certify("self-signed", "localhost", ["-days", "2"], true);
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
