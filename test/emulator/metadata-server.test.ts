import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { defaultDefinition, parseDefinition } from "../../src/emulator/definition.ts";
import type { Definition } from "../../src/emulator/definition.ts";
import { createAccessTokens } from "../../src/emulator/google/access-tokens.ts";
import type { EmulatorRequest } from "../../src/emulator/http.ts";
import { createIssuer } from "../../src/emulator/issuer.ts";
import { createMetadataServer } from "../../src/emulator/metadata-server.ts";
import { request } from "./request.ts";

const BASE = "/computeMetadata/v1";
const TEAM_A = "team-a@example-project.iam.gserviceaccount.com";
const TEAM_B = "team-b@example-project.iam.gserviceaccount.com";
let now = Date.UTC(2026, 0, 1);
const clock = () => now;
const issuer = createIssuer({ clock });

function server(definition: Definition = defaultDefinition) {
  const handler = createMetadataServer({ definition, issuer, accessTokens: createAccessTokens(clock), clock });
  return (target: string, options: Partial<EmulatorRequest> = {}) =>
    handler(
      request(target, { headers: { "metadata-flavor": "Google", host: "metadata.google.internal" }, ...options }),
    );
}

const gce = server();
const gke = server(parseDefinition({ workload: { platform: "gke" } }));
const unannotated = server(
  parseDefinition({
    workload: { platform: "gke", kubernetes: { namespace: "team-a", service_account: "app" } },
    service_accounts: [],
  }),
);
const bare = server(parseDefinition({ service_accounts: [] }));
const cloudRun = server(parseDefinition({ workload: { platform: "cloud-run" } }));

describe("values", () => {
  test.each([
    ["/", "instance/\nproject/\n"],
    ["/project/project-id", "example-project"],
    ["/project/numeric-project-id", "123456789012"],
    ["/instance/id", "5055893581146000589"],
    ["/instance/name", "instance-1"],
    ["/instance/zone", "projects/123456789012/zones/us-central1-a"],
    ["/instance/hostname", "instance-1.us-central1-a.c.example-project.internal"],
    ["/instance/service-accounts/", `default/\n${TEAM_A}/\n${TEAM_B}/\n`],
    ["/instance/service-accounts/default/", "aliases\nemail\nidentity\nscopes\ntoken\n"],
    ["/instance/service-accounts/default/email", TEAM_A],
    ["/instance/service-accounts/default/aliases", "default\n"],
    ["/instance/service-accounts/default/scopes", "https://www.googleapis.com/auth/cloud-platform\n"],
    [`/instance/service-accounts/${TEAM_B}/email`, TEAM_B],
    [`/instance/service-accounts/${encodeURIComponent(TEAM_B)}/email`, TEAM_B],
  ])("%s", async (path, body) => {
    expect(await gce(`${BASE}${path}`)).toMatchObject({
      status: 200,
      body,
      headers: { "Metadata-Flavor": "Google", "Content-Type": "application/text" },
    });
  });

  test("recursive output is JSON in camel case, with numbers that do not fit a double", async () => {
    const { body, headers } = await gce(`${BASE}/?recursive=true`);
    expect(headers["Content-Type"]).toBe("application/json");
    expect(body).toContain('"id":5055893581146000589,');
    const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
    expect(JSON.parse(body)).toMatchObject({
      project: { numericProjectId: 123456789012, projectId: "example-project" },
      instance: {
        machineType: expect.any(String),
        serviceAccounts: {
          default: { aliases: ["default"], email: TEAM_A, scopes },
          [TEAM_A]: { aliases: ["default"], email: TEAM_A, scopes },
          [TEAM_B]: { aliases: [], email: TEAM_B, scopes },
        },
      },
    });
  });

  test("a directory without its slash is a redirect that keeps the query", async () => {
    const { status, headers } = await gce(`${BASE}/instance/service-accounts?recursive=true`);
    expect(status).toBe(301);
    expect(headers["Location"]).toBe(
      `http://metadata.google.internal${BASE}/instance/service-accounts/?recursive=true`,
    );
  });

  test("Cloud Run has a region, and neither name nor hostname", async () => {
    expect((await cloudRun(`${BASE}/instance/`)).body).toBe("id\nregion\nzone\nservice-accounts/\n");
    expect((await cloudRun(`${BASE}/instance/region`)).body).toBe("projects/123456789012/regions/us-central1");
  });
});

describe("headers", () => {
  test.each([
    ["Compute Engine", gce, "Metadata Server for VM"],
    ["GKE", gke, "GKE Metadata Server"],
    ["Cloud Run", cloudRun, "Metadata Server for Serverless"],
  ])("of %s", async (_, get, name) => {
    expect((await get(`${BASE}/project/project-id`)).headers).toMatchObject({
      Server: name,
      "Metadata-Flavor": "Google",
      ETag: expect.stringMatching(/^[0-9a-f]{16}$/),
      "X-Frame-Options": "SAMEORIGIN",
      "X-XSS-Protection": "0",
    });
  });

  test("the ETag follows the content", async () => {
    const tags = await Promise.all(
      ["project/project-id", "project/project-id", "instance/name"].map(
        async (path) => (await gce(`${BASE}/${path}`)).headers["ETag"],
      ),
    );
    expect(tags[0]).toBe(tags[1]);
    expect(tags[0]).not.toBe(tags[2]);
  });
});

describe("refusals", () => {
  const email = `${BASE}/instance/service-accounts/default/email`;
  const identity = `${BASE}/instance/service-accounts/default/identity`;
  const missingHeader = 'Missing required header "Metadata-Flavor": "Google"';

  test.each<[string, typeof gce, string, Partial<EmulatorRequest>, number, string | RegExp]>([
    ["no flavor", gce, email, { headers: {} }, 403, missingHeader],
    ["wrong flavor", gce, email, { headers: { "metadata-flavor": "Amazon" } }, 403, missingHeader],
    [
      "no flavor on GKE",
      gke,
      email,
      { headers: {} },
      403,
      `GKE Metadata Server encountered an error: ${missingHeader}`,
    ],
    [
      "forwarded",
      gce,
      email,
      { headers: { "metadata-flavor": "Google", "x-forwarded-for": "" } },
      403,
      /X-Forwarded-For/,
    ],
    ["POST", gce, email, { method: "POST" }, 405, /Method/],
    ["no audience", gce, identity, {}, 400, "non-empty audience parameter required"],
    ["empty audience", gce, `${identity}?audience=`, {}, 400, "non-empty audience parameter required"],
    ["unknown format", gce, `${identity}?audience=a&format=fat`, {}, 400, /format/],
    ["unknown account", gce, `${BASE}/instance/service-accounts/x@example.com/email`, {}, 404, /404/],
    ["no service account", bare, `${identity}?audience=a`, {}, 404, /404/],
    ["unknown path", gce, `${BASE}/instance/nothing`, {}, 404, /404/],
    ["prototype", gce, `${BASE}/instance/constructor`, {}, 404, /404/],
    ["other version", gce, "/computeMetadata/v2/project/project-id", {}, 404, /404/],
    ["value with a slash", gce, `${email}/`, {}, 404, /404/],
    ["doubled slash", gce, `${BASE}//project/project-id`, {}, 404, /404/],
    ["broken encoding", gce, `${BASE}/instance/%zz`, {}, 404, /404/],
    [
      "unannotated pod",
      unannotated,
      `${identity}?audience=a`,
      {},
      404,
      /^Your Kubernetes service account \(team-a\/app\) is not annotated with a target Google service account,/,
    ],
  ])("%s", async (_, get, target, options, status, body) => {
    const response = await get(target, options);
    expect(response.status).toBe(status);
    expect(response.body).toEqual(typeof body === "string" ? body : expect.stringMatching(body));
    expect(response.headers["Metadata-Flavor"]).toBe("Google");
  });

  test("the root needs no header", async () => {
    expect(await gce("/", { headers: {} })).toMatchObject({ status: 200, headers: { "Metadata-Flavor": "Google" } });
  });

  test("HEAD is answered", async () => {
    expect(await gce(email, { method: "HEAD" })).toMatchObject({ status: 200 });
  });
});

describe("tokens", () => {
  const path = `${BASE}/instance/service-accounts`;

  test("an identity token carries the decoded audience, the account and the issuer's times", async () => {
    const { status, body } = await gce(`${path}/default/identity?audience=https%3A%2F%2Faws.example.com&format=full`);
    expect(status).toBe(200);
    expect(decodeJwt(body)).toMatchObject({
      iss: "https://accounts.google.com",
      aud: "https://aws.example.com",
      email: TEAM_A,
      exp: now / 1000 + 3600,
      google: { compute_engine: { instance_id: "5055893581146000589" } },
    });
  });

  test("each account has its own", async () => {
    const { body } = await gce(`${path}/${TEAM_B}/identity?audience=a`);
    expect(decodeJwt(body)).toMatchObject({ sub: "100222333444555666777", azp: "100222333444555666777" });
  });

  test.each([
    ["licenses=TRUE", true],
    ["licenses=FALSE", false],
    ["", false],
  ])("license IDs: %s", async (query, present) => {
    const { body } = await gce(`${path}/default/identity?audience=a&format=full&${query}`);
    expect(JSON.stringify(decodeJwt(body)).includes("license_id")).toBe(present);
  });

  test("an access token is kept until five minutes before its end", async () => {
    const get = server();
    const fetchToken = async () => JSON.parse((await get(`${path}/default/token`)).body);
    const first = await fetchToken();
    expect(first).toEqual({ access_token: expect.stringMatching(/^ya29\./), expires_in: 3599, token_type: "Bearer" });
    now += 3299_000;
    expect(await fetchToken()).toEqual({ ...first, expires_in: 300 });
    now += 1_000;
    const next = await fetchToken();
    expect(next.expires_in).toBe(3599);
    expect(next.access_token).not.toBe(first.access_token);
  });

  test("an unannotated pod has the pool's access token", async () => {
    expect((await unannotated(`${path}/default/email`)).body).toBe("example-project.svc.id.goog");
    expect((await unannotated(`${path}/default/token`)).status).toBe(200);
  });
});
