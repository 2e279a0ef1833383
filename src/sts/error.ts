import { type ErrorCode, Gcp2awsError, printable } from "../errors.ts";
import type { HttpResponse } from "../host.ts";
import { retryAfterMs } from "../retry.ts";
import type { AssumeRoleWithWebIdentityInput } from "./assume-role-with-web-identity.ts";
import { parseRoleArn } from "./role-arn.ts";
import { descend, parseXml } from "./xml.ts";

interface Meaning {
  code: ErrorCode;
  hint: string;
  retryable?: boolean;
}

/** What each error code of AssumeRoleWithWebIdentity means to the caller. */
const meanings: Readonly<Record<string, Meaning>> = {
  AccessDenied: {
    code: "STS_ACCESS_DENIED",
    hint: "compare the claims with the role's trust policy (aws iam get-role --role-name ROLE_NAME); a role that does not exist gets the same answer",
  },
  InvalidIdentityToken: {
    code: "STS_TOKEN_REJECTED",
    hint: "AWS knows Google without an IAM identity provider: an OIDC provider for accounts.google.com in that account can cause this; remove it, or trust its ARN and list azp among its client IDs",
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
  MalformedPolicyDocument: { code: "STS_REQUEST_REJECTED", hint: "check the session policy" },
  PackedPolicyTooLarge: { code: "STS_REQUEST_REJECTED", hint: "shorten the session policy" },
  RegionDisabledException: {
    code: "STS_REGION_DISABLED",
    hint: "activate STS for that region in the role's account (IAM console, Account settings), or choose another --region",
  },
};

const THROTTLING =
  /^(Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException|RequestLimitExceeded|TooManyRequestsException|SlowDown)$/;

/** AWS's own transient failure under a permanent code; the SDKs for Go, PHP and Ruby retry it too. */
const KEYS_NOT_FETCHED = /^Couldn't retrieve verification key/;

/** An answer that is not 200 as an error; what it says is shown without the token, should it repeat it. */
export function readStsError(response: HttpResponse, input: AssumeRoleWithWebIdentityInput, now: number): Gcp2awsError {
  const { awsCode, awsMessage } = readBody(response.body);
  const said = printable(awsMessage.split(input.webIdentityToken).join("[token]"));
  const named = awsCode === undefined ? "" : ` (${printable(awsCode, 60)})`;
  const message = `AWS STS did not assume ${input.roleArn}: ${said === "" ? `status ${response.status}` : said}${named}`;
  const meaning = meaningOf(response.status, awsCode, awsMessage);
  return new Gcp2awsError(meaning.code, message, {
    hint: meaning.hint.split("ROLE_NAME").join(parseRoleArn(input.roleArn)?.name ?? "NAME"),
    retryable: meaning.retryable ?? false,
    retryAfterMs: retryAfterMs(response.headers["retry-after"], now),
  });
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
        hint: "something other than AWS STS may be answering at that endpoint; check --sts-endpoint and AWS_ENDPOINT_URL_STS",
      }
    : {
        code: "STS_REQUEST_REJECTED",
        hint: "see https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
      };
}

function readBody(body: string): { awsCode: string | undefined; awsMessage: string } {
  try {
    const error = descend(parseXml(body), "Error");
    return { awsCode: descend(error, "Code")?.text.trim(), awsMessage: descend(error, "Message")?.text.trim() ?? "" };
  } catch {
    return { awsCode: undefined, awsMessage: "" };
  }
}
