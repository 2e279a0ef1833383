export interface RoleArn {
  partition: string;
  accountId: string;
  /** Without the path. */
  name: string;
}

/** Path and name as IAM's API reference (CreateRole) allows them. */
const ROLE_ARN = /^arn:(aws(?:-[a-z]+)*):iam::(\d{12}):role\/(?:[\u0021-\u007e]{1,510}\/)?([\w+=,.@-]{1,64})$/;

/** The ARNs in a comma separated list: a path or a name may have commas too, but none of those stands before `arn:`. */
export function splitRoleArns(text: string): string[] {
  return text.split(",arn:").map((part, at) => (at === 0 ? part : `arn:${part}`));
}

/** The parts of a role's ARN; undefined when `text` is not one that STS would take (20 to 2048 characters). */
export function parseRoleArn(text: string): RoleArn | undefined {
  const match = text.length > 2048 ? null : ROLE_ARN.exec(text);
  if (match === null) return undefined;
  const [, partition, accountId, name] = match;
  if (partition === undefined || accountId === undefined || name === undefined) return undefined;
  return { partition, accountId, name };
}
