import { type ErrorOptions, Gcp2awsError, printable } from "../errors.ts";
import { ConnectionError, type Host, type HttpRequest, type HttpResponse } from "../host.ts";
import { type JsonObject, objectOf, parseJson } from "../json.ts";
import { retry, retryAfterMs } from "../retry.ts";
import { version } from "../version.ts";

const ATTEMPT_MS = 10_000;

export interface GoogleCall extends Pick<HttpRequest, "url" | "body"> {
  /** What is asked for and where, as errors say it: `identity token of X from the Y`. */
  what: string;
  headers: Readonly<Record<string, string>>;
  /** Texts of the request that no error may hold, should an answer repeat them. */
  secrets: readonly string[];
  /** What to do about a refusal. */
  advise: (refusal: GoogleRefusal) => Promise<Advice>;
}

export type Advice = Pick<ErrorOptions, "hint" | "details">;

/** What a Google API says where it says no. */
export interface GoogleRefusal {
  status: number;
  /** Made safe to show. */
  message: string;
  /** A name in capitals (google.rpc.ErrorInfo), or OAuth's in small letters (RFC 6749 §5.2); empty where there is none. */
  reason: string;
  /** What the caller lacks, where that is said. */
  permission: string;
}

/**
 * Posts to a Google API and reads the JSON object that it answers. Connection failures, 429 and 5xx are tried again, up to 5
 * attempts within the deadline.
 * @param host sends the request as the configuration's network says, see network.ts
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError IDENTITY_REFUSED (400, 401, 403), IDENTITY_NOT_FOUND (404), IDENTITY_UNAVAILABLE, IDENTITY_BAD_TOKEN
 */
export function callGoogle(call: GoogleCall, host: Host, deadline: number): Promise<JsonObject> {
  const { url, body = "" } = call;
  const headers = { ...call.headers, "User-Agent": `gcp2aws/${version}` };
  return retry(
    host,
    { attempts: 5, baseMs: 200, capMs: 2_000, until: deadline },
    async () => {
      const timeoutMs = Math.min(ATTEMPT_MS, deadline - host.ticks());
      let response: HttpResponse;
      try {
        response = await host.request({ method: "POST", url, headers, body, timeoutMs });
      } catch (error) {
        if (error instanceof ConnectionError) throw connectionFailure(error, call.what);
        throw error;
      }
      return await readAnswer(response, call, host.now());
    },
    (error) => {
      if (host.stderrIsTerminal()) host.writeStderr(`gcp2aws: ${error.message}; trying again\n`);
    },
  );
}

function connectionFailure(error: ConnectionError, what: string): Gcp2awsError {
  const isFinal = error.kind === "tls" || error.kind === "too-large" || error.kind === "proxy";
  return new Gcp2awsError("IDENTITY_UNAVAILABLE", `no ${what}: ${error.message}`, {
    retryable: !isFinal,
    hint:
      error.kind === "tls"
        ? "its certificate was not accepted; where a company proxy opens TLS, name its CA in --ca-bundle"
        : "check that this machine may reach it (curl -sv), and HTTPS_PROXY and NO_PROXY",
  });
}

async function readAnswer(response: HttpResponse, call: GoogleCall, now: number): Promise<JsonObject> {
  const { status } = response;
  const answer = objectIn(response.body);
  if (status === 200) {
    if (answer !== undefined) return answer;
    throw new Gcp2awsError("IDENTITY_BAD_TOKEN", `no ${call.what}: the answer is not a JSON object`, {
      hint: "something other than Google may be answering there",
    });
  }
  const refusal = readRefusal(status, answer, response.body, call.secrets);
  const what = `no ${call.what}: status ${status} ${refusal.message}`.trim();
  if (status === 404) throw new Gcp2awsError("IDENTITY_NOT_FOUND", what, await call.advise(refusal));
  if (status === 400 || status === 401 || status === 403) {
    throw new Gcp2awsError("IDENTITY_REFUSED", what, await call.advise(refusal));
  }
  throw new Gcp2awsError("IDENTITY_UNAVAILABLE", what, {
    retryable: status === 429 || status >= 500,
    retryAfterMs: retryAfterMs(response.headers["retry-after"], now),
    hint:
      status >= 300 && status < 400
        ? "redirects are not followed"
        : "try again later; the service says that it is busy or broken",
  });
}

function objectIn(body: string): JsonObject | undefined {
  try {
    return objectOf(parseJson(body));
  } catch {
    return undefined;
  }
}

/** Of the errors of Google's APIs (https://google.aip.dev/193) and of its OAuth endpoints. */
function readRefusal(
  status: number,
  answer: JsonObject | undefined,
  body: string,
  secrets: readonly string[],
): GoogleRefusal {
  // As they stood in the request, in a header or encoded in a form, and as JSON repeats them.
  const sent = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ s: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
  ]);
  const show = (text: string) => printable(sent.reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text));
  const error = objectOf(answer?.["error"]);
  if (error === undefined) {
    const reason = textOf(answer?.["error"]);
    const message = reason === "" ? body : `${reason}: ${textOf(answer?.["error_description"])}`;
    return { status, message: show(message), reason, permission: "" };
  }
  const details = Array.isArray(error["details"]) ? error["details"].map(objectOf) : [];
  const info = details.find((detail) => typeof detail?.["reason"] === "string");
  return {
    status,
    message: show(textOf(error["message"])),
    reason: textOf(info?.["reason"]),
    permission: show(textOf(objectOf(info?.["metadata"])?.["permission"])),
  };
}

function textOf(value: JsonObject[string]): string {
  return typeof value === "string" ? value : "";
}
