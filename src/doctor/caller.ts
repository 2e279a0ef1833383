import { throughNetwork } from "../network.ts";
import { callSts } from "../sts/call.ts";
import { buildSignedRequest, readCallerIdentity } from "../sts/get-caller-identity.ts";
import { printable } from "../errors.ts";
import { type Check, ok, skipped } from "./check.ts";

/** The credentials used once, for the call that needs no permission. */
export const callerCheck: Check = {
  id: "caller",
  title: "whom AWS takes this for",
  needs: ["exchange"],
  run: async ({ host, deadline, learned: { settled, issued } }) => {
    if (settled === undefined || issued === undefined) return skipped("no credentials");
    const { region, stsEndpoint } = settled;
    const { credentials } = issued;
    const request = await buildSignedRequest(stsEndpoint, region, credentials, host.now());
    const through = throughNetwork(host, settled, "aws");
    const { arn } = await callSts(request, stsEndpoint, through, deadline, (response, now) =>
      readCallerIdentity(response, credentials, now),
    );
    return ok(printable(arn));
  },
};
