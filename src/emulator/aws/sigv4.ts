import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { EmulatorRequest } from "../http.ts";
import { AwsError } from "./error-response.ts";

/** What the Authorization header of a signed request says. */
export interface Authorization {
  accessKeyId: string;
  /** `YYYYMMDD`, as in the credential scope. */
  date: string;
  region: string;
  service: string;
  terminator: string;
  signedHeaders: readonly string[];
  signature: string;
}

const algorithm = "AWS4-HMAC-SHA256";

/**
 * Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
 *
 * @returns `undefined` when the request carries no Authorization header.
 * @throws AwsError IncompleteSignature (400) naming what is missing.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export function readAuthorization(request: EmulatorRequest): Authorization | undefined {
  const header = request.headers["authorization"];
  if (header === undefined) return undefined;
  if (!header.startsWith(`${algorithm} `))
    throw incomplete("Authorization header requires existence of AWS4-HMAC-SHA256.");
  const fields = new URLSearchParams(header.slice(algorithm.length).replace(/,/g, "&").replace(/[\s+]/g, ""));
  const [credential, signedHeaders, signature] = ["Credential", "SignedHeaders", "Signature"].map((name) => {
    const value = fields.get(name);
    if (!value) throw incomplete(`Authorization header requires '${name}' parameter.`);
    return value;
  });
  const [accessKeyId, date, region, service, terminator, ...rest] = credential?.split("/") ?? [];
  if (!accessKeyId || !date || !region || !service || !terminator || rest.length > 0 || !signedHeaders || !signature) {
    throw incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.");
  }
  return { accessKeyId, date, region, service, terminator, signedHeaders: signedHeaders.split(";"), signature };
}

function incomplete(message: string): AwsError {
  return new AwsError(400, "IncompleteSignature", message);
}

/** Whether the signature is the one that this secret gives for the request as it arrived; compared in constant time. */
export function signatureMatches(request: EmulatorRequest, authorization: Authorization, secret: string): boolean {
  const { date, region, service, terminator } = authorization;
  const scope = [date, region, service, terminator];
  const canonical = sha256(canonicalRequest(request, authorization));
  const text = [algorithm, request.headers["x-amz-date"] ?? "", scope.join("/"), canonical].join("\n");
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`);
  const expected = hmac(key, text);
  const actual = Buffer.from(authorization.signature, "hex");
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function canonicalRequest(request: EmulatorRequest, { service, signedHeaders }: Authorization): string {
  const headers = signedHeaders.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  const hash = service === "s3" ? (request.headers["x-amz-content-sha256"] ?? "") : sha256(request.body);
  return [
    request.method,
    canonicalPath(request.path, service),
    canonicalQuery(request.query),
    headers.join(""),
    signedHeaders.join(";"),
    hash,
  ].join("\n");
}

/** S3 signs the path encoded once; every other service encodes again what stands on the request line. */
function canonicalPath(path: string, service: string): string {
  const segments = path.split("/");
  return segments.map((segment) => encode(service === "s3" ? decode(segment) : segment)).join("/");
}

function canonicalQuery(query: string): string {
  const pairs = query.split("&").flatMap((pair) => {
    if (pair === "") return [];
    const [name = "", ...value] = pair.split("=");
    return [[encode(decode(name)), encode(decode(value.join("=")))] as const];
  });
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return pairs
    .toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map((pair) => pair.join("="))
    .join("&");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
