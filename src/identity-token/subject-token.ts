import type { ExternalAccountClientOptions } from "google-auth-library";
import * as v from "valibot";
import { isLoopback } from "../endpoint-url.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ExternalAccount } from "./credentials-file.ts";

/** Each kind of source has its own members, which the library checks. */
const libraryOptions = v.custom<ExternalAccountClientOptions>(() => true);

/**
 * The token of somebody else's that an external account's file leads to: in a file, at a URL, from AWS or from a program, as
 * google-auth-library reads them all. Its requests go the way of all others.
 * @param host sends requests as the configuration's network says
 * @param deadline of the requests, in milliseconds by `host.ticks`; a program has the time that the file gives it
 * @throws Gcp2awsError LOCAL_PACKAGE where that library is not installed, IDENTITY_NOT_FOUND
 */
export async function subjectToken(account: ExternalAccount, host: Host, deadline: number): Promise<string> {
  const { ExternalAccountClient } = await load();
  try {
    const options = { ...account, transporterOptions: { fetchImplementation: fetchBy(host, deadline) } };
    const client = ExternalAccountClient.fromJSON(v.parse(libraryOptions, options));
    const token = await client?.retrieveSubjectToken();
    if (typeof token === "string" && token.trim() !== "") return token.trim();
  } catch (error) {
    throw notFound(`was not read: ${reasonOf(error, account)}`);
  }
  throw notFound("is empty");
}

async function load() {
  try {
    return await import("google-auth-library");
  } catch {
    throw new Gcp2awsError(
      "LOCAL_PACKAGE",
      "credentials of the type external_account need the package google-auth-library, which is not installed",
      {
        hint: "npm install google-auth-library, beside gcp2aws; the standalone executable has it built in",
      },
    );
  }
}

/** A fetch for the library. Plain http is for this machine, and for where clouds have their metadata servers. */
function fetchBy(host: Host, deadline: number) {
  return async (input: URL | string | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.protocol !== "https:" && !(url.protocol === "http:" && isNear(url.hostname))) {
      throw new Error(`${url.origin} is neither https nor on this machine`);
    }
    const { status, headers, body } = await host.request({
      method: init.method === "PUT" || init.method === "POST" ? init.method : "GET",
      url: url.href,
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(typeof init.body === "string" ? { body: init.body } : {}),
      timeoutMs: Math.max(1, deadline - host.ticks()),
    });
    const given = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return new Response(body, { status, headers: given.map(([name, value]) => [name, value]) });
  };
}

function isNear(hostname: string): boolean {
  return isLoopback(hostname) || /^(169\.254\.\d+\.\d+|\[fd00:ec2::254\])$/.test(hostname);
}

/** Of the library's error, without what its request carried; what is no JSON would be repeated. */
function reasonOf(error: unknown, { credential_source: source }: ExternalAccount): string {
  if (!(error instanceof Error) || error instanceof SyntaxError) return "it is not JSON";
  const carried = v.safeParse(v.object({ headers: v.record(v.string(), v.string()) }), source);
  const secrets = carried.success ? Object.values(carried.output.headers).filter((value) => value !== "") : [];
  return printable(secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), error.message));
}

function notFound(why: string): Gcp2awsError {
  return new Gcp2awsError("IDENTITY_NOT_FOUND", `no identity token: the external account's own token ${why}`, {
    hint: "look at credential_source of the credentials file, and at what it leads to",
  });
}
