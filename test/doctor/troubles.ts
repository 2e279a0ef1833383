// Ways in which it goes wrong in real life, each set up for real, and the check that is to name it. docs/troubleshooting.md lists them.
import { chmodSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckId } from "../../src/doctor/check.ts";
import { defaultDocument } from "../../src/emulator/index.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { unsignedToken } from "../fake-host.ts";
import { away, honest, instead } from "../cli/fickle.ts";
import { AUDIENCE, ROLE } from "../cli/run.ts";
import { type Place, SECRET_KEY, TEAM_A } from "./place.ts";

export interface Trouble {
  /** What a client says, of boto3 as it was run on this; where there is none it is what gcp2aws says, with the code. */
  symptom?: string;
  /** What is wrong, as docs/troubleshooting.md says it. */
  cause: string;
  remedy: string;
  check: CheckId;
  code: ErrorCode;
  /** Something in the evidence. */
  evidence: RegExp;
  spoil: (place: Place) => void;
  /** What the remedy leaves to people; without it, the remedy is applied to the letter. */
  mend?: (place: Place) => void;
  /** Where the doctor says that it works all the same. */
  warning?: true;
}

const set =
  (...entries: [name: string, value: string | null][]) =>
  (place: Place) => {
    Object.assign(place.flags, Object.fromEntries(entries));
  };
const variable = (name: string, value: string | undefined) => (place: Place) => {
  place.env[name] = value;
};
/** A profile whose credential_process is this. */
const profile = (value: (place: Place) => string) => (place: Place) => {
  place.profile = "team-a";
  place.config(`[profile team-a]\ncredential_process = ${value(place)}\n`);
};
const good = profile((place) => place.line);
const config = (text: (place: Place) => string) => (place: Place) => {
  place.profile = "team-a";
  place.config(text(place));
};
const credentials = (text: string) => (place: Place) => {
  good(place);
  place.file(".aws/credentials", text);
};
const noFaults = (place: Place) => {
  place.faults = [];
};
const fault =
  (...faults: string[]) =>
  (place: Place) => {
    place.faults = faults;
  };
/** The role's trust policy differs, and somebody may look at it. */
const trust = (spoil: (place: Place) => void) => (place: Place) => {
  spoil(place);
  place.administer();
};
const condition = (key: string, value: string) => (place: Place) => {
  place.conditions()[`accounts.google.com:${key}`] = value;
};
/** A condition that is not on the token. */
const sessionNamed = (place: Place) => {
  const strings = (place.statement()["Condition"] as { StringEquals: Record<string, string> }).StringEquals;
  strings["sts:RoleSessionName"] = "ci-bot";
};
const tokenFile = (text: string | undefined) => (place: Place) => {
  const path = join(place.home, "token");
  if (text !== undefined) writeFileSync(path, text);
  place.flags["identity-token-file"] = path;
};
const goodTokenFile = (place: Place) => {
  place.mint = async ({ issuer }) => {
    const claims = { sub: TEAM_A, azp: TEAM_A, aud: AUDIENCE };
    writeFileSync(join(place.home, "token"), await issuer.mint(claims));
  };
};
const projected = (audience: string) => (place: Place) => {
  place.definition.workload["platform"] = "gke";
  place.mint = async (emulator) => {
    writeFileSync(join(place.home, "token"), await emulator.projectedToken(audience));
  };
  place.flags["identity-token-file"] = join(place.home, "token");
  Object.assign(place.statement(), {
    Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${CLUSTER}` },
    Condition: { StringEquals: { [`${CLUSTER}:sub`]: "system:serviceaccount:default:default" } },
  });
};
const CLUSTER = "container.googleapis.com/v1/projects/example-project/locations/us-central1-a/clusters/cluster-1";
const EXPIRED = unsignedToken({
  iss: "https://accounts.google.com",
  sub: TEAM_A,
  azp: TEAM_A,
  aud: AUDIENCE,
  iat: 1_700_000_000,
  exp: 1_700_003_600,
});
const stsError = (code: string, message: string) =>
  instead(
    403,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
    "text/xml",
  );
const client = (place: Place, says: string) => {
  const path = place.file("clients/aws", `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
};

/** A package in node_modules of the current directory; no version for none. */
const installed = (name: string, version: string | undefined) => (place: Place) => {
  if (version === undefined) rmSync(join(place.home, "node_modules", name), { recursive: true });
  else place.file(`node_modules/${name}/package.json`, JSON.stringify({ name, version }));
};
const goModule = (required: string) => (place: Place) => {
  place.file("go.mod", `module example.com/team-a\n\ngo 1.24\n\nrequire ${required}\n`);
};
const gem = (version: string) => (place: Place) => {
  place.file("Gemfile.lock", `GEM\n  specs:\n    aws-sdk-core (${version})\n`);
};
const composerLock = (version: string) => (place: Place) => {
  place.file("composer.lock", JSON.stringify({ packages: [{ name: "aws/aws-sdk-php", version }] }));
};
const pom = (version: string) => (place: Place) => {
  place.file(
    "pom.xml",
    "<project><dependencyManagement><dependencies><dependency><groupId>software.amazon.awssdk</groupId>" +
      `<artifactId>bom</artifactId><version>${version}</version><type>pom</type><scope>import</scope>` +
      "</dependency></dependencies></dependencyManagement></project>\n",
  );
};
const restored = (version: string) => (place: Place) => {
  place.file("obj/project.assets.json", JSON.stringify({ libraries: { [`AWSSDK.Core/${version}`]: {} } }));
};
const cargoLock = (version: string) => (place: Place) => {
  place.file("Cargo.lock", `version = 4\n\n[[package]]\nname = "aws-config"\nversion = "${version}"\n`);
};

const flags: Trouble[] = [
  {
    cause: "the role is not given",
    remedy: "give `--role-arn` or `GCP2AWS_ROLE_ARN`",
    check: "flags",
    code: "USAGE_MISSING_FLAG",
    evidence: /--role-arn is missing/,
    spoil: set(["role-arn", null]),
    mend: set(["role-arn", ROLE]),
  },
  {
    cause: "the audience is not given",
    remedy: "give `--audience` or `GCP2AWS_AUDIENCE`",
    check: "flags",
    code: "USAGE_MISSING_FLAG",
    evidence: /--audience is missing/,
    spoil: set(["audience", null]),
    mend: set(["audience", AUDIENCE]),
  },
  {
    cause: "the ARN is that of a user",
    remedy: "give that of a role",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /must be the ARN of an IAM role/,
    spoil: set(["role-arn", "arn:aws:iam::111122223333:user/team-a"]),
    mend: set(["role-arn", ROLE]),
  },
  {
    cause: "the ARN is that of a session, as `aws sts get-caller-identity` shows it",
    remedy: "give that of the role: `arn:aws:iam::ACCOUNT:role/NAME`",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /assumed-role/,
    spoil: set(["role-arn", "arn:aws:sts::111122223333:assumed-role/RoleForAccessFromGCPTeamA/me"]),
    mend: set(["role-arn", ROLE]),
  },
  {
    cause: "quotes around a value in an `.env` file have become a part of it",
    remedy: "leave out the quotes",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /GCP2AWS_ROLE_ARN ""arn/,
    spoil: (place) => {
      place.flags["role-arn"] = null;
      place.env["GCP2AWS_ROLE_ARN"] = `"${ROLE}"`;
    },
    mend: variable("GCP2AWS_ROLE_ARN", ROLE),
  },
  {
    cause: "a line break has become a part of a value, as `echo` and secret managers leave one at its end",
    remedy: "take it off: `printf %s` writes none",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /GCP2AWS_ROLE_ARN "arn:.*" with a line break at its end/,
    spoil: (place) => {
      place.flags["role-arn"] = null;
      place.env["GCP2AWS_ROLE_ARN"] = `${ROLE}\n`;
    },
  },
  {
    cause: "the region is misspelt",
    remedy: "mend it, or leave it out",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /--region "eu-central1"/,
    spoil: set(["region", "eu-central1"]),
  },
  {
    cause: "a variable for the region holds an availability zone",
    remedy: "leave out the letter at its end, or unset it",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /AWS_REGION "us-east-1a"/,
    spoil: variable("AWS_REGION", "us-east-1a"),
  },
  {
    cause: "a region is of another partition than the role",
    remedy: "name one of the role's: `cn-…` goes with `arn:aws-cn:`",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /must be a region of the role's partition/,
    spoil: set(["fallback-region", "cn-north-1"]),
  },
  {
    cause: "the endpoint of STS is plain http",
    remedy: "https; http is for loopback",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /--sts-endpoint "http:/,
    spoil: set(["sts-endpoint", "http://10.0.0.1"]),
  },
  {
    cause: "FIPS is asked for together with an endpoint by hand",
    remedy: "unset `AWS_USE_FIPS_ENDPOINT`, or the endpoint",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /FIPS and dual stack need the region's own/,
    spoil: variable("AWS_USE_FIPS_ENDPOINT", "true"),
    mend: variable("AWS_USE_FIPS_ENDPOINT", undefined),
  },
  {
    cause: "the session is to last shorter than STS allows",
    remedy: "900 s or more, or leave it out",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /--duration-seconds "600"/,
    spoil: set(["duration-seconds", "600"]),
  },
  {
    cause: "the session is to last longer than any",
    remedy: "43200 s or less, or leave it out",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /--duration-seconds "86400"/,
    spoil: set(["duration-seconds", "86400"]),
  },
  {
    cause: "`GCE_METADATA_HOST` holds a path",
    remedy: "host and port alone",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /GCE_METADATA_HOST/,
    spoil: variable("GCE_METADATA_HOST", "metadata.google.internal/computeMetadata/v1"),
    mend: (place) => delete place.env["GCE_METADATA_HOST"],
  },
  {
    cause: "it is to wait longer than it may take",
    remedy: "a longer `--timeout`, or leave out `--wait`",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /--wait 60: is longer than --timeout/,
    spoil: set(["wait", "60"]),
  },
  {
    cause: "licenses are asked for in a standard token",
    remedy: "leave out `--licenses`, or `--token-format full`",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /only a full token carries licenses/,
    spoil: set(["licenses", ""], ["token-format", "standard"]),
  },
  {
    cause: "the session name template names no claim",
    remedy: "one of those that the message lists",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /--role-session-name "\{hostname\}"/,
    spoil: set(["role-session-name", "{hostname}"]),
  },
  {
    cause: "the service account is given by its short name",
    remedy: "its email",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /--service-account "team-a"/,
    spoil: set(["service-account", "team-a"]),
  },
  {
    cause: "the cache directory is not absolute",
    remedy: "an absolute path, or unset it",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /GCP2AWS_CACHE_DIR "cache"/,
    spoil: (place) => {
      place.env["GCP2AWS_CACHE"] = "on";
      place.env["GCP2AWS_CACHE_DIR"] = "cache";
    },
  },
  {
    cause: "a target is misspelt",
    remedy: "one of those that the message lists",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /no such target/,
    spoil: (place) => {
      const text = `targets:\n  team-a:\n    role_arn: ${ROLE}\n    audience: ${AUDIENCE}\n`;
      place.flags = { config: place.file("config.yaml", text) };
      place.target = "team-b";
    },
    mend: (place) => {
      place.target = "team-a";
    },
  },
  {
    cause: "the file of targets is no YAML",
    remedy: "mend the line that the message names",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /config\.yaml/,
    spoil: (place) => {
      place.flags = { config: place.file("config.yaml", "targets:\n  team-a: {role_arn: x\n") };
      place.target = "team-a";
    },
    mend: (place) => {
      place.file("config.yaml", `targets:\n  team-a:\n    role_arn: ${ROLE}\n    audience: ${AUDIENCE}\n`);
    },
  },
  {
    cause: "everybody may write the file of targets",
    remedy: "see what is in it, then `chmod o-w`",
    check: "flags",
    code: "LOCAL_FILE",
    evidence: /everybody may write it/,
    spoil: (place) => {
      const text = `targets:\n  team-a:\n    role_arn: ${ROLE}\n    audience: ${AUDIENCE}\n`;
      place.flags = { config: place.file("config.yaml", text, 0o666) };
      place.target = "team-a";
    },
    mend: (place) => chmodSync(join(place.home, "config.yaml"), 0o644),
  },
];

const profiles: Trouble[] = [
  {
    symptom: "The config profile (team-a) could not be found",
    cause: "there is no AWS config file",
    remedy: "`gcp2aws configure --profile NAME …`",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /is not there, or empty/,
    spoil: (place) => {
      place.profile = "team-a";
    },
    mend: good,
  },
  {
    symptom: "The config profile (team-a) could not be found",
    cause: "`AWS_CONFIG_FILE` names another file",
    remedy: "unset it, or mend it",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /other is not there/,
    spoil: (place) => {
      good(place);
      place.env["AWS_CONFIG_FILE"] = join(place.home, "other");
    },
    mend: variable("AWS_CONFIG_FILE", undefined),
  },
  {
    symptom: "The config profile (taem-a) could not be found",
    cause: "the profile is misspelt",
    remedy: "one of those that the message lists",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /it has team-a/,
    spoil: (place) => {
      good(place);
      place.profile = "taem-a";
    },
    mend: (place) => {
      place.profile = "team-a";
    },
  },
  {
    symptom: "The config profile (team-a) could not be found",
    cause: "the section is `[team-a]`, as in the credentials file",
    remedy: "`[profile team-a]`",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /does not take for a profile/,
    spoil: config((place) => `[team-a]\ncredential_process = ${place.line}\n`),
  },
  {
    symptom: "The config profile (team-a) could not be found",
    cause: "the section is `[Profile team-a]`",
    remedy: "small letters: `[profile team-a]`",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /line 1 is \[Profile team-a\], which this file does not take for a profile/,
    spoil: config((place) => `[Profile team-a]\ncredential_process = ${place.line}\n`),
  },
  {
    symptom: "Unable to locate credentials",
    cause: "the profile has no `credential_process`",
    remedy: "`gcp2aws configure --take-over`",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /has no credential_process/,
    spoil: config(() => "[profile team-a]\nregion = us-east-1\n"),
    mend: good,
  },
  {
    symptom: "No such file or directory: '~/bin/gcp2aws'",
    cause: "the path begins with `~`, which the AWS CLI and boto3 take as it is",
    remedy: "the absolute path",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /~ stands for a home directory/,
    spoil: profile((place) => place.line.replace(place.home, "~")),
  },
  {
    symptom: "No such file or directory: '$HOME/bin/gcp2aws'",
    cause: "the path begins with `$HOME`, which the AWS CLI and boto3 take as it is",
    remedy: "the absolute path",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /\$ begins something that is replaced/,
    spoil: profile((place) => place.line.replace(place.home, "$HOME")),
  },
  {
    symptom: "No such file or directory: '/opt/my'",
    cause: "the path has a space, and no quotes",
    remedy: 'double quotes behind the first slash: `/"opt/my tools/gcp2aws"`',
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /is not there, but .*my tools/,
    spoil: (place) => {
      place.installAt(join(place.home, "my tools", "gcp2aws"));
      profile(() => place.line.replace("/bin/", "/my tools/"))(place);
    },
  },
  {
    symptom: "No such file or directory: '/opt/gcp2aws'",
    cause: "the program is not there",
    remedy: "the absolute path; `gcp2aws configure` writes it",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /opt\/gcp2aws is not there/,
    spoil: profile((place) => place.line.replace("/bin/", "/opt/")),
    mend: good,
  },
  {
    symptom: "Permission denied: '/opt/gcp2aws'",
    cause: "the program may not be executed",
    remedy: "`chmod +x`",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /may not be executed/,
    spoil: (place) => {
      const path = join(place.home, "opt", "gcp2aws");
      place.file("opt/gcp2aws", `#!/bin/sh\nexec '${place.program}' "$@"\n`, 0o644);
      profile(() => place.line.replace(place.program, path))(place);
    },
  },
  {
    symptom: "No such file or directory: 'gcp2aws'",
    cause: "the program is not on PATH, as services have it",
    remedy: "the absolute path",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /gcp2aws is not on PATH/,
    spoil: profile((place) => place.line.replace(place.program, "gcp2aws")),
    mend: good,
  },
  {
    symptom: "Error when retrieving credentials from custom-process: … Cannot find module",
    cause: "the program's file has moved, below the same Node.js",
    remedy: "`gcp2aws configure` once more",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /old\/main\.js is not there/,
    spoil: profile((place) => place.line.replace(place.program, `${process.execPath} /opt/old/main.js`)),
    mend: good,
  },
  {
    symptom: "No such file or directory: 'bin/gcp2aws'",
    cause: "the path of the program is relative",
    remedy: "the absolute path",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /is not absolute/,
    spoil: profile((place) => place.line.replace(`${place.home}/`, "")),
    mend: good,
  },
  {
    symptom: "Error when retrieving credentials from custom-process: … [USAGE_UNKNOWN_FLAG]",
    cause: "a comment stands behind the command: a part of it to the AWS CLI and boto3",
    remedy: "a line of its own for the comment",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /has " #"/,
    spoil: profile((place) => `${place.line} # team A`),
  },
  {
    symptom: "Error when retrieving credentials from custom-process: … [USAGE_UNKNOWN_FLAG]",
    cause: "the command is a pipeline",
    remedy: "the command alone; gcp2aws prints nothing else",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /\| is an operator/,
    spoil: profile((place) => `${place.line} | cat`),
    mend: good,
  },
  {
    symptom: "No such file or directory: 'GCP2AWS_TIMEOUT=20'",
    cause: "a variable is set in front of the command",
    remedy: "the flag in its place",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /begins by setting a variable/,
    spoil: profile((place) => `GCP2AWS_TIMEOUT=20 ${place.line}`),
    mend: good,
  },
  {
    symptom: "No closing quotation",
    cause: "a quote has no end",
    remedy: "mend it",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /a " has no end/,
    spoil: profile((place) => place.line.replace(AUDIENCE, `"${AUDIENCE}`)),
    mend: good,
  },
  {
    symptom: "No such file or directory: '/opt/gcp2aws credential-process …'",
    cause: "the command is one quoted word",
    remedy: "quotes around what has a space alone",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /is not there/,
    spoil: profile((place) => `/"${place.line.slice(1)}"`),
    mend: good,
  },
  {
    cause: "the line begins with a quote, which older SDKs for Go take for the whole command",
    remedy: "the first slash before the quote",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /older SDKs for Go/,
    spoil: profile((place) => place.line.replace(place.program, `"${place.program}"`)),
    warning: true,
  },
  {
    symptom: "Error when retrieving credentials from custom-process: … [USAGE_UNKNOWN_FLAG]",
    cause: "a word processor has made typographic quotes or dashes",
    remedy: "plain ones",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /typographic/,
    spoil: profile((place) => place.line.replace(AUDIENCE, `“${AUDIENCE}”`).replace("--role-arn", "–role-arn")),
  },
  {
    cause: "a backslash: itself in one place, gone in another",
    remedy: "no backslash; double quotes",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /different words/,
    spoil: profile((place) => place.line.replace(AUDIENCE, String.raw`"https://aws.example.com\$"`)),
    mend: good,
  },
  {
    symptom: "Error when retrieving credentials from custom-process: … [USAGE_UNKNOWN_FLAG]",
    cause: "a flag of the command is misspelt",
    remedy: "one of those that the message lists",
    check: "profile",
    code: "USAGE_UNKNOWN_FLAG",
    evidence: /--role_arn/,
    spoil: profile((place) => place.line.replace("--role-arn", "--role_arn")),
    mend: good,
  },
  {
    symptom: "Expecting value: line 1 column 1 (char 0)",
    cause: "the command is another program's",
    remedy: "another profile, or `gcp2aws configure --take-over`",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /does not run gcp2aws credential-process/,
    spoil: profile(() => "/bin/echo --version"),
    mend: good,
  },
  {
    cause: "the command goes on in a second line",
    remedy: "one line",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /line 3/,
    spoil: profile((place) => place.line.replace(" --audience", "\n  --audience")),
    mend: good,
  },
  {
    symptom: "Unable to parse config file",
    cause: "a section stands twice: an error for the whole file to the AWS CLI and boto3",
    remedy: "one section",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /repeats section/,
    spoil: config(
      (place) => `[profile team-a]\ncredential_process = ${place.line}\n[profile team-a]\nregion = us-east-1\n`,
    ),
  },
  {
    symptom: "Unable to parse config file",
    cause: "a key stands twice: an error for the whole file to the AWS CLI and boto3",
    remedy: "one of them",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /repeats the key/,
    spoil: config((place) => `[profile team-a]\ncredential_process = ${place.line}\nregion = x\nregion = y\n`),
  },
  {
    symptom: "Unable to parse config file",
    cause: "the file begins with a byte order mark, as editors on Windows write it",
    remedy: "save it without",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /line 1/,
    spoil: config((place) => `\ufeff[profile team-a]\ncredential_process = ${place.line}\n`),
  },
  {
    symptom: "Unable to locate credentials",
    cause: "the key is indented: more of the line above to the AWS CLI and boto3",
    remedy: "no space before it",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /is indented/,
    spoil: config((place) => `[profile team-a]\nregion = us-east-1\n  credential_process = ${place.line}\n`),
  },
  {
    cause: "the key is in capitals",
    remedy: "small letters",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /key in capitals/,
    spoil: config((place) => `[profile team-a]\nCredential_Process = ${place.line}\n`),
  },
  {
    symptom: "No such file or directory: '/opt/old/gcp2aws'",
    cause: "the command in the credentials file is an old one, and wins",
    remedy: "mend or remove it there",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /\.aws\/credentials, line 2/,
    spoil: (place) => {
      good(place);
      place.file(".aws/credentials", "[team-a]\ncredential_process = /opt/old/gcp2aws credential-process\n");
    },
    mend: (place) => rmSync(join(place.home, ".aws", "credentials")),
  },
  {
    cause: "a colon stands in place of `=`",
    remedy: "`=`",
    check: "profile",
    code: "LOCAL_AWS_FILE",
    evidence: /neither a section, nor KEY = VALUE/,
    spoil: config((place) => `[profile team-a]\ncredential_process: ${place.line}\n`),
  },
];

const shadows: Trouble[] = [
  {
    cause: "keys in the environment come before the default profile",
    remedy: "unset them",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /AWS_ACCESS_KEY_ID is set/,
    spoil: (place) => {
      place.profile = "default";
      place.config(`[default]\ncredential_process = ${place.line}\n`);
      place.administer();
    },
  },
  {
    cause: "keys in the environment, without a profile",
    remedy: "unset them where gcp2aws is to be used",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /AWS_ACCESS_KEY_ID is set/,
    spoil: (place) => place.administer(),
    warning: true,
  },
  {
    cause: "`AWS_WEB_IDENTITY_TOKEN_FILE` of something else is set",
    remedy: "unset it",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /AWS_WEB_IDENTITY_TOKEN_FILE is set/,
    spoil: (place) => {
      good(place);
      place.env["AWS_PROFILE"] = "team-a";
      place.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";
    },
  },
  {
    cause: "old keys stand in the credentials file, under the same profile",
    remedy: "remove them",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /credentials, line 2: aws_access_key_id/,
    spoil: credentials(`[team-a]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = ${SECRET_KEY}\n`),
  },
  {
    symptom: 'The source_profile "default" referenced in the profile "team-a" does not exist.',
    cause: "the profile has `role_arn` too",
    remedy: "remove it: gcp2aws assumes the role",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /role_arn comes before/,
    spoil: config(
      (place) => `[profile team-a]\nrole_arn = ${ROLE}\nsource_profile = default\ncredential_process = ${place.line}\n`,
    ),
  },
  {
    cause: "the profile has keys of SSO too",
    remedy: "remove them, or another profile",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /sso_start_url comes before/,
    spoil: config(
      (place) =>
        `[profile team-a]\nsso_start_url = https://x.awsapps.com/start\nsso_account_id = 111122223333\nsso_role_name = Admin\nsso_region = us-east-1\ncredential_process = ${place.line}\n`,
    ),
  },
  {
    cause: "`AWS_PROFILE` names another profile",
    remedy: "name this one",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /to another profile: team-b/,
    spoil: (place) => {
      good(place);
      place.env["AWS_PROFILE"] = "team-b";
    },
    warning: true,
  },
  {
    cause: "`AWS_DEFAULT_PROFILE` names another profile to the AWS CLI and boto3, which look there first",
    remedy: "unset it",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /AWS_DEFAULT_PROFILE is set, to another profile: team-b/,
    spoil: (place) => {
      good(place);
      place.env["AWS_PROFILE"] = "team-a";
      place.env["AWS_DEFAULT_PROFILE"] = "team-b";
    },
    warning: true,
  },
  {
    cause: "both variables for a container's endpoint are set, and SDKs differ in which comes first",
    remedy: "unset the relative one, which is of ECS",
    check: "shadows",
    code: "LOCAL_SHADOWED",
    evidence: /both set/,
    spoil: (place) => {
      place.env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials";
      place.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:9911/exec";
    },
    warning: true,
  },
];

const caches: Trouble[] = [
  {
    cause: "others may read the cache directory",
    remedy: "`chmod 700`",
    check: "cache",
    code: "LOCAL_CACHE",
    evidence: /its mode is 755/,
    spoil: (place) => {
      place.env["GCP2AWS_CACHE"] = "on";
      place.env["GCP2AWS_CACHE_DIR"] = join(place.home, "cache");
      place.file("cache/x", "");
      chmodSync(join(place.home, "cache"), 0o755);
    },
    warning: true,
  },
  {
    cause: "a file is where the cache directory should be",
    remedy: "remove it",
    check: "cache",
    code: "LOCAL_CACHE",
    evidence: /a link, or not a directory/,
    spoil: (place) => {
      place.env["GCP2AWS_CACHE"] = "on";
      place.env["GCP2AWS_CACHE_DIR"] = place.file("cache", "");
    },
    mend: (place) => rmSync(join(place.home, "cache")),
    warning: true,
  },
  {
    cause: "the cache directory is a link",
    remedy: "name the directory that it leads to",
    check: "cache",
    code: "LOCAL_CACHE",
    evidence: /a link, or not a directory/,
    spoil: (place) => {
      place.env["GCP2AWS_CACHE"] = "on";
      place.env["GCP2AWS_CACHE_DIR"] = join(place.home, "cache");
      symlinkSync(place.bin, join(place.home, "cache"));
    },
    mend: variable("GCP2AWS_CACHE_DIR", undefined),
    warning: true,
  },
];

const tokens: Trouble[] = [
  {
    cause: "the token file is not there",
    remedy: "mount the projected volume, or see why what writes it has not",
    check: "token",
    code: "IDENTITY_NOT_FOUND",
    evidence: /no identity token: .*ENOENT/,
    spoil: tokenFile(undefined),
    mend: goodTokenFile,
  },
  {
    cause: "the token file is empty",
    remedy: "see why what writes it has stopped",
    check: "token",
    code: "IDENTITY_NOT_FOUND",
    evidence: /is empty/,
    spoil: tokenFile("\n"),
    mend: goodTokenFile,
  },
  {
    cause: "the token is an access token (`ya29.…`)",
    remedy: "an identity token",
    check: "token",
    code: "IDENTITY_BAD_TOKEN",
    evidence: /not an identity token/,
    spoil: tokenFile("ya29.a0AfH6SMBexampleexample"),
    mend: goodTokenFile,
  },
  {
    cause: "the token in the file is over",
    remedy: "see why what writes it has stopped",
    check: "token",
    code: "STS_TOKEN_EXPIRED",
    evidence: /the token is over/,
    spoil: tokenFile(EXPIRED),
    mend: goodTokenFile,
  },
  {
    cause: "an old token in `GCP2AWS_IDENTITY_TOKEN` hides the metadata server",
    remedy: "unset it",
    check: "token",
    code: "STS_TOKEN_EXPIRED",
    evidence: /the token is over/,
    spoil: variable("GCP2AWS_IDENTITY_TOKEN", EXPIRED),
  },
  {
    cause: "`GCP2AWS_IDENTITY_TOKEN` holds something else",
    remedy: "unset it, or put a token into it",
    check: "token",
    code: "IDENTITY_BAD_TOKEN",
    evidence: /not an identity token/,
    spoil: variable("GCP2AWS_IDENTITY_TOKEN", "$(gcloud auth print-identity-token)"),
  },
  {
    cause: "`--audience` is not that of the token in the file",
    remedy: "that of the token, or have it made for another",
    check: "token",
    code: "IDENTITY_BAD_TOKEN",
    evidence: /for another audience/,
    spoil: (place) => {
      tokenFile(undefined)(place);
      goodTokenFile(place);
      place.flags["audience"] = "https://other.example.com";
    },
  },
];

/** On a VM of team B, which asks for a token of team A's. */
const impersonating = (place: Place) => {
  place.flags["service-account"] = "team-b@example-project.iam.gserviceaccount.com";
  place.flags["impersonate-service-account"] = "team-a@example-project.iam.gserviceaccount.com";
};

const others: Trouble[] = [
  {
    cause: "the service account to impersonate does not allow it",
    remedy: "`roles/iam.serviceAccountOpenIdTokenCreator` for the caller",
    check: "token",
    code: "IDENTITY_REFUSED",
    evidence: /getOpenIdToken/,
    spoil: (place) => {
      impersonating(place);
      const [teamA] = place.definition.service_accounts;
      if (teamA !== undefined) teamA.token_creators = [];
    },
  },
  {
    cause: "the VM's access scopes leave out the IAM API",
    remedy: "the scope `cloud-platform`",
    check: "token",
    code: "IDENTITY_REFUSED",
    evidence: /scope/,
    spoil: (place) => {
      impersonating(place);
      const [, teamB] = place.definition.service_accounts;
      if (teamB !== undefined)
        Object.assign(teamB, { scopes: ["https://www.googleapis.com/auth/devstorage.read_only"] });
    },
    mend: (place) => {
      place.definition.service_accounts = structuredClone(defaultDocument.service_accounts);
    },
  },
  {
    cause: "`--azp email`, and the trust policy has the number under `:aud`",
    remedy: "`--azp numeric`, or the email there",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /:aud is 100111222333444555666, the request has team-a@/,
    spoil: (place) => {
      impersonating(place);
      place.flags["azp"] = "email";
      place.administer();
    },
  },
  {
    cause: "`GOOGLE_APPLICATION_CREDENTIALS` names a file that is not there",
    remedy: "mend or unset it",
    check: "token",
    code: "IDENTITY_NOT_FOUND",
    evidence: /nowhere\.json/,
    spoil: variable("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json"),
    mend: variable("GOOGLE_APPLICATION_CREDENTIALS", undefined),
  },
  {
    cause: "the file of `GOOGLE_APPLICATION_CREDENTIALS` is no JSON",
    remedy: "make it anew",
    check: "token",
    code: "IDENTITY_NOT_FOUND",
    evidence: /adc\.json/,
    spoil: (place) => {
      place.env["GOOGLE_APPLICATION_CREDENTIALS"] = place.file("adc.json", "-----BEGIN PRIVATE KEY-----\n");
    },
    mend: variable("GOOGLE_APPLICATION_CREDENTIALS", undefined),
  },
  {
    cause: "the program of `--identity-token-command` fails",
    remedy: "run it by hand",
    check: "token",
    code: "IDENTITY_COMMAND",
    evidence: /\/bin\/false/,
    spoil: set(["identity-token-command", "/bin/false"]),
    mend: set(["identity-token-command", null]),
  },
  {
    cause: "a later role of `--via` does not trust the one before it",
    remedy: "that role's ARN as `Principal` of the later one",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /hop 2 of 2: .*: not assumed/,
    spoil: (place) => {
      place.flags["role-arn"] = "arn:aws:iam::111122223333:role/Last";
      place.flags["via"] = ROLE;
      place.role().permissions = [
        { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" }] },
      ];
      place.definition.roles.push({ name: "Last", trust_policy: byRole("Other"), permissions: [] });
    },
    mend: (place) => {
      const last = place.definition.roles.at(-1);
      if (last !== undefined) last.trust_policy = byRole("RoleForAccessFromGCPTeamA");
    },
  },
  {
    cause: "the role is of an account that `--allowed-account` does not name",
    remedy: "the right role, or the account there",
    check: "flags",
    code: "USAGE_INVALID_VALUE",
    evidence: /111122223333/,
    spoil: set(["allowed-account", "444455556666"]),
    mend: set(["allowed-account", null]),
  },
];

const byRole = (name: string) => ({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { AWS: `arn:aws:iam::111122223333:role/${name}` }, Action: "sts:AssumeRole" },
  ],
});

const metadata: Trouble[] = [
  {
    cause: "nobody answers at the metadata server's address",
    remedy: "run it on Google Cloud; check `GCE_METADATA_HOST`",
    check: "metadata",
    code: "IDENTITY_UNREACHABLE",
    evidence: /connection refused/,
    spoil: variable("GCE_METADATA_HOST", "127.0.0.1:1"),
    mend: (place) => delete place.env["GCE_METADATA_HOST"],
  },
  {
    cause: "something else answers there: another cloud's, a captive portal",
    remedy: "run it on Google Cloud; check `GCE_METADATA_HOST`",
    check: "metadata",
    code: "IDENTITY_NOT_GOOGLE",
    evidence: /without the header Metadata-Flavor/,
    spoil: (place) => {
      place.metadataMood = (_, response) => void response.writeHead(404).end("not here");
    },
    mend: (place) => {
      place.metadataMood = honest;
    },
  },
  {
    cause: "the metadata server is asked through a proxy, and refuses",
    remedy: "ask it directly",
    check: "metadata",
    code: "IDENTITY_REFUSED",
    evidence: /status 403/,
    spoil: (place) => {
      place.metadataMood = instead(403, "Requests with X-Forwarded-For are refused");
    },
    mend: (place) => {
      place.metadataMood = honest;
    },
  },
  {
    cause: "the metadata server is not ready",
    remedy: "wait; `--wait` for young pods",
    check: "metadata",
    code: "IDENTITY_UNAVAILABLE",
    evidence: /status 503/,
    spoil: fault("metadata:status=503"),
    mend: noFaults,
  },
  {
    cause: "the metadata server throttles",
    remedy: "ask less often: keep the cache on",
    check: "metadata",
    code: "IDENTITY_UNAVAILABLE",
    evidence: /status 429/,
    spoil: fault("metadata:status=429"),
    mend: noFaults,
  },
  {
    cause: "the metadata server does not answer in time",
    remedy: "check network policies of the pod",
    check: "metadata",
    code: "IDENTITY_TIMEOUT",
    evidence: /no answer in time/,
    spoil: fault("metadata:latency=20000"),
    mend: noFaults,
  },
  {
    cause: "the metadata server hangs up",
    remedy: "look at the node's metadata server",
    check: "metadata",
    code: "IDENTITY_UNREACHABLE",
    evidence: /broke off/,
    spoil: (place) => {
      place.metadataMood = away;
    },
    mend: (place) => {
      place.metadataMood = honest;
    },
  },
];

const accounts: Trouble[] = [
  {
    cause: "the service account is misspelt",
    remedy: "one of those that the message lists",
    check: "account",
    code: "IDENTITY_NOT_FOUND",
    evidence: /it has .*team-a@example-project/,
    spoil: (place) => {
      place.definition.service_accounts = place.definition.service_accounts.slice(0, 1);
      place.flags["service-account"] = "team_a@example-project.iam.gserviceaccount.com";
    },
  },
  {
    cause: "the VM has no service account",
    remedy: "`gcloud compute instances set-service-account`",
    check: "account",
    code: "IDENTITY_NOT_FOUND",
    evidence: /no service account at all/,
    spoil: (place) => {
      place.definition.service_accounts = [];
    },
  },
  {
    cause: "the pod's Kubernetes service account names no Google one",
    remedy:
      "`kubectl annotate serviceaccount`, and let it in with `gcloud iam service-accounts add-iam-policy-binding`",
    check: "account",
    code: "IDENTITY_NOT_FOUND",
    evidence: /is not annotated/,
    spoil: (place) => {
      place.definition.workload["platform"] = "gke";
      place.definition.service_accounts = [];
    },
  },
  {
    cause: "the Google service account does not let the pod's in",
    remedy: "`roles/iam.workloadIdentityUser` for it",
    check: "token",
    code: "IDENTITY_REFUSED",
    evidence: /getOpenIdToken/,
    spoil: (place) => {
      place.definition.workload["platform"] = "gke";
      const refused = instead(
        403,
        "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).",
      );
      place.metadataMood = (answer, response) =>
        answer.body.startsWith("ey") ? refused(answer, response) : honest(answer, response);
    },
  },
];

const endpoints: Trouble[] = [
  {
    cause: "nobody answers at the endpoint",
    remedy: "mend it, or leave it out",
    check: "endpoint",
    code: "STS_UNREACHABLE",
    evidence: /connection refused/,
    spoil: set(["sts-endpoint", "https://127.0.0.1:1"]),
  },
  {
    cause: "the endpoint's name is not found",
    remedy: "mend it, or leave it out; check DNS",
    check: "endpoint",
    code: "STS_UNREACHABLE",
    evidence: /name was not found/,
    spoil: set(["sts-endpoint", "https://sts.invalid"]),
  },
  {
    cause: "a variable still names an endpoint that is gone, as that of an emulator",
    remedy: "unset it: `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`",
    check: "endpoint",
    code: "STS_UNREACHABLE",
    evidence: /connection refused/,
    spoil: (place) => {
      place.env["AWS_ENDPOINT_URL_STS"] = "http://localhost:1";
      place.env["AWS_ENDPOINT_URL"] = "STS_URL";
    },
  },
  {
    cause: "a company proxy opens TLS with an authority of its own",
    remedy: "`--ca-bundle` or `AWS_CA_BUNDLE`",
    check: "endpoint",
    code: "STS_TLS",
    evidence: /TLS was refused/,
    spoil: (place) => {
      place.tls = { name: "localhost" };
    },
    mend: (place) => {
      place.env["AWS_CA_BUNDLE"] = place.authority?.ca;
    },
  },
  {
    cause: "the endpoint's certificate is for another name",
    remedy: "the name that it is for",
    check: "endpoint",
    code: "STS_TLS",
    evidence: /TLS was refused/,
    spoil: (place) => {
      place.tls = { name: "sts.example.com" };
    },
    mend: (place) => {
      place.tls = { name: "localhost" };
      place.env["AWS_CA_BUNDLE"] = place.authority?.ca;
    },
  },
  {
    cause: "the endpoint's certificate is over",
    remedy: "have it renewed",
    check: "endpoint",
    code: "STS_TLS",
    evidence: /TLS was refused/,
    spoil: (place) => {
      place.tls = { name: "localhost", dates: ["-days", "-1"] };
    },
    mend: (place) => {
      place.tls = { name: "localhost" };
      place.env["AWS_CA_BUNDLE"] = place.authority?.ca;
    },
  },
  {
    cause: "the bundle of authorities is not there",
    remedy: "mend the path",
    check: "endpoint",
    code: "LOCAL_FILE",
    evidence: /nowhere\.pem not read/,
    spoil: variable("AWS_CA_BUNDLE", "/nowhere.pem"),
    mend: variable("AWS_CA_BUNDLE", undefined),
  },
  {
    cause: "the bundle of authorities is not PEM",
    remedy: "`openssl x509 -inform der`",
    check: "endpoint",
    code: "LOCAL_FILE",
    evidence: /no certificate in PEM/,
    spoil: (place) => {
      place.env["AWS_CA_BUNDLE"] = place.file("ca.der", "0\u0082");
    },
    mend: variable("AWS_CA_BUNDLE", undefined),
  },
  {
    cause: "the proxy asks for a password",
    remedy: "`HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT`",
    check: "endpoint",
    code: "STS_UNREACHABLE",
    evidence: /proxy status 407/,
    spoil: (place) => {
      place.proxyPassword = "secret-of-the-proxy";
      place.tls = { name: "sts.us-east-1.amazonaws.com" };
    },
    mend: (place) => {
      place.env["HTTPS_PROXY"] = "http://user:secret-of-the-proxy@PROXY_URL";
      place.env["AWS_CA_BUNDLE"] = place.authority?.ca;
    },
  },
  {
    cause: "the proxy is SOCKS",
    remedy: "an http or https proxy",
    check: "endpoint",
    code: "USAGE_INVALID_VALUE",
    evidence: /HTTPS_PROXY: must be/,
    spoil: variable("HTTPS_PROXY", "socks5://127.0.0.1:1080"),
    mend: variable("HTTPS_PROXY", undefined),
  },
  {
    cause: "nobody answers at the proxy's address",
    remedy: "mend or unset `HTTPS_PROXY`; `NO_PROXY` for this host",
    check: "endpoint",
    code: "STS_UNREACHABLE",
    evidence: /through the proxy http:\/\/127\.0\.0\.1:1/,
    spoil: (place) => {
      place.proxyPassword = "secret-of-the-proxy";
      place.tls = { name: "sts.us-east-1.amazonaws.com" };
      place.env["HTTPS_PROXY"] = "http://127.0.0.1:1";
    },
    mend: (place) => {
      place.env["HTTPS_PROXY"] = "http://user:secret-of-the-proxy@PROXY_URL";
      place.env["AWS_CA_BUNDLE"] = place.authority?.ca;
    },
  },
  {
    cause: "the connection to STS breaks off",
    remedy: "look at firewalls on the way",
    check: "endpoint",
    code: "STS_UNREACHABLE",
    evidence: /broke off/,
    spoil: fault("sts:drop"),
    mend: noFaults,
  },
  {
    cause: "STS does not answer in time",
    remedy: "look at routes; a longer `--timeout`",
    check: "endpoint",
    code: "STS_TIMEOUT",
    evidence: /no answer in time/,
    spoil: fault("sts:latency=20000"),
    mend: noFaults,
  },
  {
    cause: "the profile's `endpoint_url` is no URL",
    remedy: "mend the line that the message names",
    check: "endpoint",
    code: "USAGE_INVALID_VALUE",
    evidence: /config, line 2/,
    spoil: (place) => {
      place.config("[default]\nendpoint_url = sts.us-east-1.amazonaws.com\n");
      place.env["AWS_ENDPOINT_URL_STS"] = undefined;
    },
    mend: (place) => {
      place.config("");
      delete place.env["AWS_ENDPOINT_URL_STS"];
    },
  },
  {
    cause: "`--region auto` in a zone that is not known",
    remedy: "name the region",
    check: "endpoint",
    code: "USAGE_INVALID_VALUE",
    evidence: /no region is known to be near/,
    spoil: (place) => {
      place.definition.workload["zone"] = "mars-north1-a";
      place.flags["region"] = "auto";
    },
    mend: set(["region", "us-east-1"]),
  },
];

const regions: Trouble[] = [
  {
    symptom: "You must specify a region.",
    cause: "`AWS_REGION` alone is set, which boto3 does not read",
    remedy: "`AWS_DEFAULT_REGION` as well",
    check: "region",
    code: "USAGE_INVALID_VALUE",
    evidence: /boto3 will find none/,
    spoil: variable("AWS_REGION", "us-east-1"),
    warning: true,
  },
  {
    symptom: "Region is missing",
    cause: "`AWS_DEFAULT_REGION` alone is set, which the SDKs for JavaScript and Go do not read",
    remedy: "`AWS_REGION` as well",
    check: "region",
    code: "USAGE_INVALID_VALUE",
    evidence: /JavaScript and Go will find none/,
    spoil: variable("AWS_DEFAULT_REGION", "us-east-1"),
    warning: true,
  },
];

const clocks: Trouble[] = [
  {
    cause: "the clock is hours off",
    remedy: "set it: `chronyc makestep`",
    check: "clock",
    code: "LOCAL_CLOCK",
    evidence: /2 h behind/,
    spoil: fault("metadata:clock-skew=7200", "sts:clock-skew=7200"),
  },
  {
    cause: "the clock is minutes off",
    remedy: "set it: `chronyc makestep`",
    check: "clock",
    code: "LOCAL_CLOCK",
    evidence: /5 min ahead of/,
    spoil: fault("metadata:clock-skew=-300", "sts:clock-skew=-300"),
    warning: true,
  },
];

const exchanges: Trouble[] = [
  {
    cause: "the session name is to hold the instance's name, and this is no VM",
    remedy: "`{sub}` or `{email}`",
    check: "session-name",
    code: "USAGE_MISSING_CLAIM",
    evidence: /has no claim "instance_name"/,
    spoil: (place) => {
      place.definition.workload["platform"] = "cloud-run";
      place.flags["role-session-name"] = "{instance_name}";
    },
  },
  {
    cause: "the trust policy has the audience under `:aud`",
    remedy: "under `:oaud`; `:aud` is the token's azp",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /is the token's aud, which belongs under accounts\.google\.com:oaud/,
    spoil: trust((place) => {
      place.statement()["Condition"] = {
        StringEquals: { "accounts.google.com:aud": AUDIENCE, "accounts.google.com:sub": TEAM_A },
      };
    }),
  },
  {
    cause: "the trust policy has the numeric ID under `:oaud`",
    remedy: "the audience there",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /the numeric ID belongs under accounts\.google\.com:sub and accounts\.google\.com:aud/,
    spoil: trust(condition("oaud", TEAM_A)),
  },
  {
    cause: "the trust policy has the email under `:sub`",
    remedy: "the numeric ID",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /is compared with the numeric ID \d+; the email is under/,
    spoil: trust(condition("sub", "team-a@example-project.iam.gserviceaccount.com")),
  },
  {
    cause: "a digit of the numeric ID is wrong",
    remedy: "that of the token",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /:sub is 100111222333444555667, the request has 100111222333444555666/,
    spoil: trust(condition("sub", "100111222333444555667")),
  },
  {
    cause: "the audience differs in a slash at the end",
    remedy: "the same in both places",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /differ in the slash at the end alone/,
    spoil: trust(condition("oaud", `${AUDIENCE}/`)),
  },
  {
    cause: "the audience differs in case",
    remedy: "the same in both places",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /differ in capital letters alone/,
    spoil: trust(condition("oaud", "https://AWS.example.com")),
  },
  {
    cause: "another audience is asked for than the trust policy wants",
    remedy: "that of the trust policy as `--audience`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /the request has https:\/\/other\.example\.com/,
    spoil: trust(set(["audience", "https://other.example.com"])),
  },
  {
    cause: "a wildcard under `StringEquals`",
    remedy: "the value itself, or `StringLike`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /StringEquals takes \* and \? as they stand/,
    spoil: trust(condition("oaud", "https://*.example.com")),
  },
  {
    cause: "the trust policy names a key that there is not: `:azp`",
    remedy: "`:aud`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /azp is compared under accounts\.google\.com:aud/,
    spoil: trust(condition("azp", TEAM_A)),
  },
  {
    cause: "the keys of the trust policy have `https://` in front",
    remedy: "`accounts.google.com:sub`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /the keys of this issuer begin with accounts\.google\.com:/,
    spoil: trust((place) => {
      place.statement()["Condition"] = { StringEquals: { "https://accounts.google.com:sub": TEAM_A } };
    }),
  },
  {
    cause: "the principal is a URL",
    remedy: "`accounts.google.com`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /Principal is Federated https:\/\/accounts\.google\.com, .*Google's name in a trust policy/,
    spoil: trust((place) => {
      place.statement()["Principal"] = { Federated: "https://accounts.google.com" };
    }),
  },
  {
    cause: "the principal is an OIDC provider of the account, where Google is built in",
    remedy: "`accounts.google.com`, without a provider",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /Google is built into AWS under the name accounts\.google\.com/,
    spoil: trust((place) => {
      place.statement()["Principal"] = { Federated: "arn:aws:iam::111122223333:oidc-provider/accounts.google.com" };
    }),
  },
  {
    cause: "the trust policy is that of AWS principals",
    remedy: "a statement for `accounts.google.com`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /Action is sts:AssumeRole, the request has/,
    spoil: trust((place) => {
      place.role().trust_policy.Statement = [
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "sts:AssumeRole" },
      ];
    }),
  },
  {
    cause: "the action is `sts:AssumeRole`",
    remedy: "`sts:AssumeRoleWithWebIdentity`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /a token asks for sts:AssumeRoleWithWebIdentity/,
    spoil: trust((place) => {
      place.statement()["Action"] = "sts:AssumeRole";
    }),
  },
  {
    cause: "the trust policy wants another session name",
    remedy: "that one as `--role-session-name`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /sts:RoleSessionName is ci-bot, the request has/,
    spoil: trust(sessionNamed),
  },
  {
    cause: "a `Deny` statement of the trust policy fits too",
    remedy: "take it out, if this workload is meant to get in",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /Statement\[1\] "NotTeamA" denies this token/,
    spoil: trust((place) => {
      place.role().trust_policy.Statement.push({ ...place.statement(), Sid: "NotTeamA", Effect: "Deny" });
    }),
    mend: (place) => void place.role().trust_policy.Statement.pop(),
  },
  {
    cause: "the workload runs as another service account",
    remedy: "attach the right one, or trust this one",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /the request has 100222333444555666777/,
    spoil: trust(set(["service-account", "team-b@example-project.iam.gserviceaccount.com"])),
  },
  {
    cause: "there is no role of that name",
    remedy: "mend the name, or make the role",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /there is no role RoleForAccessFromGCPTeamX/,
    spoil: trust(set(["role-arn", `${ROLE.slice(0, -1)}X`])),
    mend: set(["role-arn", ROLE]),
  },
  {
    cause: "the role has a path, which the ARN lacks",
    remedy: "the whole ARN: `aws iam get-role`",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /the ARN of role .* is arn:aws:iam::111122223333:role\/teams\//,
    spoil: trust((place) => {
      place.role().path = "/teams/";
    }),
  },
  {
    cause: "the account in the ARN is another",
    remedy: "that of the role",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /the ARN of role .* is arn:aws:iam::111122223333:/,
    spoil: trust(set(["role-arn", ROLE.replace("111122223333", "111122223334")])),
  },
  {
    cause: "the trust policy in a file shows it, without keys of AWS",
    remedy: "as the doctor says",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /is compared with the numeric ID \d+; the email is under/,
    spoil: (place) => {
      condition("sub", "team-a@example-project.iam.gserviceaccount.com")(place);
      place.trustPolicy = place.file("trust.json", JSON.stringify(place.role().trust_policy));
    },
  },
  {
    cause: "the session is to last longer than the role allows",
    remedy: "ask for less, or raise the role's `MaxSessionDuration`",
    check: "exchange",
    code: "STS_REQUEST_REJECTED",
    evidence: /its MaxSessionDuration is 7200 s/,
    spoil: trust((place) => {
      place.role().max_session_duration = 7200;
      place.flags["duration-seconds"] = "43200";
    }),
  },
  {
    cause: "the token is of a GKE cluster, and the account has no OIDC provider for that",
    remedy: "`aws iam create-open-id-connect-provider`",
    check: "exchange",
    code: "STS_TOKEN_REJECTED",
    evidence: /No OpenIDConnect provider found/,
    spoil: (place) => {
      projected("sts.amazonaws.com")(place);
      place.flags["audience"] = null;
    },
  },
  {
    cause: "the account's OIDC provider does not take the token's audience",
    remedy: "`aws iam add-client-id-to-open-id-connect-provider`",
    check: "exchange",
    code: "STS_TOKEN_REJECTED",
    evidence: /Incorrect token audience/,
    spoil: (place) => {
      projected("sts.amazonaws.com")(place);
      place.flags["audience"] = null;
      place.definition.oidc_providers = [{ url: `https://${CLUSTER}`, client_ids: ["https://other.example.com"] }];
    },
  },
  {
    cause: "the trust policy names another Kubernetes service account",
    remedy: "`system:serviceaccount:NAMESPACE:NAME` of the pod",
    check: "exchange",
    code: "STS_ACCESS_DENIED",
    evidence: /the request has system:serviceaccount:default:default/,
    spoil: trust((place) => {
      projected("sts.amazonaws.com")(place);
      place.flags["audience"] = null;
      place.definition.oidc_providers = [{ url: `https://${CLUSTER}`, client_ids: ["sts.amazonaws.com"] }];
      place.statement()["Condition"] = { StringEquals: { [`${CLUSTER}:sub`]: "system:serviceaccount:prod:app" } };
    }),
  },
  {
    cause: "STS is switched off in that region for the account",
    remedy: "activate it, or another region",
    check: "exchange",
    code: "STS_REGION_DISABLED",
    evidence: /STS is not activated in this region/,
    spoil: (place) => {
      place.stsMood = stsError(
        "RegionDisabledException",
        "STS is not activated in this region for account:111122223333.",
      );
    },
    mend: (place) => {
      place.stsMood = honest;
    },
  },
  {
    cause: "something else answers for STS: a captive portal, a page of a proxy",
    remedy: "check the endpoint, and what stands on the way",
    check: "exchange",
    code: "STS_BAD_RESPONSE",
    evidence: /was not used/,
    spoil: (place) => {
      place.stsMood = instead(200, "<html><body>Sign in to the network</body></html>");
    },
    mend: (place) => {
      place.stsMood = honest;
    },
  },
  {
    cause: "STS fails",
    remedy: "try later, or another region; `--fallback-region`",
    check: "exchange",
    code: "STS_UNAVAILABLE",
    evidence: /ServiceUnavailable/,
    spoil: fault("sts:status=503"),
    mend: noFaults,
  },
  {
    cause: "STS throttles",
    remedy: "spread calls; keep the cache on",
    check: "exchange",
    code: "STS_THROTTLED",
    evidence: /Rate exceeded/,
    spoil: fault("sts:throttling"),
    mend: noFaults,
  },
  {
    cause: "AWS cannot reach Google's keys",
    remedy: "try later",
    check: "exchange",
    code: "STS_IDP_UNREACHABLE",
    evidence: /Error communicating with the identity provider/,
    spoil: fault("sts:idp-communication-error"),
    mend: noFaults,
  },
  {
    cause: "the credentials live so shortly that boto3 asks for new ones at each use",
    remedy: "a longer session",
    check: "session",
    code: "USAGE_INVALID_VALUE",
    evidence: /less than 15 min are left/,
    spoil: set(["duration-seconds", "900"]),
    warning: true,
  },
  {
    cause: "the region is not that of the endpoint, so signatures are not taken",
    remedy: "the endpoint's own",
    check: "caller",
    code: "STS_REQUEST_REJECTED",
    evidence: /Credential should be scoped/,
    spoil: set(["region", "eu-west-1"]),
    mend: set(["region", null]),
  },
];

const clients: Trouble[] = [
  {
    cause: "an AWS CLI of before 2018 does not know `credential_process`",
    remedy: "version 2",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /does not know credential_process/,
    spoil: (place) => client(place, "aws-cli/1.11.190 Python/2.7.12 Linux/4.4.0 botocore/1.7.48"),
    mend: (place) => client(place, "aws-cli/2.36.0 Python/3.13.4 Linux/6.1.0 exe/x86_64.debian.13"),
    warning: true,
  },
  {
    cause: "an AWS CLI of before 2023 reads no endpoint from variables or the profile",
    remedy: "2.13 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /reads neither AWS_ENDPOINT_URL_STS/,
    spoil: (place) => client(place, "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0 source/x86_64.debian.12 prompt/off"),
    mend: (place) => client(place, "aws-cli/2.36.0 Python/3.13.4 Linux/6.1.0 exe/x86_64.debian.13"),
    warning: true,
  },
  {
    cause:
      "an AWS SDK for JavaScript v3 of before February 2024 reads no token from `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`",
    remedy: "packages of `@aws-sdk` of 3.503.1 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence:
      /credential-provider-node 3\.490\.0 \(node_modules\): does not read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE/,
    spoil: (place) => {
      place.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = join(place.home, "token");
      installed("@aws-sdk/credential-provider-node", "3.490.0")(place);
    },
    mend: installed("@aws-sdk/credential-provider-node", "3.1173.0"),
    warning: true,
  },
  {
    cause:
      "AWS SDKs for JavaScript v3 of July 2025 have a `@smithy/middleware-endpoint` that passes over `AWS_ENDPOINT_URL`",
    remedy: "4.1.15 or later of that, with newer packages of `@aws-sdk`",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /middleware-endpoint 4\.1\.14 \(node_modules\): reads neither AWS_ENDPOINT_URL_STS/,
    spoil: (place) => {
      installed("@aws-sdk/credential-provider-node", "3.844.0")(place);
      installed("@smithy/middleware-endpoint", "4.1.14")(place);
    },
    mend: (place) => {
      installed("@aws-sdk/credential-provider-node", "3.845.0")(place);
      installed("@smithy/middleware-endpoint", "4.1.15")(place);
    },
    warning: true,
  },
  {
    cause: "the AWS SDK for JavaScript v2 reads no endpoint from variables or the profile",
    remedy: "version 3",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /aws-sdk 2\.1692\.0 \(node_modules\): reads neither AWS_ENDPOINT_URL_STS .*, as no version of it does/,
    spoil: installed("aws-sdk", "2.1692.0"),
    mend: (place) => {
      installed("aws-sdk", undefined)(place);
      installed("@aws-sdk/credential-provider-node", "3.1173.0")(place);
    },
    warning: true,
  },
  {
    cause: "an AWS SDK for Go v2 of before November 2023 reads no endpoint from variables or the profile",
    remedy: "`go get github.com/aws/aws-sdk-go-v2/config`: 1.21 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /aws-sdk-go-v2\/config 1\.17\.1 \(go\.mod\): reads neither AWS_ENDPOINT_URL_STS/,
    spoil: goModule("github.com/aws/aws-sdk-go-v2/config v1.17.1"),
    mend: goModule("github.com/aws/aws-sdk-go-v2/config v1.27.27"),
    warning: true,
  },
  {
    cause: "the AWS SDK for Go v1 reads no endpoint from variables or the profile",
    remedy: "`github.com/aws/aws-sdk-go-v2`",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /aws-sdk-go 1\.55\.5 \(go\.mod\): reads neither AWS_ENDPOINT_URL_STS .*, as no version of it does/,
    spoil: goModule("github.com/aws/aws-sdk-go v1.55.5"),
    mend: goModule("github.com/aws/aws-sdk-go-v2/config v1.27.27"),
    warning: true,
  },
  {
    cause: "an AWS SDK for Ruby of before July 2023 reads no endpoint from variables or the profile",
    remedy: "`bundle update aws-sdk-core`: 3.178 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /aws-sdk-core 3\.170\.0 \(Gemfile\.lock\): reads neither AWS_ENDPOINT_URL_STS/,
    spoil: gem("3.170.0"),
    mend: gem("3.211.0"),
    warning: true,
  },
  {
    cause: "an AWS SDK for PHP of before September 2023 reads no endpoint from variables or the profile",
    remedy: "`composer update aws/aws-sdk-php`: 3.281 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /aws-sdk-php 3\.263\.10 \(composer\.lock\): reads neither AWS_ENDPOINT_URL_STS/,
    spoil: composerLock("3.263.10"),
    mend: composerLock("3.363.2"),
    warning: true,
  },
  {
    cause: "an AWS SDK for Java v2 of before September 2024 reads no endpoint from variables or the profile",
    remedy: "`software.amazon.awssdk:bom` of 2.28.1 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /software\.amazon\.awssdk 2\.25\.60 \(pom\.xml\): reads neither AWS_ENDPOINT_URL_STS/,
    spoil: pom("2.25.60"),
    mend: pom("2.31.0"),
    warning: true,
  },
  {
    cause: "an AWS SDK for .NET of before 2024 reads no token from `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`",
    remedy: "packages of `AWSSDK` that bring an `AWSSDK.Core` of 3.7.302 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence:
      /AWSSDK\.Core 3\.7\.204\.9 \(obj\/project\.assets\.json\): does not read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE/,
    spoil: (place) => {
      place.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = join(place.home, "token");
      restored("3.7.204.9")(place);
    },
    mend: restored("3.7.400.4"),
    warning: true,
  },
  {
    cause: "an AWS SDK for Rust of before March 2024 reads no endpoint from variables or the profile",
    remedy: "`cargo update -p aws-config`: 1.5.9 or later",
    check: "clients",
    code: "LOCAL_COMMAND",
    evidence: /aws-config 1\.1\.7 \(Cargo\.lock\): reads neither AWS_ENDPOINT_URL_STS/,
    spoil: cargoLock("1.1.7"),
    mend: cargoLock("1.5.9"),
    warning: true,
  },
];

/** By the headings of docs/troubleshooting.md. */
export const troubles: Readonly<Record<string, readonly Trouble[]>> = {
  "Flags and environment": flags,
  "The profile": profiles,
  "What comes before it": shadows,
  "The cache": caches,
  "The metadata server": metadata,
  "The service account": accounts,
  "The identity token": tokens,
  "Other accounts, other sources, other roles": others,
  "The way to AWS STS": endpoints,
  "The clock": clocks,
  "The region": regions,
  "The exchange, and what comes of it": exchanges,
  "Installed clients": clients,
};
