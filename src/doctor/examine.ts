import { errorClasses, type ErrorCode, exitStatus, Gcp2awsError } from "../errors.ts";
import { accountCheck } from "./account.ts";
import { cacheCheck } from "./cache.ts";
import { callerCheck } from "./caller.ts";
import { type Check, type CheckId, type Examination, failed, type Finding, skipped } from "./check.ts";
import { clientsCheck } from "./clients.ts";
import { clockCheck } from "./clock.ts";
import { type Watched, watch } from "./clock-offsets.ts";
import { endpointCheck } from "./endpoint.ts";
import { exchangeCheck } from "./exchange.ts";
import { flagsCheck } from "./flags.ts";
import { keptCheck } from "./kept.ts";
import { metadataCheck } from "./metadata.ts";
import { profileCheck } from "./profile.ts";
import { regionCheck } from "./region.ts";
import { sessionCheck, sessionNameCheck } from "./session.ts";
import { shadowsCheck } from "./shadows.ts";
import { sourceCheck } from "./source.ts";
import { tokenCheck } from "./token.ts";

/** In the order in which one thing follows from another. */
export const checks: readonly Check[] = [
  profileCheck,
  flagsCheck,
  shadowsCheck,
  cacheCheck,
  sourceCheck,
  metadataCheck,
  accountCheck,
  tokenCheck,
  endpointCheck,
  clockCheck,
  regionCheck,
  sessionNameCheck,
  exchangeCheck,
  sessionCheck,
  callerCheck,
  keptCheck,
  clientsCheck,
];

export interface Examined extends Finding {
  id: CheckId;
  title: string;
}

export interface Report {
  /** What everything else follows from, or the first of several: the first failure, else the first warning. */
  cause: CheckId | undefined;
  /** That of the cause's code; 0 where nothing failed. */
  exitStatus: number;
  checks: readonly Examined[];
}

export interface Request extends Omit<Examination, "offsets" | "serverOf" | "learned"> {
  /** Told of each check before it is run; what comes back is called when it has. */
  begin: (title: string) => () => void;
}

/** Runs every check that is worth it: one whose needs are not met is passed over, with the reason. */
export async function examine({ begin, ...request }: Request): Promise<Report> {
  const watched = watch(request.host);
  const { host, offsets, serverOf } = watched;
  const examination: Examination = { ...request, host, offsets, serverOf, learned: {} };
  const broken = new Map<CheckId, string>();
  const examined: Examined[] = [];
  for (const check of checks) {
    const { id, title } = check;
    const missing = check.needs.map((need) => broken.get(need)).find((found) => found !== undefined);
    const end = begin(title);
    const finding =
      missing === undefined
        ? await runCheck(check, examination, watched)
        : skipped(`not looked at: ${missing} comes first`);
    end();
    if (finding.state === "failure") broken.set(id, title);
    else if (missing !== undefined) broken.set(id, missing);
    examined.push({ id, title, ...finding });
  }
  return { ...conclude(examined), checks: examined };
}

async function runCheck(check: Check, examination: Examination, { takeWarnings }: Watched): Promise<Finding> {
  let finding: Finding;
  try {
    finding = await check.run(examination);
  } catch (error) {
    if (!(error instanceof Gcp2awsError)) throw error;
    finding = failed(error);
  }
  const warnings = takeWarnings();
  return warnings.length === 0 ? finding : { ...finding, evidence: [...finding.evidence, ...warnings] };
}

function conclude(examined: readonly Examined[]): Omit<Report, "checks"> {
  const failing = examined.find(({ state }) => state === "failure");
  const cause = failing ?? examined.find(({ state }) => state === "warning");
  return { cause: cause?.id, exitStatus: failing?.code === undefined ? 0 : statusOf(failing.code) };
}

function statusOf(code: ErrorCode): number {
  return exitStatus[errorClasses[code]];
}
