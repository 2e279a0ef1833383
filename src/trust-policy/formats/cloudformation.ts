import { stringify } from "yaml";
import { formatPolicy } from "../policy.ts";
import type { RoleDefinition } from "./role.ts";

/** A template of AWS CloudFormation, in YAML. */
export function cloudformation({
  name,
  path,
  trust,
  permissions,
  provider,
  maxSessionSeconds,
}: RoleDefinition): string {
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Resources: {
      ...(provider !== undefined && {
        Provider: {
          Type: "AWS::IAM::OIDCProvider",
          Properties: { Url: provider.url, ClientIdList: [...provider.audiences] },
        },
      }),
      Role: {
        Type: "AWS::IAM::Role",
        ...(provider !== undefined && { DependsOn: "Provider" }),
        Properties: {
          RoleName: name,
          ...(path !== "/" && { Path: path }),
          ...(maxSessionSeconds !== undefined && { MaxSessionDuration: maxSessionSeconds }),
          AssumeRolePolicyDocument: formatPolicy(trust),
          ...(permissions.length > 0 && { ManagedPolicyArns: [...permissions] }),
        },
      },
    },
    Outputs: { RoleArn: { Value: { "Fn::GetAtt": ["Role", "Arn"] } } },
  };
  // Quoted, as CloudFormation reads YAML 1.1, where a plain 2012-10-17 is a date.
  const text = stringify(template, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 });
  return `# The role has a name, so: aws cloudformation deploy --capabilities CAPABILITY_NAMED_IAM …\n${text}`;
}
