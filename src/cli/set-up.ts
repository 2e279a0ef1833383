import { asciiJson } from "../ascii-json.ts";
import { type FlagValues, read } from "../config/read.ts";
import { type Config, readConfig, readTokenConfig } from "../config.ts";
import { type Credentials, formatExpiration } from "../credentials.ts";
import { formatText } from "../doctor/report.ts";
import { checkEditable } from "../delivery/edit-file.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import type { FlagKey } from "../flags.ts";
import type { Host } from "../host.ts";
import { runProgram } from "../host/run-program.ts";
import { openTerminal } from "../host/terminal.ts";
import { userFiles } from "../host/user-files.ts";
import { callerToken } from "../identity-token/application-default.ts";
import { throughNetwork } from "../network.ts";
import { type AwsSide, awsCommandsOf, checkAccount, makeRole } from "../setup/aws-side.ts";
import { check, patiently } from "../setup/check.ts";
import { googleCommandsOf, makeServiceAccount } from "../setup/google-side.ts";
import { createCommands } from "../setup/run-command.ts";
import { talkAlone, talkAt } from "../setup/talk.ts";
import { googleName } from "../trust-policy/web-identity.ts";
import { describeProfile, writeProfile, type WrittenProfile } from "./configure.ts";
import { askForRole, audienceOf, checkGiven, NOBODY, type Setup, type SetupOptions } from "./set-up-role.ts";
import { roleFileOf } from "./role-file.ts";
import { filePart, type RoleState, type WrittenFile } from "./set-up-file.ts";
import { warnOfShadows } from "./profile-flags.ts";
import { diagnose } from "./doctor.ts";
import { type Identity, readIdentities } from "./trusted-identities.ts";

/** Flags that say whose the token is, and for how long the role is to be had: role and profile are made for these. */
const madeFor: readonly FlagKey[] = [
  "durationSeconds",
  "source",
  "identityTokenFile",
  "identityTokenCommand",
  "impersonateServiceAccount",
  "impersonationDelegates",
  "azp",
  "serviceAccount",
];

/** What there is to tell programs, as far as it came; no secrets. */
interface Report {
  identity?: Pick<Identity, "issuer" | "sub" | "email">;
  role?: string;
  audience?: string;
  file?: WrittenFile | undefined;
  profile?: WrittenProfile;
  works: boolean;
  expiration?: string;
  error?: Pick<Gcp2awsError, "code" | "message">;
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
  const report: Report = { works: false };
  try {
    await walk(setup, report);
  } catch (error) {
    if (error instanceof Gcp2awsError) report.error = { code: error.code, message: error.message };
    throw error;
  } finally {
    // Of what was done before a failure, too.
    if (options.json) host.writeStdout(`${asciiJson({ ...report, commands: commands.ran })}\n`);
  }
}

async function walk(setup: Setup, report: Report): Promise<void> {
  const { options, talk } = setup;
  checkGiven(setup);
  const identity = await findIdentity(setup);
  const { issuer, sub, email } = identity;
  report.identity = { issuer, sub, email };
  talk.say(`Google: ${describeIdentity(identity)}`);

  const { side, profile } = await askForRole(identity, setup);
  const { roleArn, audience } = side;
  report.role = roleArn;
  report.audience = audience;
  const values: FlagValues = { ...setup.given, roleArn, ...audienceOf(side, setup) };
  // What is wrong with the flags, and a profile that may not be written, is found before anything is made.
  const config = readConfig({ ...values, cache: "off" }, setup.host.env, setup.host.readText);
  const planned = await write(profile, values, true, setup);
  if (planned.changed && setup.acts) checkEditable(planned.file, setup.host, userFiles);
  const file = options.format === undefined ? undefined : roleFileOf(side.role, options.format);
  const made = file === undefined ? { role: await awsPart(side, setup), file: undefined } : await filePart(file, setup);
  report.file = made.file;
  report.profile = await profilePart(profile, values, setup);
  if (!setup.acts || report.profile.dryRun) return;
  if (made.role === "to-be-made") {
    talk.say(`Now make the role (${file?.deploy}). Then: gcp2aws doctor --profile ${profile}`);
    return;
  }

  const { accountId, expiration } = await tryPart(profile, config, made.role === "changed", setup);
  report.works = true;
  report.expiration = formatExpiration(expiration);
  talk.say(`AWS gave credentials of account ${accountId} until ${report.expiration}. All is set up.`);
  if (side.role.permissions.length === 0 && !options.skipAws) {
    const how = file === undefined ? `: aws iam attach-role-policy --role-name ${side.role.name} --policy-arn ARN` : "";
    talk.say(`What the role may do is still to be said, unless that was done elsewhere${how}`);
  }
  talk.say(`To use it: aws sts get-caller-identity --profile ${profile}`);
}

/** Whoever uses the profile may not have them. */
function fromVariables(host: Host): FlagValues {
  return Object.fromEntries(
    madeFor.flatMap((key) => {
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
    const [identity] = await readIdentities({}, { ...given, audience }, host);
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
  const member =
    options.member ??
    (await talk.ask(
      `Who is to have the tokens of ${source.target}, as user:EMAIL or serviceAccount:EMAIL`,
      knownMember(await caller.member()),
      wrongMember,
    ));
  if (member === "") {
    throw new Gcp2awsError(
      "USAGE_MISSING_FLAG",
      `--member is missing: nobody says who is to have the tokens of ${source.target}`,
      {
        hint: "give --member, for example --member user:developer@example.com",
      },
    );
  }
  const wrong = wrongMember(member);
  if (wrong !== undefined)
    throw new Gcp2awsError("USAGE_INVALID_VALUE", `--member "${printable(member, 200)}": ${wrong}`, {
      hint: "give the one identity that is to have the tokens, for example --member user:developer@example.com",
    });
  const side = { target: source.target, member };
  const what =
    "Google: these commands, as far as they are needed, make the account and let its tokens be had. They need an owner's credentials of its project.";
  if (!(await commands.agree(what, googleCommandsOf(side)))) return elsewhere(setup);
  await makeServiceAccount(side, commands);
  return true;
}

/** What nobody could find out stands there in capitals, as in `user:EMAIL` and `…/subject/SUBJECT`: then none. */
function knownMember(member: string): string {
  return /[:/][A-Z]+$/.test(member) ? "" : member;
}

/** @see https://cloud.google.com/iam/docs/principal-identifiers */
function wrongMember(text: string): string | undefined {
  if (/^all(Authenticated)?Users$/i.test(text))
    return "it is everybody, who would then have these tokens, and what AWS gives for them";
  if (/^[a-z][A-Za-z]*:[^\s\p{C}]+$/u.test(text)) return undefined;
  return "it must be a kind and a name, for example user:developer@example.com";
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

async function awsPart(side: AwsSide, setup: Setup): Promise<RoleState> {
  const { options, talk, commands } = setup;
  if (options.skipAws) return "kept";
  const byOthers = async () => ((await elsewhere(setup)) ? "changed" : "kept");
  const what = `AWS: these commands, as far as they are needed, make the role. They need an administrator's credentials of account ${side.accountId}.`;
  if (!(await commands.agree(what, awsCommandsOf(side)))) return byOthers();
  while (!(await hasAccount(side, setup))) {
    if (!(await talk.consent("Try that again, now that there are others?"))) return byOthers();
  }
  return (await makeRole(side, commands)) ? "changed" : "kept";
}

/** Whether the AWS CLI has credentials here: a workload is seldom where an administrator's are, and they have no business there. */
async function hasAccount(side: AwsSide, { talk, commands }: Setup): Promise<boolean> {
  try {
    await checkAccount(side, commands);
    return true;
  } catch (error) {
    const isMissing = error instanceof Gcp2awsError && error.code === "LOCAL_COMMAND";
    if (!isMissing || talk.hasConsented) throw error;
    talk.say(error.message);
    return false;
  }
}

function write(
  profile: string,
  values: FlagValues,
  dryRun: boolean,
  { options: { takeOver }, host }: Setup,
): Promise<WrittenProfile> {
  return writeProfile(values, values, { profile, ...(takeOver && { takeOver }), ...(dryRun && { dryRun }) }, host);
}

async function profilePart(profile: string, values: FlagValues, setup: Setup): Promise<WrittenProfile> {
  const { host, talk, acts } = setup;
  // Anew: somebody may have taken long.
  const planned = await write(profile, values, true, setup);
  const { changed } = planned;
  const show = (profileIs: WrittenProfile) => talk.say(describeProfile(profileIs).replace(/\n\nTo test.*/s, "\n"));
  if (changed && !talk.hasConsented) {
    show(planned);
    if (!(await talk.consent("Write it, and try it with gcp2aws doctor?"))) {
      talk.say(
        `The profile was not written.${acts ? "" : " To have all this done, run it in a terminal, or with --yes."}`,
      );
      return planned;
    }
  }
  const written = changed ? await write(profile, values, false, setup) : { ...planned, dryRun: false };
  show(written);
  warnOfShadows(profile, written.shadows, host);
  return written;
}

/**
 * One exchange, waited for after a change, then all that the doctor looks at.
 * @throws Gcp2awsError of the exchange
 */
async function tryPart(profile: string, config: Config, isNew: boolean, { host, talk }: Setup): Promise<Credentials> {
  try {
    return await check(config, isNew, host, talk.say);
  } finally {
    talk.say(`$ gcp2aws doctor --profile ${profile}`);
    talk.say(formatText(await diagnose({ given: {}, profile, trustPolicy: undefined }, host)).trimEnd());
  }
}
