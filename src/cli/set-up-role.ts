import { isProfileName } from "../aws-files/parse.ts";
import { type FlagValues, read, required } from "../config/read.ts";
import { readTokenConfig, type TokenConfig } from "../config.ts";
import { checkEditable } from "../delivery/edit-file.ts";
import { Gcp2awsError, quoted } from "../errors.ts";
import { flagOf } from "../flags.ts";
import type { Host } from "../host.ts";
import { userFiles } from "../host/user-files.ts";
import type { AwsSide } from "../setup/aws-side.ts";
import type { Commands } from "../setup/run-command.ts";
import type { Talk } from "../setup/talk.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import type { PolicyRequest } from "../trust-policy/evaluate.ts";
import { trustGoogle } from "../trust-policy/generate.ts";
import { googleName, keyPrefixOf, tokenContext } from "../trust-policy/web-identity.ts";
import { roleFileOf } from "./role-file.ts";
import type { FileFormat } from "./role-formats.ts";
import type { Identity } from "./trusted-identities.ts";
import {
  checkSize,
  isRoleName,
  maxSessionOf,
  nameOfArn,
  permissionsOf,
  providerArnOf,
  ROLE_NAME,
  trustOf,
} from "./trusted-role.ts";

export interface SetupOptions {
  yes?: true;
  permissions?: string;
  profile?: string;
  takeOver?: true;
  member?: string;
  skipAws?: true;
  format?: FileFormat;
  oidcProvider: boolean;
  json?: true;
}

/** What each part of `gcp2aws setup` needs. */
export interface Setup {
  options: SetupOptions;
  given: FlagValues;
  host: Host;
  talk: Talk;
  commands: Commands;
  /** Whether anything may be done at all. */
  acts: boolean;
}

/** Of a token that only says who this is; no role takes it. */
export const NOBODY = "gcp2aws-setup";

/**
 * Finds what is wrong with the flags before anything is made: an account of Google's comes before the role.
 * @throws Gcp2awsError USAGE_MISSING_FLAG, USAGE_INVALID_VALUE, LOCAL_FILE
 */
export function checkGiven({ options: { permissions, profile, format }, given, host, talk, acts }: Setup): void {
  const roleArn = talk.isAlone ? required("roleArn", given, host.env) : read("roleArn", given, host.env);
  if (roleArn !== undefined) nameOfArn(roleArn);
  const managed = permissionsOf(permissions);
  if (profile !== undefined) checkProfile(profile);
  if (format === undefined || roleArn === undefined) return;
  // With somebody in place of the identity, which is not known yet.
  const trust = trustGoogle([{ sub: "1" }], [read("audience", given, host.env) ?? roleArn]);
  const role = {
    ...nameOfArn(roleArn),
    trust,
    provider: undefined,
    permissions: managed,
    maxSessionSeconds: undefined,
  };
  const file = roleFileOf(role, format);
  if (acts) checkEditable(file.path, host, userFiles);
}

/** What flags and variables do not say is asked for. */
export async function askForRole(identity: Identity, setup: Setup): Promise<{ side: AwsSide; profile: string }> {
  const { options, given, host, talk } = setup;
  let roleArn = read("roleArn", given, host.env);
  if (roleArn === undefined) {
    const { rule } = flagOf("roleArn");
    const account = await talk.ask("AWS account of the role, 12 digits", "", (text) =>
      /^\d{12}$/.test(text) ? undefined : "an account ID has 12 digits",
    );
    const usual = `gcp2aws-${/^([a-z\d-]+)@/.exec(identity.email ?? "")?.[1] ?? "role"}`;
    const name = await talk.ask("Name of the role", usual, (text) => {
      const parsed = parseRoleArn(`arn:aws:iam::${account}:role/${text}`);
      if (parsed === undefined) return `it does not give ${rule}`;
      return isRoleName(parsed.name) ? undefined : `it must be ${ROLE_NAME}`;
    });
    roleArn = `arn:aws:iam::${account}:role/${name}`;
  }
  const role = nameOfArn(roleArn);
  const { accountId = "" } = parseRoleArn(roleArn) ?? {};
  const audience = await askForAudience(identity, roleArn, setup);
  const permissions =
    options.permissions ??
    (options.skipAws
      ? ""
      : await talk.ask(
          "What the role may do: ARNs of managed policies with commas between, none for nothing yet",
          "none",
          wrongPermissions,
        ));
  const profile = options.profile ?? (await talk.ask("Profile to write", role.name, wrongProfile));
  checkProfile(profile);
  const { trust, provider } = trustOf([{ ...identity, audience }], () => roleArn);
  const providerArn = provider === undefined ? "" : providerArnOf(identity.issuer, roleArn);
  const whole = checkSize(
    {
      ...role,
      trust,
      provider: options.oidcProvider ? provider : undefined,
      permissions: permissionsOf(permissions === "none" ? "" : permissions),
      maxSessionSeconds: maxSessionOf(given),
    },
    host,
  );
  const request = requestOf(identity, audience, providerArn);
  return { side: { roleArn, accountId, role: whole, providerArn, request, audience }, profile };
}

async function askForAudience(identity: Identity, roleArn: string, { given, host, talk }: Setup): Promise<string> {
  if (identity.audience !== undefined && !chooses(readTokenConfig({ ...given, audience: NOBODY }, host.env)))
    return identity.audience;
  const chosen = read("audience", given, host.env);
  if (chosen !== undefined) return chosen;
  const { valid, rule } = flagOf("audience");
  return talk.ask("Audience of the token", roleArn, (text) => (valid(text) ? undefined : `it must be ${rule}`));
}

/** The flag that the profile needs; none where whoever makes the token chooses. */
export function audienceOf({ audience }: AwsSide, { given, host }: Setup): FlagValues {
  return chooses(readTokenConfig({ ...given, audience }, host.env)) ? { audience } : {};
}

/** Whether it is for gcp2aws to say what the token is for. */
function chooses({ source: { kind } }: TokenConfig): boolean {
  return kind !== "file" && kind !== "command" && kind !== "variable";
}

function checkProfile(profile: string): void {
  const wrong = wrongProfile(profile);
  if (wrong === undefined) return;
  throw new Gcp2awsError("USAGE_INVALID_VALUE", `--profile ${quoted(profile)}: ${wrong}`, {
    hint: "give another --profile",
  });
}

function wrongPermissions(text: string): string | undefined {
  try {
    permissionsOf(text === "none" ? "" : text);
    return undefined;
  } catch {
    return "for example arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
  }
}

function wrongProfile(text: string): string | undefined {
  return isProfileName(text) ? undefined : "it must be 1 to 100 of the characters A-Z a-z 0-9 _ . -";
}

/** What a token of this identity asks of the role, as far as it is known: no address, no time, no name of a session. */
function requestOf({ issuer: iss, sub, azp, email }: Identity, audience: string, providerArn: string): PolicyRequest {
  const value = providerArn === "" ? googleName : providerArn;
  const claims = {
    iss,
    sub,
    aud: audience,
    ...(typeof azp === "string" && { azp }),
    ...(email !== undefined && { email }),
  };
  return {
    action: "sts:AssumeRoleWithWebIdentity",
    principal: { type: "Federated", value },
    context: { ...tokenContext(claims, keyPrefixOf(claims)), "aws:SecureTransport": ["true"] },
  };
}
