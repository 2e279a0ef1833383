import type { Credentials } from "../credentials.ts";
import { printable } from "../errors.ts";
import type { Host } from "../host.ts";
import { throughNetwork } from "../network.ts";
import type { Settled } from "../settle.ts";
import { callSts } from "../sts/call.ts";
import { buildSignedRequest, readCallerIdentity } from "../sts/get-caller-identity.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import { type Check, ok, skipped } from "./check.ts";

/** The credentials used once, for the call that needs no permission. */
export const callerCheck: Check = {
  id: "caller",
  title: "whom AWS takes this for",
  needs: ["exchange"],
  run: async ({ host, deadline, learned: { settled, issued } }) => {
    if (settled === undefined || issued === undefined) return skipped("no credentials");
    const arn = await callerOf(issued.credentials, settled, host, deadline);
    const { name = "" } = parseRoleArn(settled.roleArn) ?? {};
    return ok(arn, `what it may do is not looked at: aws iam list-attached-role-policies --role-name ${name}`);
  },
};

/**
 * The ARN that AWS knows these credentials by.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError of the class `sts` or `network`
 */
export async function callerOf(
  credentials: Credentials,
  settled: Settled,
  host: Host,
  deadline: number,
): Promise<string> {
  const { region, stsEndpoint } = settled;
  const request = await buildSignedRequest(stsEndpoint, region, credentials, host.now());
  const through = throughNetwork(host, settled, "aws");
  const { arn } = await callSts(request, stsEndpoint, through, deadline, (response, now) =>
    readCallerIdentity(response, credentials, now),
  );
  return printable(arn);
}
