import { type ErrorCode, Gcp2awsError, printable } from "../errors.ts";
import type { HttpResponse } from "../host.ts";
import { retryAfterMs } from "../retry.ts";
import { descend, parseXml, type XmlElement } from "./xml.ts";

interface Meaning {
  code: ErrorCode;
  hint: string;
  retryable?: boolean;
}

const NOT_STS =
  "something other than AWS STS may be answering at that endpoint; check --sts-endpoint and AWS_ENDPOINT_URL_STS";
const REVOKED =
  "these credentials are not, or no longer, known there: gcp2aws cache clear has new ones asked for; a region that the account must opt into takes only what it issued itself";

/** What each error code of AssumeRoleWithWebIdentity, and of a signed call, means to the caller. */
const meanings: Readonly<Record<string, Meaning>> = {
  AccessDenied: {
    code: "STS_ACCESS_DENIED",
    hint: "gcp2aws doctor, with the same flags or with --profile, compares the claims with the role's trust policy (aws iam get-role --role-name ROLE_NAME) and says what to mend; a role that does not exist gets the same answer",
  },
  InvalidIdentityToken: {
    code: "STS_TOKEN_REJECTED",
    hint: "AWS knows accounts.google.com by itself: an IAM OIDC provider for it in that account can cause this; remove it, or trust its ARN and list azp among its client IDs. Any other issuer, such as a GKE cluster, needs an OIDC provider with its URL and the token's audience",
  },
  IDPRejectedClaim: {
    code: "STS_TOKEN_REJECTED",
    hint: "the identity provider rejected a claim; compare the claims with the trust policy",
  },
  ExpiredTokenException: {
    code: "STS_TOKEN_EXPIRED",
    hint: "a newly minted token was expired too: compare this machine's clock with its metadata server's (chronyc tracking, or date -u)",
  },
  IDPCommunicationError: {
    code: "STS_IDP_UNREACHABLE",
    retryable: true,
    hint: "AWS could not reach Google's keys; this passes by itself, try again",
  },
  ValidationError: {
    code: "STS_REQUEST_REJECTED",
    hint: "check --duration-seconds against the role's MaxSessionDuration, --role-arn and --role-session-name",
  },
  InvalidClientTokenId: { code: "STS_REQUEST_REJECTED", hint: REVOKED },
  ExpiredToken: { code: "STS_REQUEST_REJECTED", hint: REVOKED },
  SignatureDoesNotMatch: {
    code: "STS_REQUEST_REJECTED",
    hint: "--region must be the region of the endpoint, and the clock of this machine right to 15 minutes",
  },
  MalformedPolicyDocument: {
    code: "STS_REQUEST_REJECTED",
    hint: "check the session policy: statements with Effect, Action and Resource, and without Principal (aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY --policy-document file://FILE)",
  },
  PackedPolicyTooLarge: {
    code: "STS_REQUEST_REJECTED",
    hint: "AWS packs session policies, their ARNs and session tags into one space, whatever the length of the text, and these take PACKED_SIZE of it: shorten them, or say it in a managed policy (--policy-arn)",
  },
  RegionDisabledException: {
    code: "STS_REGION_DISABLED",
    hint: "activate STS for that region in the role's account (IAM console, Account settings), or choose another --region",
  },
};

const THROTTLING =
  /^(Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException|RequestLimitExceeded|TooManyRequestsException|SlowDown)$/;

/** AWS's own transient failure under a permanent code; the SDKs for Go, PHP and Ruby retry it too. */
const KEYS_NOT_FETCHED = /^Couldn't retrieve verification key/;

/** What an error says of the call that failed. */
export interface FailedCall {
  /** As a sentence begins: `AWS STS did not …`. */
  what: string;
  /** Cut out of what AWS says, should it repeat it. */
  secret: string;
  /** Of the role that was asked for, where one was. */
  roleName: string | undefined;
  /** What to do where access is denied, in place of what holds for a token. */
  denied?: string;
}

/** An answer that is not 200 as an error. */
export function readStsError(response: HttpResponse, call: FailedCall, now: number): Gcp2awsError {
  const { awsCode, awsMessage } = readBody(response.body);
  const said = printable(awsMessage.split(call.secret).join("[token]"));
  const named = awsCode === undefined ? "" : ` (${printable(awsCode, 60)})`;
  const message = `${call.what}: ${said === "" ? `status ${response.status}` : said}${named}`;
  const meaning = meaningOf(response.status, awsCode, awsMessage);
  const denied = meaning.code === "STS_ACCESS_DENIED" ? call.denied : undefined;
  const hint = denied ?? meaning.hint;
  return new Gcp2awsError(meaning.code, message, {
    hint: hint
      .split("ROLE_NAME")
      .join(call.roleName ?? "NAME")
      .split("PACKED_SIZE")
      .join(packedSize(awsMessage)),
    retryable: meaning.retryable ?? false,
    retryAfterMs: retryAfterMs(response.headers["retry-after"], now),
  });
}

/** An answer that is not what STS answers. */
export function badResponse(why: string): Gcp2awsError {
  return new Gcp2awsError("STS_BAD_RESPONSE", `the answer of AWS STS was not used: ${why}`, { hint: NOT_STS });
}

/**
 * The result in an answer to `action`.
 * @throws Gcp2awsError STS_BAD_RESPONSE
 */
export function readResult(body: string, action: string): XmlElement | undefined {
  let root: XmlElement;
  try {
    root = parseXml(body);
  } catch (error) {
    throw badResponse(`its XML is ${error instanceof Error ? error.message : "malformed"}`);
  }
  if (root.name !== `${action}Response`) {
    throw badResponse(`it is <${printable(root.name, 60)}>, not ${action}Response`);
  }
  return descend(root, `${action}Result`);
}

function meaningOf(status: number, awsCode: string | undefined, awsMessage: string): Meaning {
  if (status === 429 || THROTTLING.test(awsCode ?? "")) {
    return {
      code: "STS_THROTTLED",
      retryable: true,
      hint: "STS limits calls by account and region; try again later, and spread calls that start together",
    };
  }
  const known = awsCode === undefined ? undefined : meanings[awsCode];
  if (known !== undefined)
    return known.code === "STS_TOKEN_REJECTED" && KEYS_NOT_FETCHED.test(awsMessage)
      ? { code: known.code, hint: known.hint, retryable: true }
      : known;
  if (status >= 500) {
    return {
      code: "STS_UNAVAILABLE",
      retryable: true,
      hint: "try again later, or another --region (https://health.aws.amazon.com)",
    };
  }
  if (status >= 300 && status < 400) {
    return {
      code: "STS_BAD_RESPONSE",
      hint: "redirects are not followed; check --sts-endpoint and AWS_ENDPOINT_URL_STS",
    };
  }
  return awsCode === undefined
    ? {
        code: "STS_BAD_RESPONSE",
        hint: NOT_STS,
      }
    : {
        code: "STS_REQUEST_REJECTED",
        hint: "see https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
      };
}

function packedSize(awsMessage: string): string {
  const percent = /(\d{1,6}) ?%/.exec(awsMessage)?.[1] ?? "";
  return percent === "" ? "more than all" : `${percent} per cent`;
}

function readBody(body: string): { awsCode: string | undefined; awsMessage: string } {
  try {
    const error = descend(parseXml(body), "Error");
    return { awsCode: descend(error, "Code")?.text.trim(), awsMessage: descend(error, "Message")?.text.trim() ?? "" };
  } catch {
    return { awsCode: undefined, awsMessage: "" };
  }
}
