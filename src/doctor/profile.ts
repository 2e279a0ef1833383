import {
  type AwsFile,
  type AwsFileKind,
  parseAwsFile,
  type Problem,
  type Property,
  sectionOf,
} from "../aws-files/parse.ts";
import { splitAsBotocore, splitAsShell } from "../aws-files/split-command.ts";
import type { FlagValues } from "../config/read.ts";
import { awsSurroundings, awsVariables } from "../config/surroundings.ts";
import { Gcp2awsError, printable } from "../errors.ts";
import { readUserFile } from "../delivery/edit-file.ts";
import { FileError, type Host } from "../host.ts";
import { shellWord } from "../shell-word.ts";
import {
  type Check,
  type Examination,
  failed,
  type Tools,
  type Finding,
  failure,
  ok,
  skipped,
  warning,
} from "./check.ts";

/** The profile as each SDK reads it: the file, the section, and the line of credential_process, whose flags are then looked at. */
export const profileCheck: Check = {
  id: "profile",
  title: "profile of the AWS files",
  needs: [],
  run: (examination) => {
    const { host, profile, tools } = examination;
    if (profile === undefined) return skipped("no --profile is given");
    const { configFile, credentialsFile } = awsSurroundings(host.env);
    const read = (path: string, kind: AwsFileKind) => parseAwsFile(readUserFile(path, host, tools.user), kind);
    const credentials = read(credentialsFile, "credentials");
    const inCredentials = processOf(credentials, profile);
    // The SDKs merge the two files, and what is in this one wins.
    if (inCredentials !== undefined) return lookAt(credentials, credentialsFile, profile, examination);
    const config = read(configFile, "config");
    if (config.lines.length > 0) return lookAt(config, configFile, profile, examination);
    return failure("LOCAL_AWS_FILE", [`${printable(configFile)} is not there, or empty`], {
      text: "see what AWS_CONFIG_FILE says, or write the profile with gcp2aws configure",
    });
  },
};

function processOf(file: AwsFile, profile: string): Property | undefined {
  return sectionOf(file, profile)?.properties.find(({ key }) => key === "credential_process");
}

function lookAt(parsed: AwsFile, file: string, profile: string, examination: Examination): Finding {
  const section = sectionOf(parsed, profile);
  const isInside = ({ line }: Problem) => section !== undefined && line >= section.line && line <= section.lastLine;
  const problem = parsed.problems.find((one) => isInside(one) || spoilsAll(one, parsed));
  if (problem !== undefined) return misread(parsed, file, problem.line, problem.why);
  if (section === undefined) return noProfile(parsed, file, profile);
  const property = processOf(parsed, profile);
  if (property !== undefined) return lookAtLine(property, file, examination);
  return failure(
    "LOCAL_AWS_FILE",
    [`${printable(file)}, line ${section.line}: profile ${printable(profile, 100)} has no credential_process`],
    { text: `write it with gcp2aws configure --profile ${printable(profile, 100)} --take-over` },
  );
}

/** What is an error for the whole file to botocore; any other slip matters in its own section alone. */
function spoilsAll({ line, why }: Problem, { lines }: AwsFile): boolean {
  const text = lines[line - 1] ?? "";
  if (text.startsWith("\ufeff") || why.startsWith("repeats ") || why.startsWith("stands before ")) return true;
  return why.startsWith("is neither ") && !/^\s|[=:]/.test(text);
}

/** A line that botocore and the JavaScript SDK take differently, or that spoils the whole file for one of them. */
function misread(parsed: AwsFile, file: string, line: number, why: string): Finding {
  const text = (parsed.lines[line - 1] ?? "").replace(/\r?\n$/, "");
  const evidence = [`${printable(file)}, line ${line} ${printable(why)}`];
  const mended = mend(text, why);
  if (mended === undefined)
    return failure("LOCAL_AWS_FILE", evidence, { text: "mend that line; docs/files.md has what all SDKs read alike" });
  return failure("LOCAL_AWS_FILE", evidence, {
    text: "mend that line, so that all SDKs read it alike",
    lines: [{ file, line, text: mended }],
  });
}

/** What the line was most likely meant to be, for those slips that leave no doubt. */
function mend(text: string, why: string): string | undefined {
  if (mayBeSecret(text)) return undefined;
  if (text.startsWith("\ufeff")) return text.slice(1);
  if (why.startsWith("is indented")) return text.trim();
  if (why.startsWith('has " #" or " ;"')) return text.replace(/\s+[#;].*$/, "");
  if (why.startsWith("has a key in capitals")) return text.replace(/^[^=]*/, (key) => key.toLowerCase());
  if (why.startsWith("repeats ")) return `# ${text}`;
  if (/^\s*[\w.-]+\s*:/.test(text)) return text.replace(/\s*:\s*/, " = ");
  return undefined;
}

/** What may be a secret is not repeated: neither one by its name, nor the line of another program, nor what goes on from the line before. */
function mayBeSecret(text: string): boolean {
  if (/secret|token|password|access_key/i.test(text)) return true;
  const plain = text.replace(/^\ufeff/, "").trim();
  if (/^credential_process\b/i.test(plain)) return !isOwn(plain);
  return !/^(\[|\w[\w.-]*\s*[=:])/.test(plain);
}

/** Whether a command is gcp2aws's; that of another program may have a secret in it. */
function isOwn(command: string): boolean {
  return command.includes(" credential-process ");
}

function noProfile(parsed: AwsFile, file: string, profile: string): Finding {
  const near = parsed.sections.find(({ header }) => header.replace(/^profile\s+/i, "") === profile);
  const known = parsed.sections.flatMap((section) => (section.profile === undefined ? [] : [section.profile]));
  const evidence = [
    `${printable(file)} has no profile ${printable(profile, 100)}`,
    known.length === 0 ? "it has no profile at all" : `it has ${printable(known.join(" "), 200)}`,
  ];
  if (near !== undefined) {
    return failure(
      "LOCAL_AWS_FILE",
      [
        ...evidence,
        `line ${near.line} is [${printable(near.header, 100)}], which this file does not take for a profile`,
      ],
      {
        text: "in the config file the word profile stands before the name, in small letters",
        lines: [{ file, line: near.line, text: `[profile ${profile}]` }],
      },
    );
  }
  return failure("LOCAL_AWS_FILE", evidence, {
    text: "check the name, or AWS_CONFIG_FILE; or write the profile with gcp2aws configure",
  });
}

function lookAtLine({ value, line }: Property, file: string, examination: Examination): Finding {
  const where = `${printable(file)}, line ${line}`;
  const replaced = (text: string) =>
    isOwn(text) ? { lines: [{ file, line, text: `credential_process = ${text}` }] } : {};
  if (/[“”„‘’–—\u00a0]/.test(value)) {
    const plain = value
      .replace(/[“”„]/g, '"')
      .replace(/[‘’]/g, "'")
      .replace(/[–—]/g, "--")
      .replace(/\u00a0/g, " ");
    return failure(
      "LOCAL_AWS_FILE",
      [`${where}: has a typographic quote, dash or space, as word processors make them`],
      {
        text: "use the plain ones",
        ...replaced(plain),
      },
    );
  }
  const python = splitAsBotocore(value);
  const shell = splitAsShell(value);
  const lines = [
    `to botocore (AWS CLI, boto3): ${"why" in python ? python.why : `${python.words.length} words`}`,
    `to sh (SDKs for JavaScript, Go, Java): ${"why" in shell ? shell.why : `${shell.words.length} words`}`,
  ];
  if ("why" in python) {
    return failure("LOCAL_AWS_FILE", [`${where}: no SDK can take this line apart`, ...lines], {
      text: "mend its quotes; use double quotes only",
    });
  }
  const [program = "", ...argv] = python.words;
  const { host, tools } = examination;
  const { home } = awsVariables(host.env);
  if ("why" in shell) {
    const expanded = value.replace(/^(["']?)(~|\$HOME|\$\{HOME\})(?=\/)/, `$1${home}`);
    const known = expanded !== value && home !== "" && !("why" in splitAsShell(expanded));
    return failure("LOCAL_AWS_FILE", [`${where}: the SDKs read it differently`, ...lines], {
      text: "write a plain command without anything that a shell would act on, the path absolute; quote with double quotes",
      ...(known ? replaced(expanded) : {}),
    });
  }
  if (python.words.join("\0") !== shell.words.join("\0")) {
    return failure("LOCAL_AWS_FILE", [`${where}: the SDKs split it into different words`, ...lines], {
      text: "use double quotes only, and no backslash",
    });
  }
  const at = argv.indexOf("credential-process");
  const missing = missingProgram(program, examination);
  if (missing !== undefined)
    return (
      unquoted(value, { file, line, missing }, examination) ??
      failure("LOCAL_AWS_FILE", [`${where}: ${printable(program)} ${missing}`], notRun(program, missing))
    );
  // Under Node.js the program is the runtime's first argument.
  const script = argv
    .slice(0, Math.max(0, at))
    .find((word) => word.startsWith("/") && missingFile(word, host, tools) === "is not there");
  if (script !== undefined)
    return failure("LOCAL_AWS_FILE", [`${where}: ${printable(script)} is not there`], notRun(script, ""));
  if (at === -1) {
    return failure("LOCAL_AWS_FILE", [`${where}: does not run gcp2aws credential-process`], {
      text: "it is another program's profile; choose another --profile, or write this one with gcp2aws configure --take-over",
    });
  }
  try {
    const flags = examination.tools.parseFlags(argv.slice(at + 1));
    examination.given = flags === "help" ? {} : withoutUndefined(flags);
  } catch (error) {
    if (!(error instanceof Gcp2awsError)) throw error;
    return failed(error);
  }
  if (value.startsWith('"')) {
    return warning(
      "LOCAL_AWS_FILE",
      [`${where}: begins with a quote, which older SDKs for Go take for the whole command`],
      {
        text: "write the first slash before the quote",
        ...replaced(value.replace(/^"\//, '/"')),
      },
    );
  }
  return ok(`${where}: ${python.words.length} words to botocore and to sh alike`);
}

/** Why the program cannot be run; undefined where it can. One without a slash is looked for on PATH by all. */
function missingProgram(program: string, { host, tools }: Examination): string | undefined {
  if (!program.startsWith("/")) {
    if (program.includes("/")) return "is not absolute: each program would look for it below its own directory";
    const { path } = awsVariables(host.env);
    return path.some((directory) => missingFile(`${directory}/${program}`, host, tools) === undefined)
      ? undefined
      : "is not on PATH";
  }
  return missingFile(program, host, tools);
}

function missingFile(path: string, host: Host, tools: Tools): string | undefined {
  try {
    const { kind, mode } = host.files.status(tools.user.realPath(path));
    if (kind !== "file") return "is not a file";
    return (mode & 0o111) === 0 ? "may not be executed" : undefined;
  } catch (error) {
    if (error instanceof FileError) return error.code === "ENOENT" ? "is not there" : `cannot be run: ${error.code}`;
    throw error;
  }
}

function notRun(program: string, why: string) {
  return why === "may not be executed"
    ? { text: "let it be executed", commands: [`chmod +x ${shellWord(program)}`] }
    : { text: "write the absolute path of the program; gcp2aws configure writes that of the one that runs it" };
}

/** A path with a space in it that nobody quoted: the words up to one that is there, together, are the program. */
function unquoted(
  value: string,
  { file, line, missing }: { file: string; line: number; missing: string },
  examination: Examination,
): Finding | undefined {
  if (missing !== "is not there" || /["'\\]/.test(value)) return undefined;
  const words = value.split(" ");
  for (let count = 2; count < words.length; count++) {
    const path = words.slice(0, count).join(" ");
    if (missingProgram(path, examination) !== undefined) continue;
    const rest = words.slice(count).join(" ");
    const evidence = `${printable(file)}, line ${line}: ${printable(words[0] ?? "")} is not there, but ${printable(path)} is`;
    return failure("LOCAL_AWS_FILE", [evidence], {
      text: "put the path into double quotes, behind its first slash",
      ...(isOwn(value) && { lines: [{ file, line, text: `credential_process = /"${path.slice(1)}" ${rest}` }] }),
    });
  }
  return undefined;
}

function withoutUndefined(flags: FlagValues): FlagValues {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
