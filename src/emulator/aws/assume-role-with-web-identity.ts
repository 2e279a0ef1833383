import { evaluate } from "../../trust-policy/evaluate.ts";
import { audienceKey, sessionContext, tokenContext } from "../../trust-policy/web-identity.ts";
import { type Account, type Call, requestContext } from "./call.ts";
import { AwsError } from "./error-response.ts";
import { checkTimes, invalidToken, noKey, verifyIdentityToken } from "./identity-token.ts";
import { checkDuration, findRole, openSession, readSessionRequest } from "./session-request.ts";
import { noTags } from "./session-tags.ts";
import type { XmlTree } from "./xml.ts";

/**
 * The exchange itself: parameters, then the token, then the role's trust policy, then what the role allows.
 *
 * @throws AwsError ValidationError, InvalidIdentityToken, ExpiredTokenException, MalformedPolicyDocument,
 *   PackedPolicyTooLarge (400); AccessDenied (403), also for a role that does not exist.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export async function assumeRoleWithWebIdentity(account: Account, call: Call): Promise<XmlTree> {
  const { headers } = call.request;
  const asked = readSessionRequest(call, {
    WebIdentityToken: { required: true, length: [4, 20000], secret: true },
    ProviderId: { length: [4, 2048] },
  });
  // A signature or a session token on this call makes STS fail in these words: aws-sdk-php issue 1725.
  if ("authorization" in headers || "x-amz-security-token" in headers) throw invalidToken(noKey);
  // ProviderId is for OAuth 2.0 access tokens of Login with Amazon and Facebook only.
  if (call.parameters.has("ProviderId"))
    throw new AwsError(400, "ValidationError", "ProviderId is not supported for OpenID Connect ID tokens");

  const token = call.parameters.get("WebIdentityToken") ?? "";
  const { claims, provider } = await verifyIdentityToken(token, account.providers);
  const { federated } = provider;
  const audience = audienceKey(claims);
  call.caller = { type: "web identity", provider: federated, subject: claims.sub, audience };
  call.roleArn = asked.roleArn;
  call.requestParameters = {
    roleArn: asked.roleArn,
    roleSessionName: asked.name,
    ...(call.parameters.has("DurationSeconds") && { durationSeconds: asked.durationSeconds }),
  };
  checkTimes(claims, account.clock());

  const role = findRole(account, asked.roleArn);
  const trust = evaluate(role ? [role.trustPolicy] : [], {
    action: "sts:AssumeRoleWithWebIdentity",
    principal: { type: "Federated", value: federated },
    context: {
      ...requestContext(account, call),
      ...tokenContext(claims, provider.keyPrefix),
      "aws:FederatedProvider": [federated],
      "sts:RoleSessionName": [asked.name],
    },
  });
  if (!role || trust.decision === "denied") {
    throw new AwsError(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
  }
  checkDuration(role, asked.durationSeconds);

  call.responseElements = { subjectFromWebIdentityToken: claims.sub, provider: federated, audience };
  const { name, durationSeconds, policies } = asked;
  const context = sessionContext(claims, provider.keyPrefix);
  return {
    ...openSession(account, call, {
      role,
      name,
      durationSeconds,
      policies,
      context,
      federatedProvider: federated,
      sessionTags: noTags,
    }),
    SubjectFromWebIdentityToken: claims.sub,
    PackedPolicySize: asked.packedPolicySize,
    Provider: federated,
    Audience: audience,
  };
}
