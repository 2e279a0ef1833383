import type { Credentials, Issued } from "./credentials.ts";
import { Gcp2awsError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { IdentityTokenSource } from "./identity-token/source.ts";
import { issue } from "./issue.ts";
import { askInTurn } from "./sts/ask-in-turn.ts";
import { type AssumeRoleInput, buildAssumeRole, readAssumeRole } from "./sts/assume-role.ts";
import { callSts } from "./sts/call.ts";
import { checkClock } from "./sts/clock.ts";
import type { Settled } from "./settle.ts";
import { renderSessionName } from "./sts/session-name.ts";

/** The shortest that STS gives: sessions on the way are used at once, and never again. */
const ON_THE_WAY_SECONDS = 900;
const NO_POLICIES = { policy: "", arns: [] };

/**
 * New credentials of a role that is reached by others: the first by the token, each next one by the one before.
 * @param deadline milliseconds by `host.ticks`
 * @throws Gcp2awsError as {@link issue}; one of STS says at which hop
 */
export async function issueByChain(
  mint: IdentityTokenSource,
  config: Settled,
  host: Host,
  deadline: number,
): Promise<Issued> {
  const { chain, roleArn } = config;
  const [first, ...next] = [...chain.via, roleArn];
  let hop = 0;
  try {
    const onTheWay = { durationSeconds: ON_THE_WAY_SECONDS, sessionPolicies: NO_POLICIES };
    const { claims, ...issued } = await issue(mint, { ...config, ...onTheWay, roleArn: first }, host, deadline);
    const roleSessionName = renderSessionName(config.roleSessionName, claims);
    const sourceIdentity =
      chain.sourceIdentity === "" ? "" : renderSessionName(chain.sourceIdentity, claims, "source identity");
    let last: Issued = issued;
    for (const role of next) {
      hop++;
      const isFirst = hop === 1;
      const { durationSeconds, sessionPolicies } = hop === next.length ? config : onTheWay;
      const input: AssumeRoleInput = {
        roleArn: role,
        roleSessionName,
        durationSeconds,
        sessionPolicies,
        externalId: chain.externalId,
        // What is inherited must not be given again; other tags end with the session that had them.
        sourceIdentity: isFirst ? sourceIdentity : "",
        tags: isFirst ? chain.tags : chain.tags.filter(({ key }) => !chain.transitiveTags.includes(key)),
        transitiveTags: isFirst ? chain.transitiveTags : [],
      };
      last = await assumeRole(input, last, config, host, deadline);
    }
    return last;
  } catch (error) {
    if (!(error instanceof Gcp2awsError) || !error.code.startsWith("STS_")) throw error;
    throw error.withDetails([...error.details, ...linesOfHops([first, ...next], hop)]);
  }
}

async function assumeRole(
  input: AssumeRoleInput,
  { credentials, clockAheadMs }: Issued,
  config: Settled,
  host: Host,
  deadline: number,
): Promise<Issued> {
  const places = [{ region: config.region, endpoint: config.stsEndpoint }, ...config.fallbacks];
  const endpoints = places.map(({ endpoint }) => endpoint);
  return askInTurn(endpoints, host, deadline, async (endpoint, until) => {
    // A signature is for the region of the endpoint.
    const region = places.find((place) => place.endpoint === endpoint)?.region ?? config.region;
    const now = host.now() - clockAheadMs;
    const request = await buildAssumeRole(endpoint, region, input, credentials, now);
    return callSts(request, endpoint, host, until, (response, at) => {
      const assumed: Credentials = readAssumeRole(response, input, credentials, at);
      return { credentials: assumed, clockAheadMs: checkClock(assumed, response.headers["date"], at) };
    });
  });
}

function linesOfHops(roles: readonly string[], failed: number): string[] {
  return roles.map((role, at) => {
    const state = at < failed ? "assumed" : at === failed ? "not assumed" : "not tried";
    return `hop ${at + 1} of ${roles.length}: ${role}: ${state}`;
  });
}
