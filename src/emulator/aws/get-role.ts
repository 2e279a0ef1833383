import { formatPolicy } from "../../trust-policy/policy.ts";
import { authorize } from "./authorize.ts";
import { type Account, type Call, signedCaller } from "./call.ts";
import { roleArn, roleId } from "./caller.ts";
import { checkConstraints } from "./constraint.ts";
import { AwsError } from "./error-response.ts";
import type { XmlTree } from "./xml.ts";

/**
 * @throws AwsError ValidationError (400), AccessDenied (403) without iam:GetRole, NoSuchEntity (404).
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
 */
export function getRole(account: Account, call: Call): XmlTree {
  const caller = signedCaller(call);
  const name = call.parameters.get("RoleName") ?? undefined;
  checkConstraints({ RoleName: name }, { RoleName: { required: true, length: [1, 64], pattern: "[\\w+=,.@-]+" } });
  call.requestParameters = { roleName: name };
  const { accountId, roles } = account.definition;
  const role = roles.find((candidate) => candidate.name === name);
  const resource = role ? roleArn(role, accountId) : `arn:aws:iam::${accountId}:role/${name}`;
  authorize(account, call, caller, { action: "iam:GetRole", resource, shown: `role ${name}` });
  if (!role) throw new AwsError(404, "NoSuchEntity", `The role with name ${name} cannot be found.`);
  return {
    Role: {
      Path: role.path,
      RoleName: role.name,
      RoleId: roleId(role),
      Arn: resource,
      CreateDate: "2024-01-01T00:00:00Z",
      AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(formatPolicy(role.trustPolicy))),
      MaxSessionDuration: role.maxSessionDuration,
    },
  };
}
