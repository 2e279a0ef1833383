import { AwsV4Signer } from "aws4fetch";
import type { IamAccess } from "../config/surroundings.ts";
import { printable } from "../errors.ts";
import { ConnectionError, type Host, type HttpResponse } from "../host.ts";
import type { RoleArn } from "../sts/role-arn.ts";
import { descend, parseXml, type XmlElement } from "../sts/xml.ts";

/** What IAM says of a role. */
export interface RoleOnRecord {
  arn: string;
  /** As JSON. */
  trustPolicy: string;
  /** In seconds. */
  maxSessionDuration: number;
}

/** The endpoint of IAM in each partition, and the region that its calls are signed for: https://docs.aws.amazon.com/general/latest/gr/iam-service.html */
const endpoints: Readonly<Record<string, readonly [url: string, region: string]>> = {
  aws: ["https://iam.amazonaws.com", "us-east-1"],
  "aws-cn": ["https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  "aws-us-gov": ["https://iam.us-gov.amazonaws.com", "us-gov-west-1"],
};

const ATTEMPT_MS = 5_000;

/**
 * Asks IAM for a role with other credentials than those that are to be had, which must be of the role's account.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
 * @param deadline milliseconds by `host.ticks`
 * @returns the role, "none" where the account has none of that name, or why it is not known
 */
export async function getRole(
  role: RoleArn,
  { keys, endpoint }: IamAccess,
  host: Host,
  deadline: number,
): Promise<RoleOnRecord | "none" | { why: string }> {
  const [usual, region] = endpoints[role.partition] ?? [undefined, ""];
  const at = endpoint ?? usual;
  if (at === undefined) return { why: `where IAM is in the partition ${role.partition} is not known here` };
  const url = at.endsWith("/") ? at : `${at}/`;
  const body = new URLSearchParams({ Action: "GetRole", Version: "2010-05-08", RoleName: role.name }).toString();
  const { headers } = await new AwsV4Signer({
    method: "POST",
    url,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    service: "iam",
    region,
    datetime: new Date(host.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
  }).sign();
  const timeoutMs = Math.max(1, Math.min(ATTEMPT_MS, deadline - host.ticks()));
  try {
    return read(await host.request({ method: "POST", url, headers: Object.fromEntries(headers), body, timeoutMs }));
  } catch (error) {
    if (error instanceof ConnectionError) return { why: error.message };
    throw error;
  }
}

function read({ status, body }: HttpResponse): RoleOnRecord | "none" | { why: string } {
  let root: XmlElement;
  try {
    root = parseXml(body);
  } catch {
    return { why: `status ${status}, and no XML` };
  }
  const code = descend(root, "Error", "Code")?.text;
  if (code === "NoSuchEntity") return "none";
  const role = descend(root, "GetRoleResult", "Role");
  if (role === undefined)
    return {
      why: printable(`${descend(root, "Error", "Message")?.text ?? `status ${status}`} (${code ?? "no code"})`),
    };
  const text = (name: string) => descend(role, name)?.text ?? "";
  try {
    // RFC 3986, in an answer of XML.
    const trustPolicy = decodeURIComponent(text("AssumeRolePolicyDocument"));
    return { arn: text("Arn"), trustPolicy, maxSessionDuration: Number(text("MaxSessionDuration")) || 3600 };
  } catch {
    return { why: "its trust policy cannot be decoded" };
  }
}
