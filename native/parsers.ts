// What the shared modules make of texts from outside, each as one line. Compiled with ASan it is fed by
// test/native/parsers.test.ts, which compares every line with what the same functions say under Node.
import { formatEntry, formatFailure, parseEntry, parseFailure } from "../src/cache/entry.ts";
import { parseFlags } from "../src/cli/parse-flags.ts";
import { readConfig } from "../src/config.ts";
import { formatCredentialProcess } from "../src/delivery/process.ts";
import { formatError, Gcp2awsError, printable } from "../src/errors.ts";
import { ConnectionError, type HttpResponse } from "../src/host.ts";
import { parseHttpDate } from "../src/http-date.ts";
import { decodeClaims } from "../src/identity-token/claims.ts";
import { retryAfterMs } from "../src/retry.ts";
import {
  type AssumeRoleWithWebIdentityInput,
  buildRequest,
  readResponse,
} from "../src/sts/assume-role-with-web-identity.ts";
import { isEndpointUrl, parseUrl } from "../src/endpoint-url.ts";
import { readStsError } from "../src/sts/error.ts";
import { explainDenial } from "../src/sts/explain-denial.ts";
import { isSessionNameTemplate, renderSessionName } from "../src/sts/session-name.ts";
import { isPolicyArnList, minimalPolicy } from "../src/sts/session-policy.ts";
import { parseXml, type XmlElement } from "../src/sts/xml.ts";
import { ResponseReader } from "./http.ts";

const NOW = 1_763_899_200_000;

/** Lets a changed entry through to the parser behind the checksum. */
const anySum = () => "0";

export const kinds: readonly string[] = [
  "form",
  "xml",
  "sts",
  "claims",
  "session name",
  "session policy",
  "entry",
  "failure",
  "flags",
  "config",
  "date",
  "retry-after",
  "printable",
  "url",
  "http",
];

/** @param text for `flags` and `config` words with a line feed between them, for `http` bytes as Latin-1 */
export function describeText(kind: string, text: string): string {
  try {
    return known(kind, text);
  } catch (error) {
    if (error instanceof Gcp2awsError) return `${error.exitStatus} ${formatError(error)}`;
    if (error instanceof ConnectionError) return `${error.kind} ${error.message}`;
    return error instanceof Error ? `${error.name} ${error.message}` : "no error";
  }
}

function known(kind: string, text: string): string {
  switch (kind) {
    case "form":
      return (
        buildRequest("https://x.example", {
          roleArn: text,
          roleSessionName: "s",
          webIdentityToken: "t",
          durationSeconds: 900,
          sessionPolicies: { policy: text, arns: [text] },
        }).body ?? ""
      );
    case "xml":
      return describeElement(parseXml(text));
    case "sts":
      return describeAnswer(text);
    case "claims":
      return describeClaims(text);
    case "session name":
      return isSessionNameTemplate(text)
        ? renderSessionName(text, { values: { sub: text, email: "a+b@é.example" }, exp: undefined })
        : "no template";
    case "session policy":
      return `${minimalPolicy(text) ?? "no policy"} ${isPolicyArnList(text)}`;
    case "entry": {
      const entry = parseEntry(text, anySum);
      return entry === undefined
        ? "none"
        : `${formatEntry(entry, anySum)} ${formatCredentialProcess(entry.credentials)}`;
    }
    case "failure": {
      const failure = parseFailure(text, anySum);
      return failure === undefined ? "none" : formatFailure(failure, anySum);
    }
    case "flags": {
      const values = parseFlags(text.split("\n"));
      return values === "help" ? values : list(Object.entries(values));
    }
    case "config":
      return describeConfig(text.split("\n"));
    case "date":
      return String(parseHttpDate(text));
    case "retry-after":
      return String(retryAfterMs(text, NOW));
    case "printable":
      return `${printable(text)}|${printable(text, 5)}`;
    case "url": {
      // Others are refused before anything is made of them.
      if (!isEndpointUrl(text)) return "refused";
      const url = parseUrl(text);
      return url === undefined ? "none" : `${url.href} ${url.origin} ${url.hostname} ${url.port}`;
    }
    default:
      return describeBytes(Buffer.from(text, "latin1"));
  }
}

function list(entries: readonly (readonly [string, string | undefined])[]): string {
  return entries
    .map(([name, value]) => `${name}=${value ?? "-"}`)
    .toSorted()
    .join("|");
}

function describeElement(element: XmlElement): string {
  const inner: readonly string[] = element.children.map((child) => describeElement(child));
  return `<${element.name}>${element.text}${inner.join("")}</>`;
}

function describeClaims(text: string): string {
  const claims = decodeClaims(text);
  return `${claims.exp ?? "-"} ${list(Object.entries(claims.values))} ${explainDenial(claims, NOW).join("|")}`;
}

function describeAnswer(body: string): string {
  const input: AssumeRoleWithWebIdentityInput = {
    roleArn: "arn:aws:iam::111122223333:role/R",
    roleSessionName: "s",
    webIdentityToken: "a.b.c",
    durationSeconds: 900,
    sessionPolicies: { policy: "", arns: [] },
  };
  const refused: HttpResponse = { status: 403, headers: {}, body };
  const error = formatError(
    readStsError(refused, { what: "AWS STS did not assume", secret: input.webIdentityToken, roleName: "NAME" }, NOW),
  );
  return `${error} ${formatCredentialProcess(readResponse({ status: 200, headers: {}, body }, input, NOW))}`;
}

function describeConfig(words: readonly string[]): string {
  const env: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0) env[word.slice(0, equals)] = word.slice(equals + 1);
  }
  const config = readConfig({}, env);
  return [
    config.roleArn,
    config.audience,
    JSON.stringify(config.sts),
    JSON.stringify(config.source),
    String(config.timeoutMs),
  ].join(" ");
}

function describeBytes(bytes: Uint8Array): string {
  const reader = new ResponseReader();
  let response: HttpResponse | undefined;
  for (let at = 0; at < bytes.length && response === undefined; at += 7) {
    response = reader.push(bytes.subarray(at, Math.min(bytes.length, at + 7)));
  }
  const whole = response ?? reader.end();
  return `${whole.status} ${list(Object.entries(whole.headers))} ${whole.body}`;
}
