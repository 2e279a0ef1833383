// The parsers, compiled with ASan, over texts that are nearly right: no memory error, and for each the same words as
// under Node. `npm run build:native -- --parsers` makes the program; GCP2AWS_FUZZ_TEXTS says how many texts of a kind.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { formatEntry, formatFailure } from "../../src/cache/entry.ts";
import { flags, variableOf } from "../../src/flags.ts";
import { describeText, kinds } from "../../native/parsers.ts";
import { stsErrorBody, stsSuccess, unsignedToken } from "../fake-host.ts";
import { AUDIENCE, ROLE } from "../cli/run.ts";

const program = resolve("dist/native/parsers-asan");
const folder = mkdtempSync(join(tmpdir(), "gcp2aws-parsers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const anySum = () => "0";
const entry = formatEntry(
  {
    credentials: {
      accessKeyId: "ASIAEXAMPLE",
      secretAccessKey: "s/+=",
      sessionToken: "t é 😀",
      expiration: new Date(1_900_000_000_000),
      accountId: "111122223333",
    },
    issuedAt: 1_763_899_200_000,
    expiresAt: 1_900_000_000_000,
    refreshAt: 1_763_999_200_000,
    roleArn: ROLE,
    audience: AUDIENCE,
    source: "metadata server, default",
  },
  anySum,
);
const failure = formatFailure(
  {
    code: "STS_ACCESS_DENIED",
    message: "refused",
    hint: undefined,
    details: ["a", "b"],
    failedAt: 1_763_899_200_000,
    retryAt: 1_763_899_201_000,
    count: 2,
    allowedMs: 8.64e15,
    roleArn: ROLE,
  },
  anySum,
);

/** Texts that are right, of each kind. */
const seeds: Readonly<Record<string, readonly string[]>> = {
  form: ["a b&c=d~*!'()", "é😀\ud800"],
  xml: [
    stsSuccess(),
    "<a b='c' d=\"e\"><!-- c --><![CDATA[<x>]]>&amp;&#65;&#x1F600;<b/></a>",
    '<?xml version="1.0"?><a>\ufeff</a>',
  ],
  sts: [stsSuccess({ Expiration: "2099-01-01T00:00:00Z" }), stsErrorBody("AccessDenied", "Not authorized")],
  claims: [
    { aud: AUDIENCE, sub: "1121", exp: 4_102_444_800, email: "a@b.example" },
    { sub: 1e21, azp: -0, exp: 1.5e300, aud: 123_456_789_012_345_680_000 },
    { google: { compute_engine: { instance_name: "i", project_number: 7, zone: "é\ud83d\ude00" } }, exp: "1" },
    [],
    null,
  ].map((claims) => JSON.stringify(claims)),
  "session name": ["{sub}", "{email}.{sub}", "fixed", "{nope}", "{sub"],
  "session policy": [
    '{ "Version": "2012-10-17",\n "Statement": [ { "Effect": "Allow", "Action": "s3:*", "Resource": "a \\" b\\\\" } ] }',
    "[]",
    '{"a":"\u0100"}',
    "arn:aws:iam::aws:policy/A,arn:aws:iam::111122223333:policy/path/B",
  ],
  entry: [entry],
  failure: [failure],
  flags: [`--role-arn\n${ROLE}\n--audience=${AUDIENCE}`, ...flags.map(({ name, example }) => `--${name}=${example}`)],
  config: [
    // There can be one session policy.
    flags
      .filter(({ key }) => key !== "policyFile")
      .map((flag) => `${variableOf(flag)}=${flag.example}`)
      .join("\n"),
    `GCP2AWS_ROLE_ARN=${ROLE}\nGCP2AWS_AUDIENCE=${AUDIENCE}\nAWS_REGION=eu-west-1\nAWS_USE_FIPS_ENDPOINT=TRUE`,
    `GCP2AWS_ROLE_ARN=${ROLE}\nGCP2AWS_AUDIENCE=${AUDIENCE}\nAWS_ENDPOINT_URL_STS=https://x.example/a\nGCE_METADATA_HOST=[::1]:80`,
    // Wrong by what is not shown.
    `GCP2AWS_ROLE_ARN=${ROLE}\r`,
    `GCP2AWS_ROLE_ARN=${ROLE}\nGCP2AWS_AUDIENCE=${AUDIENCE} `,
    ...["\u00a0", "\u0085", "\u00ad", "\u200b", "\u200e", "\u2066", "\ufeff"].map(
      (mark) => `GCP2AWS_ROLE_ARN=${ROLE}${mark}`,
    ),
  ],
  date: ["Mon, 23 Nov 2020 12:00:00 GMT", "Sun, 31 Dec 9999 23:59:60 GMT", "Thu, 29 Feb 2023 24:00:00 GMT"],
  "retry-after": ["0", "120", "1.5", "Wed, 21 Oct 2099 07:28:00 GMT"],
  printable: [
    "https://user:pass@x/ eyJhbGciOiJSUzI1NiJ9.eyJ.x",
    "a\u202eb\u0000\u001b[31m\u2028\ud800\udc00\udc00é\u00ad\ufeff",
  ],
  url: [
    "https://sts.amazonaws.com",
    "http://localhost:80/a/../b",
    "http://[::1]:8080/",
    "https://b\u00fccher.example:443",
    "http://127.1/%zz",
  ],
  http: [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: x\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 403 No\r\nA: b\r\na: \u00e9\r\n\r\nrest\u00ff\u00c3\u00a9",
  ],
};

const scraps = [
  ...'< > & ]]> <!-- &#xD800; &#1114112; { } " \\ \\ud800 \\u0000 [ null 1e999 -0 0x1 = -- : // @ % %00 .. . ? # 0 1'.split(
    " ",
  ),
  ..."é ß İ ı ﬁ 😀 🏳️‍🌈".split(" "),
  ..." \n\r\t\0\u007f\u0085\u00a0\u2028\u202e\ufeff".split(""),
  "\r\n",
];
const scrap = fc.oneof(
  fc.constantFrom(...scraps),
  fc.string({ maxLength: 4 }),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const change = fc.tuple(fc.nat(), fc.constantFrom(0, 0, 1, 1, 3, 40), scrap);

/** A right text with a few places changed, or any text. */
function near(kind: string): fc.Arbitrary<string> {
  const changed = fc
    .tuple(fc.constantFrom(...(seeds[kind] ?? [""])), fc.array(change, { maxLength: 3 }))
    .map(([seed, changes]) => {
      let text = seed;
      for (const [place, cut, put] of changes) {
        const at = place % (text.length + 1);
        text = text.slice(0, at) + put + text.slice(at + cut);
      }
      return text;
    });
  const any = fc.oneof({ weight: 9, arbitrary: changed }, fc.string({ unit: "binary", maxLength: 40 }));
  switch (kind) {
    case "claims":
      return fc.oneof(
        { weight: 9, arbitrary: any.map((json) => `e30.${Buffer.from(json).toString("base64url")}.x`) },
        fc.constant(unsignedToken({ sub: "1" })),
        any,
      );
    case "http":
      return any.map((text) => Buffer.from(text, "latin1").toString("latin1"));
    default:
      return any;
  }
}

/**
 * The compiler's texts hold no half of a surrogate pair: one that JSON spells out becomes U+FFFD at once, where Node's
 * does when it is printed. No command line, variable or answer in UTF-8 has one otherwise.
 */
function wellFormed(json: string): string {
  const replaced = json.replace(/\\+u[dD][89a-fA-F][0-9a-fA-F]{2}/g, "\ufffd").toWellFormed();
  // Which of the backslashes before it were a part of the text, nobody can tell any more.
  return replaced.replace(/\\+\ufffd/g, "\ufffd");
}

describe.skipIf(!existsSync(program))("the compiled parsers", () => {
  it.each(kinds)("say what they say under Node: %s", (kind) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const numRuns = Number(process.env["GCP2AWS_FUZZ_TEXTS"] ?? "2000");
    const texts = fc.sample(near(kind), { seed, numRuns }).map((text) => text.toWellFormed());
    const file = join(folder, "texts");
    writeFileSync(file, texts.map((text) => `${JSON.stringify([kind, text])}\n`).join(""));
    const { status, stdout, stderr } = spawnSync(program, [file], {
      encoding: "utf8",
      timeout: 100_000,
      maxBuffer: 1 << 30,
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(texts.length);
    const different = texts.flatMap((text, at) => {
      const node = wellFormed(JSON.stringify(describeText(kind, text)));
      const native = wellFormed(lines[at] ?? "");
      return native === node ? [] : [{ text, native, node }];
    });
    expect({ seed, different: different.slice(0, 5), count: different.length }).toEqual({
      seed,
      different: [],
      count: 0,
    });
  });
});
