import { isProfileName } from "../aws-files/parse.ts";
import { type FlagValues, read, required } from "../config/read.ts";
import { readConfig, readTokenConfig, type TokenConfig } from "../config.ts";
import { type Credentials, formatExpiration } from "../credentials.ts";
import { formatText } from "../doctor/report.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { type FlagKey, flagOf } from "../flags.ts";
import type { Host } from "../host.ts";
import { runProgram } from "../host/run-program.ts";
import { openTerminal } from "../host/terminal.ts";
import { callerToken } from "../identity-token/application-default.ts";
import { throughNetwork } from "../network.ts";
import { type AwsSide, awsCommandsOf, makeRole } from "../setup/aws-side.ts";
import { check, patiently } from "../setup/check.ts";
import { googleCommandsOf, makeServiceAccount } from "../setup/google-side.ts";
import { type Commands, createCommands } from "../setup/run-command.ts";
import { type Talk, talkAlone, talkAt } from "../setup/talk.ts";
import { parseRoleArn } from "../sts/role-arn.ts";
import type { PolicyRequest } from "../trust-policy/evaluate.ts";
import { googleName } from "../trust-policy/web-identity.ts";
import { describeProfile, writeProfile, type WrittenProfile } from "./configure.ts";
import { warnOfShadows } from "./profile-flags.ts";
import { diagnose } from "./doctor.ts";
import { type Identity, readIdentities } from "./trusted-identities.ts";
import { checkSize, nameOfArn, permissionsOf, providerArnOf, trustOf } from "./trusted-role.ts";

export interface SetupOptions {
  yes?: true;
  permissions?: string;
  profile?: string;
  takeOver?: true;
  member?: string;
  skipAws?: true;
  json?: true;
}

/** Flags that say whose the token is. */
const whose: readonly FlagKey[] = [
  "source",
  "identityTokenFile",
  "identityTokenCommand",
  "impersonateServiceAccount",
  "impersonationDelegates",
  "azp",
  "serviceAccount",
];

/** Of a token that only says who this is; no role takes it. */
const NOBODY = "gcp2aws-setup";

interface Setup {
  options: SetupOptions;
  given: FlagValues;
  host: Host;
  talk: Talk;
  commands: Commands;
  /** Whether anything may be done at all. */
  acts: boolean;
}

/**
 * Identity, role, profile, and a try, in this order; each finds what the last run has left.
 * @param given the pipe's flags
 * @throws Gcp2awsError of every class
 */
export async function setUp(options: SetupOptions, given: FlagValues, host: Host): Promise<void> {
  const say = (text: string) => (options.json ? host.writeStderr : host.writeStdout)(`${text}\n`);
  const terminal = openTerminal();
  const hasConsented = options.yes === true;
  const talk = terminal === undefined ? talkAlone(say, hasConsented) : talkAt(terminal, say, hasConsented);
  const commands = createCommands(talk, host, runProgram);
  const setup: Setup = {
    options,
    given: { ...fromVariables(host), ...given },
    host,
    talk,
    commands,
    acts: hasConsented || terminal !== undefined,
  };

  const identity = await findIdentity(setup);
  say(`Google: ${describeIdentity(identity)}`);
  const { side, profile } = await askForRole(identity, setup);
  const isNew = await awsPart(side, setup);
  const values: FlagValues = { ...setup.given, roleArn: side.roleArn, ...audienceOf(side, setup) };
  const written = await profilePart(profile, values, setup);
  const credentials = setup.acts && !written.dryRun ? await tryPart(profile, values, isNew, setup) : undefined;
  if (credentials !== undefined) {
    const { accountId, expiration } = credentials;
    say(`AWS gave credentials of account ${accountId} until ${formatExpiration(expiration)}. All is set up.`);
  }
  if (options.json) host.writeStdout(`${JSON.stringify(report(identity, side, written, credentials, commands))}\n`);
}

/** Whoever uses the profile may not have them, and it is made for this identity and no other. */
function fromVariables(host: Host): FlagValues {
  return Object.fromEntries(
    whose.flatMap((key) => {
      const value = read(key, {}, host.env);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/**
 * Who this is. Where that is an account whose tokens cannot be had yet, that is set right.
 * @throws Gcp2awsError of the class `identity`
 */
async function findIdentity(setup: Setup): Promise<Identity> {
  const { given, host, talk } = setup;
  const audience = read("audience", given, host.env) ?? NOBODY;
  const find = async () => {
    const [identity] = await readIdentities({ sub: [], email: [] }, { ...given, audience }, host);
    if (identity === undefined) throw new Error("a token is of somebody");
    return identity;
  };
  try {
    return await find();
  } catch (error) {
    const isRefused = error instanceof Gcp2awsError && /^IDENTITY_(REFUSED|NOT_FOUND)$/.test(error.code);
    if (!isRefused || !(await googlePart({ ...given, audience }, error, setup))) throw error;
  }
  return patiently(["IDENTITY_REFUSED", "IDENTITY_NOT_FOUND"], host, talk.say, find);
}

/** @returns whether it may go better now */
async function googlePart(given: FlagValues, refusal: Gcp2awsError, setup: Setup): Promise<boolean> {
  const { options, host, talk, commands } = setup;
  const config = readTokenConfig(given, host.env);
  const { source } = config;
  // Of a chain of accounts only its owners know what is to be; the error has the commands.
  if (source.kind !== "impersonation" || source.delegates.length > 0) return false;
  talk.say(`Google: ${refusal.message}`);
  const google = throughNetwork(host, config, "google");
  const deadline = host.ticks() + config.timeoutMs;
  const caller = await callerToken(source.caller, config.waitMs, host, google, deadline);
  const known = options.member ?? (await caller.member());
  const isKnown = !/:[A-Z]+$/.test(known);
  const member = await talk.ask(
    `Who is to have the tokens of ${source.target}, as user:EMAIL or serviceAccount:EMAIL`,
    isKnown ? known : "",
    (text) => (/^[a-z][A-Za-z]*:\S+$/.test(text) ? undefined : "for example user:developer@example.com"),
  );
  if (member === "") {
    throw new Gcp2awsError(
      "USAGE_MISSING_FLAG",
      `--member is missing: nobody says who is to have the tokens of ${source.target}`,
      {
        hint: "give --member, for example --member user:developer@example.com",
      },
    );
  }
  const side = { target: source.target, member };
  const what =
    "Google: these commands, as far as they are needed, make the account and let its tokens be had. They need an owner's credentials of its project.";
  if (!(await commands.agree(what, googleCommandsOf(side)))) return elsewhere(setup);
  await makeServiceAccount(side, commands);
  return true;
}

/** @returns whether somebody has run them */
async function elsewhere({ talk, acts }: Setup): Promise<boolean> {
  if (!acts) return false;
  await talk.ask("Run them where you have such credentials, then press Enter here", "", () => undefined);
  return true;
}

function describeIdentity({ sub, email, issuer }: Identity): string {
  const name = issuer === `https://${googleName}` ? sub : `${sub} of ${issuer}`;
  return email === undefined ? name : `${printable(email)}, numeric ID ${name}`;
}

/** What flags and variables do not say is asked for. */
async function askForRole(identity: Identity, setup: Setup): Promise<{ side: AwsSide; profile: string }> {
  const { options, given, host, talk } = setup;
  let roleArn = read("roleArn", given, host.env);
  if (roleArn === undefined) {
    const { rule } = flagOf("roleArn");
    const account = await talk.ask("AWS account of the role, 12 digits", "", (text) =>
      /^\d{12}$/.test(text) ? undefined : "an account ID has 12 digits",
    );
    const usual = `gcp2aws-${/^([a-z\d-]+)@/.exec(identity.email ?? "")?.[1] ?? "role"}`;
    const typed =
      account === ""
        ? ""
        : await talk.ask("Name of the role", usual, (text) =>
            parseRoleArn(`arn:aws:iam::${account}:role/${text}`) ? undefined : `it does not give ${rule}`,
          );
    roleArn = account === "" ? required("roleArn", given, host.env) : `arn:aws:iam::${account}:role/${typed}`;
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
  const wrong = wrongProfile(profile);
  if (wrong !== undefined)
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `--profile "${printable(profile, 100)}": ${wrong}`, {
      hint: "give another --profile",
    });
  const trust = trustOf([identity], [audience], () => roleArn);
  const providerArn = trust.provider === undefined ? "" : providerArnOf(identity.issuer, roleArn);
  const whole = checkSize(
    { ...role, ...trust, permissions: permissionsOf(permissions === "none" ? "" : permissions) },
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
function audienceOf({ audience }: AwsSide, { given, host }: Setup): FlagValues {
  return chooses(readTokenConfig({ ...given, audience }, host.env)) ? { audience } : {};
}

/** Whether it is for gcp2aws to say what the token is for. */
function chooses({ source: { kind } }: TokenConfig): boolean {
  return kind !== "file" && kind !== "command" && kind !== "variable";
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

/** What a token of this identity asks of the role. */
function requestOf({ sub, azp }: Identity, audience: string, providerArn: string): PolicyRequest {
  const value = providerArn === "" ? googleName : providerArn;
  const name = value.slice(value.indexOf("/") + 1);
  return {
    action: "sts:AssumeRoleWithWebIdentity",
    principal: { type: "Federated", value },
    context: {
      [`${name}:sub`]: [sub],
      [`${name}:aud`]: [azp ?? audience],
      ...(providerArn === "" && { [`${name}:oaud`]: [audience] }),
    },
  };
}

/** @returns whether something may be another now */
async function awsPart(side: AwsSide, setup: Setup): Promise<boolean> {
  if (setup.options.skipAws) return false;
  const what = `AWS: these commands, as far as they are needed, make the role. They need an administrator's credentials of account ${side.accountId}.`;
  if (await setup.commands.agree(what, awsCommandsOf(side))) return makeRole(side, setup.commands);
  return elsewhere(setup);
}

async function profilePart(
  profile: string,
  values: FlagValues,
  { options: { takeOver }, host, talk }: Setup,
): Promise<WrittenProfile> {
  const options = { profile, ...(takeOver && { takeOver }) };
  const planned = await writeProfile(values, values, { ...options, dryRun: true }, host);
  const show = (profileIs: WrittenProfile) => talk.say(describeProfile(profileIs).replace(/\n\nTo test.*/s, "\n"));
  if (planned.changed && !talk.hasConsented) {
    show(planned);
    if (!(await talk.consent("Write it, and try it with gcp2aws doctor?"))) {
      talk.say("Nothing was written. To have it done, run this in a terminal, or with --yes.");
      return planned;
    }
  }
  const written = planned.changed ? await writeProfile(values, values, options, host) : { ...planned, dryRun: false };
  show(written);
  warnOfShadows(profile, written.shadows, host);
  return written;
}

/**
 * One exchange, waited for after a change, then all that the doctor looks at.
 * @throws Gcp2awsError of the exchange
 */
async function tryPart(
  profile: string,
  values: FlagValues,
  isNew: boolean,
  { host, talk }: Setup,
): Promise<Credentials> {
  const config = readConfig({ ...values, cache: "off" }, host.env, host.readText);
  try {
    return await check(config, isNew, host, talk.say);
  } finally {
    talk.say(`$ gcp2aws doctor --profile ${profile}`);
    talk.say(formatText(await diagnose({ given: {}, profile, trustPolicy: undefined }, host)).trimEnd());
  }
}

/** For programs; no secrets. */
function report(
  { issuer, sub, email }: Identity,
  { roleArn, audience }: AwsSide,
  profile: WrittenProfile,
  credentials: Credentials | undefined,
  { ran }: Commands,
) {
  return {
    identity: { issuer, sub, email },
    role: roleArn,
    audience,
    commands: ran,
    profile,
    works: credentials !== undefined,
    ...(credentials !== undefined && { expiration: formatExpiration(credentials.expiration) }),
  };
}
