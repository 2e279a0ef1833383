/** `~/.aws/config` has `[profile NAME]`, `~/.aws/credentials` has `[NAME]`. */
export type AwsFileKind = "config" | "credentials";

/** A shared file of the AWS SDKs: its lines, and what stands where. */
export interface AwsFile {
  kind: AwsFileKind;
  /** Each with its ending: together, every byte of the file. */
  lines: readonly string[];
  sections: readonly Section[];
  /** Whatever botocore and the JavaScript SDK read differently, in the order of lines. */
  problems: readonly Problem[];
}

/** All numbers of lines count from 1. */
export interface Section {
  /** What stands between the brackets. */
  header: string;
  /** The profile that it is; undefined for `[sso-session NAME]` and the like. */
  profile: string | undefined;
  line: number;
  /** The last line before the next section. */
  lastLine: number;
  properties: readonly Property[];
}

export interface Property {
  key: string;
  /** Empty where nested ones follow. */
  value: string;
  /** Indented below it, as in `s3 =`; the last of a name counts. */
  nested: readonly (readonly [key: string, value: string])[];
  line: number;
  lastLine: number;
}

export interface Problem {
  line: number;
  /** As a sentence about that line: `is …`. */
  why: string;
}

interface OpenProperty extends Property {
  nested: [string, string][];
  lastLine: number;
}

interface OpenSection extends Section {
  lastLine: number;
  properties: OpenProperty[];
}

/**
 * Reads a shared config or credentials file, whatever is in it. What botocore (Python's configparser) and the JavaScript SDK
 * (parseIni) read alike is read as they do. Everything else is a problem, and read as either of them might, so that a search
 * for what could be in a profile misses nothing.
 * @param text decoded as UTF-8; a byte that is not becomes U+FFFD
 */
export function parseAwsFile(text: string, kind: AwsFileKind): AwsFile {
  const lines = text === "" ? [] : text.split(/(?<=\n)/);
  const sections: OpenSection[] = [];
  const problems: Problem[] = [];
  let section: OpenSection | undefined;
  let property: OpenProperty | undefined;

  const close = () => {
    if (property?.value === "" && property.nested.length === 0) {
      problems.push({ line: property.line, why: 'gives its key no value: nothing to one SDK, "" to another' });
    }
    property = undefined;
  };

  for (const [index, whole] of lines.entries()) {
    const line = index + 1;
    const problem = (why: string) => problems.push({ line, why });
    const content = whole.replace(/\r?\n$/, "");
    const comment = /^[ \t]*[#;]/.test(content);
    const odd = oddCharacter(content, comment);
    if (odd !== undefined) problem(odd);
    const header = /^\s*\[(.*)\]/.exec(content)?.[1];
    if (section !== undefined && header === undefined) section.lastLine = line;
    if (comment || content.trim() === "") continue;

    if (header !== undefined) {
      close();
      if (!/^\[[^[\]]+\][ \t]*([ \t][#;][^\]]*)?$/.test(content)) problem("is no section header to all SDKs");
      const read = readHeader(header, kind);
      if (read.why !== undefined) problem(read.why);
      const { profile } = read;
      const twin = sections.find((other) => isSame(other, header, profile));
      if (twin !== undefined) problem(`repeats section [${twin.header}] of line ${twin.line}`);
      section = { header, profile, line, lastLine: line, properties: [] };
      sections.push(section);
      continue;
    }

    if (/\s[#;]/.test(content)) problem('has " #" or " ;": a comment to one SDK, a part of the value to another');
    const indented = /^\s/.test(content);
    const nested = indented && property?.value === "";
    const separator = content.search(/[=:]/);
    const key = separator === -1 ? "" : content.slice(0, separator).trim();
    const value = separator === -1 ? "" : content.slice(separator + 1).trim();
    if (!(nested ? /^[ \t]+[\w.-]+[ \t]*=[ \t]*\S/ : /^\s*[\w.-]+[ \t]*=/).test(content)) {
      problem("is neither a section, nor KEY = VALUE, nor a comment");
    }
    if (property !== undefined && nested) {
      property.nested.push([key, value]);
      property.lastLine = line;
      continue;
    }
    close();
    if (indented) problem("is indented: a key to one SDK, more of the value above it to another");
    if (/[A-Z]/.test(key)) problem("has a key in capitals: SDKs differ in whether that is the same key");
    // A nested key is `s3.key` to the JavaScript SDK.
    if (key.includes(".") || isInherited(key)) problem("has a key that not all SDKs read");
    if (section === undefined) {
      problem("stands before the first section");
      continue;
    }
    const lower = key.toLowerCase();
    const twin = section.properties.find((other) => other.key === lower);
    if (twin !== undefined) problem(`repeats the key ${lower} of line ${twin.line}`);
    property = { key: lower, value, nested: [], line, lastLine: line };
    section.properties.push(property);
  }
  close();
  return { kind, lines, sections, problems: problems.toSorted((a, b) => a.line - b.line) };
}

/** The section of a profile, the last where there are several. */
export function sectionOf(file: AwsFile, profile: string): Section | undefined {
  return file.sections.findLast((section) => section.profile === profile);
}

/** Whether a profile may have this name, for every SDK in both files. */
export function isProfileName(name: string): boolean {
  return /^[\w.-]{1,100}$/.test(name) && !isInherited(name) && name !== "DEFAULT";
}

/** The parser of the JavaScript SDK keeps sections and keys in plain objects. */
function isInherited(name: string): boolean {
  return name in Object.prototype;
}

function isSame(other: Section, header: string, profile: string | undefined): boolean {
  return profile === undefined
    ? other.header.replace(/["']/g, "") === header.replace(/["']/g, "")
    : other.profile === profile;
}

function readHeader(header: string, kind: AwsFileKind): { profile: string | undefined; why?: string } {
  const [, prefix, , name = ""] = /^(?:([\w-]+) (["'])?)?([^\s"']+)\2$/.exec(header) ?? [];
  // Prefixed names stand for themselves; a bare dot would be read as a prefix by the JavaScript SDK.
  const plain = (prefix === undefined && kind === "config" ? /^[\w-]+$/ : /^[\w@+.%:/-]+$/).test(name);
  if (!plain || isInherited(name))
    return { profile: guess(header, kind), why: "has a section name that not all SDKs read" };
  // Python's configparser adds its keys to every section.
  if (header === "DEFAULT") return { profile: undefined, why: "is a section that some SDKs add to all others" };
  if (kind === "credentials") {
    if (prefix === undefined) return { profile: name };
    const why = prefix === "profile" ? `names a profile as the config file does; here it is [${name}]` : undefined;
    return { profile: guess(header, kind), why: why ?? "has a section name that not all SDKs read" };
  }
  switch (prefix) {
    case undefined:
      return { profile: name === "default" ? name : undefined };
    case "profile":
      return { profile: name };
    case "sso-session":
    case "services":
      return { profile: undefined };
    default:
      return { profile: guess(header, kind), why: "has a section name that not all SDKs read" };
  }
}

/** The profile that some SDK could take a strange header for. */
function guess(header: string, kind: AwsFileKind): string | undefined {
  const words = header.replace(/["']/g, "").trim();
  const prefixed = /^profile[^\s.]*[\s.]+(.*)$/.exec(words)?.[1];
  return prefixed ?? (kind === "credentials" || words === "default" ? words : undefined);
}

function oddCharacter(content: string, comment: boolean): string | undefined {
  if (content.startsWith("\ufeff")) return "begins with a byte order mark";
  if (content.includes("\ufffd")) return "is not UTF-8";
  if (content.includes("\r")) return "has a carriage return inside: the end of a line to one SDK, a space to another";
  // Whitespace to one SDK and not to another; in a comment nobody looks.
  if (!comment && /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\ufeff]|(?! )\p{Z}/u.test(content)) {
    return "has a control character or a space that is not plain";
  }
  return undefined;
}
