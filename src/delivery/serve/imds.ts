import { formatExpiration } from "../../credentials.ts";
import { header, type LocalRequest, type Reply, type Route, text } from "./http.ts";
import { answerWith, type ServedRole, type Within } from "./role.ts";
import { createSessions } from "./secret.ts";

export interface ImdsOptions {
  region: string;
  /** Also answer without a session token, as version 1 does. */
  unsafeV1: boolean;
  now: () => number;
  within: Within;
}

const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";
const MAX_TTL_SECONDS = 21_600;

/**
 * The parts of EC2's instance metadata service that SDKs take credentials and the region from, version 2: a session token
 * by PUT, then GET with it (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html).
 * The PUT is what keeps out request forgery that can only send GET. There is no identity document: nothing signs it.
 */
export function imdsRoutes(role: ServedRole, { region, unsafeV1, now, within }: ImdsOptions): [string, Route][] {
  const sessions = createSessions();
  const admits = (request: LocalRequest) => {
    const token = header(request, "x-aws-ec2-metadata-token");
    // Version 1: without any token. A wrong one is refused all the same.
    return token === undefined ? unsafeV1 : sessions.isValid(token, now());
  };
  const get = (answer: Route["answer"]): Route => ({ label: "imds", method: "GET", admits, answer });
  const fixed = (body: string) => get(() => text(200, body));
  const credentials = get(
    answerWith(
      role,
      ({ accessKeyId, secretAccessKey, sessionToken, expiration }, { issuedAt }) => ({
        Code: "Success",
        LastUpdated: formatExpiration(new Date(issuedAt)),
        Type: "AWS-HMAC",
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: formatExpiration(expiration),
      }),
      { now, within },
    ),
  );
  const issue = (request: LocalRequest): Reply => {
    const ttl = header(request, TTL_HEADER) ?? "";
    if (!/^[1-9]\d{0,4}$/.test(ttl) || Number(ttl) > MAX_TTL_SECONDS) {
      return text(400, `${TTL_HEADER} must be 1 to ${MAX_TTL_SECONDS}`);
    }
    // The SDK for Go takes no token without the header's echo.
    return text(200, sessions.issue(now() + Number(ttl) * 1000), { [TTL_HEADER]: ttl });
  };

  const list = "/latest/meta-data/iam/security-credentials";
  const zone = "/latest/meta-data/placement/availability-zone";
  return [
    ["/latest/api/token", { label: "imds-token", method: "PUT", answer: issue }],
    [list, fixed(role.name)],
    [`${list}/`, fixed(role.name)],
    [`${list}/${role.name}`, credentials],
    ["/latest/meta-data/placement/region", fixed(region)],
    // SDKs cut the last letter off to get the region; which zone it is means nothing here.
    [zone, fixed(`${region}a`)],
    [`${zone}/`, fixed(`${region}a`)],
  ];
}
