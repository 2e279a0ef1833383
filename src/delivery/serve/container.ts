import { formatExpiration } from "../../credentials.ts";
import { header, type Route } from "./http.ts";
import { answerWith, type ServedRole, type Within } from "./role.ts";

export function containerPath(role: Pick<ServedRole, "name">): string {
  return `/role/${role.name}`;
}

/**
 * The container credentials protocol, `AWS_CONTAINER_CREDENTIALS_FULL_URI`
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
 * @param admits whether an Authorization header is the token of this role
 */
export function containerRoute(
  role: ServedRole,
  admits: (authorization: string) => boolean,
  machine: { now: () => number; within: Within },
): Route {
  return {
    label: "container",
    method: "GET",
    admits: (request) => admits(header(request, "authorization") ?? ""),
    answer: answerWith(
      role,
      ({ accessKeyId, secretAccessKey, sessionToken, expiration, accountId }) => ({
        RoleArn: role.roleArn,
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: formatExpiration(expiration),
        AccountId: accountId,
      }),
      machine,
    ),
  };
}
