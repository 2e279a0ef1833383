import { iamAccess } from "../config/surroundings.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { throughNetwork } from "../network.ts";
import { obtainWith } from "../obtain.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import { renderSessionName } from "../sts/session-name.ts";
import { type Check, type Examination, failed, failure, type Finding, ok, skipped } from "./check.ts";
import type { RoleOnRecord } from "./get-role.ts";
import { addAudience, createProvider } from "../trust-policy/formats/aws-cli.ts";
import { shellLine } from "../trust-policy/formats/shell.ts";
import { readClaims } from "../trust-policy/web-identity.ts";
import { judgeTrust } from "./trust.ts";

/** The exchange itself; where it is denied, the role's trust policy is held against the token, as far as it can be had. */
export const exchangeCheck: Check = {
  id: "exchange",
  title: "exchange with AWS STS",
  needs: ["token", "endpoint", "session-name", "clock"],
  run: async (examination) => {
    const { host, deadline, learned } = examination;
    const { settled, token } = learned;
    if (settled === undefined || token === undefined) return skipped("no token");
    try {
      learned.issued = await obtainWith(() => Promise.resolve(token.text), settled, host, deadline);
      return ok(`credentials for ${settled.roleArn}`);
    } catch (error) {
      if (!(error instanceof Gcp2awsError)) throw error;
      // Only the first role of a chain is assumed by the token.
      if (error.code === "STS_ACCESS_DENIED" && !isLaterHop(error)) return denied(error, examination);
      if (error.message.includes("MaxSessionDuration")) return tooLong(error, examination);
      if (error.code === "STS_TOKEN_REJECTED") return rejected(error, examination);
      return failed(error);
    }
  },
};

function isLaterHop({ details }: Gcp2awsError): boolean {
  return details.some((line) => line.startsWith("hop 1 of ") && line.endsWith(": assumed"));
}

/** The role that trusts the token. */
function firstRole({ learned: { settled } }: Examination): string {
  return settled?.chain.via[0] ?? settled?.roleArn ?? "";
}

async function denied(error: Gcp2awsError, examination: Examination): Promise<Finding> {
  const { host, trustPolicy, learned } = examination;
  const { settled, token } = learned;
  const arn = firstRole(examination);
  const role = parseRoleArn(arn);
  if (settled === undefined || token === undefined || role === undefined) return failed(error);

  const printsPolicy = `aws iam get-role --role-name ${role.name} --query Role.AssumeRolePolicyDocument --output json`;
  let document: string;
  if (trustPolicy !== undefined) document = trustPolicy();
  else {
    const found = await onRecord(examination);
    if ("why" in found)
      return failed(error.withDetails([...error.details, found.why]), {
        text:
          `where keys of the account are: ${printsPolicy} >trust.json; ` +
          "then the same here with --trust-policy trust.json. A role that does not exist gets the same answer",
      });
    if (found.kind === "none") {
      return failure(
        error.code,
        [error.message, `there is no role ${role.name} in the account of the keys in the environment`],
        {
          text: "check the name and the account in --role-arn, or make the role (aws iam create-role)",
        },
      );
    }
    if (found.role.arn !== arn) {
      return failure(
        error.code,
        [
          error.message,
          `the ARN of role ${role.name} is ${printable(found.role.arn)}, in the account of the keys in the environment`,
        ],
        {
          text: "if it is the role that is meant, give that ARN: account and path count",
          ...(settled.chain.via.length === 0 ? { flags: { "role-arn": found.role.arn } } : {}),
        },
      );
    }
    document = found.role.trustPolicy;
  }
  const read = readClaims(token.claims);
  if (!("claims" in read)) return failed(error);
  const verdict = judgeTrust(document, {
    claims: read.claims,
    roleName: role.name,
    accountId: role.accountId,
    sessionName: renderSessionName(settled.roleSessionName, token.values),
    now: host.now(),
    choosesAudience: settled.source.kind !== "file" && settled.source.kind !== "variable",
  });
  if (verdict.decision === "allowed") {
    return failure(
      error.code,
      [error.message, ...verdict.reasons],
      verdict.remedy ?? {
        text: "it is not the policy of that role, or there is no such role, or an organization's policy denies it: look at the role with aws iam get-role",
      },
    );
  }
  return failure(
    error.code,
    [error.message, ...verdict.reasons, ...error.details],
    verdict.remedy ?? { text: `give --trust-policy the policy of that role, as ${printsPolicy} prints it` },
  );
}

async function tooLong(error: Gcp2awsError, examination: Examination): Promise<Finding> {
  const found = await onRecord(examination);
  const most = "role" in found ? found.role.maxSessionDuration : 3600;
  const evidence = "role" in found ? [`its MaxSessionDuration is ${most} s`] : [];
  const roleName = parseRoleArn(firstRole(examination))?.name ?? "";
  return failed(error.withDetails([...error.details, ...evidence]), {
    text: `ask for less, which every role allows from 3600 s down; or let the role allow it (aws iam update-role --role-name ${roleName} --max-session-duration SECONDS)`,
    flags: { "duration-seconds": String(most) },
  });
}

/** AWS knows Google by itself; the issuer of a GKE cluster is trusted by a provider that the account makes. */
function rejected(error: Gcp2awsError, examination: Examination): Finding {
  const { token } = examination.learned;
  const issuer = token?.values.values["iss"] ?? "";
  const [audience] = [token?.claims["aud"]].flat();
  const accountId = parseRoleArn(firstRole(examination))?.accountId ?? "";
  // IAM takes no longer one.
  const isAudience = typeof audience === "string" && audience.length <= 255;
  if (!/^https:\/\/[\w./-]+$/.test(issuer) || !isAudience) return failed(error);
  if (error.message.includes("No OpenIDConnect provider found")) {
    return failed(error, {
      text: "make an IAM OIDC provider for that issuer in the role's account",
      commands: [shellLine(createProvider({ url: issuer, audiences: [audience] }))],
    });
  }
  if (error.message.includes("Incorrect token audience")) {
    const arn = `arn:aws:iam::${accountId}:oidc-provider/${issuer.slice("https://".length)}`;
    return failed(error, {
      text: "let that provider take the token's audience, or have the token made for one that it takes",
      commands: [shellLine(addAudience(arn, audience))],
    });
  }
  return failed(error);
}

type Found = { kind: "role"; role: RoleOnRecord } | { kind: "none" } | { kind: "unknown"; why: string };

/** The role as IAM has it, where other credentials stand in the environment. */
async function onRecord(examination: Examination): Promise<Found> {
  const { host, deadline, learned } = examination;
  const { settled } = learned;
  const access = iamAccess(host.env);
  const role = parseRoleArn(firstRole(examination));
  if (settled === undefined || role === undefined || access === undefined) {
    return {
      kind: "unknown",
      why: "the trust policy is not known here: give --trust-policy FILE, or run this with keys that may call iam:GetRole",
    };
  }
  const { getRole } = await import("./get-role.ts");
  const found = await getRole(role, access, throughNetwork(host, settled, "aws"), deadline);
  if (found === "none") return { kind: "none" };
  if ("why" in found) return { kind: "unknown", why: `the trust policy is not known here: iam:GetRole: ${found.why}` };
  return { kind: "role", role: found };
}
