import { Gcp2awsError, printable } from "../errors.ts";
import { type AwsFile, isProfileName, parseAwsFile, type Property, type Section, sectionOf } from "./parse.ts";

/** What a profile is to hold. */
export interface ProfileEdit {
  profile: string;
  /** The comment that says whose the section is. */
  mark: string;
  set: readonly (readonly [key: string, value: string])[];
  /** Keys that must not stay, as they would be taken instead. */
  remove?: readonly string[];
  /** Whether a section may be taken over that holds other values and has no mark. */
  takeOver: boolean;
}

/**
 * The text of the file with these keys in that profile, every other byte as it was: lines keep their endings, order and
 * comments. A profile that is missing comes at the end.
 * @param path of the file, for errors
 * @throws Gcp2awsError LOCAL_AWS_FILE where SDKs read the file, or would read the new one, differently, or the section
 * is not ours
 */
export function editProfile(file: AwsFile, edit: ProfileEdit, path: string): string {
  const [first] = file.problems;
  if (first !== undefined) {
    throw new Gcp2awsError(
      "LOCAL_AWS_FILE",
      `${printable(path)} not written: line ${first.line} ${printable(first.why)}`,
      {
        hint: "the AWS SDKs do not read that line alike: mend it, and try again",
      },
    );
  }
  for (const [key, value] of edit.set) {
    if (isPlainValue(value)) continue;
    throw new Gcp2awsError(
      "LOCAL_AWS_FILE",
      `${printable(path)} not written: ${key} has characters that not all SDKs read alike`,
      {
        hint: 'a value in this file is printable ASCII, without " #" and " ;"',
      },
    );
  }
  const section = sectionOf(file, edit.profile);
  if (section === undefined) checkNew(file, edit, path);
  else if (!edit.takeOver) checkOwner(file, section, edit, path);
  const text = (section === undefined ? append(file, edit) : change(file, section, edit)).join("");
  if (!isAsMeant(file, parseAwsFile(text, file.kind), edit))
    throw new Error("an edit changed what it was not to change");
  return text;
}

/** Whether all SDKs read this value as it is. */
function isPlainValue(value: string): boolean {
  return /^[!-~]([ -~]*[!-~])?$/.test(value) && !/(^|\s)[#;]/.test(value);
}

function checkNew(file: AwsFile, { profile }: ProfileEdit, path: string): void {
  if (!isProfileName(profile)) throw new Error("profile names are checked as flags");
  const bare = file.sections.find(({ header }) => header === profile);
  if (bare === undefined) return;
  throw new Gcp2awsError(
    "LOCAL_AWS_FILE",
    `${printable(path)} not written: line ${bare.line} is [${profile}], which this file does not take for a profile`,
    { hint: `rename it to [profile ${profile}], or remove it` },
  );
}

function checkOwner(file: AwsFile, section: Section, { mark, set, profile }: ProfileEdit, path: string): void {
  const { line, lastLine, properties } = section;
  if (file.lines.slice(line, lastLine).some((text) => text.trim() === mark)) return;
  const wanted = new Map(set);
  const other = properties.find(({ key, value, nested }) => nested.length > 0 || wanted.get(key) !== value);
  if (other === undefined) return;
  throw new Gcp2awsError(
    "LOCAL_AWS_FILE",
    `${printable(path)} not written: gcp2aws did not write profile ${profile} in line ${line}, and it has ${other.key}`,
    {
      hint: "choose another --profile, or give --take-over: other keys of the profile stay, those of gcp2aws are replaced",
    },
  );
}

function append({ kind, lines }: AwsFile, { profile, mark, set }: ProfileEdit): string[] {
  const end = endingOf(lines);
  const header = kind === "config" && profile !== "default" ? `profile ${profile}` : profile;
  const last = lines.at(-1) ?? "\n";
  const before = [...lines, ...(last.endsWith("\n") ? [] : [end]), ...(last.trim() === "" ? [] : [end])];
  return [...before, ...[`[${header}]`, mark, ...set.map(formatProperty)].map((line) => line + end)];
}

function change({ lines }: AwsFile, section: Section, { mark, set, remove = [] }: ProfileEdit): string[] {
  const end = endingOf(lines);
  const changed = [...lines];
  const propertyOf = (key: string) => section.properties.find((property) => property.key === key);
  for (const [key, value] of set) {
    const property = propertyOf(key);
    if (property === undefined || (property.value === value && property.nested.length === 0)) continue;
    changed.fill("", property.line, property.lastLine);
    changed[property.line - 1] =
      formatProperty([key, value]) + (/\r?\n$/.exec(lines[property.lastLine - 1] ?? "")?.[0] ?? "");
  }
  for (const { key, line, lastLine } of section.properties) {
    if (remove.includes(key)) changed.fill("", line - 1, lastLine);
  }

  const marked = lines.findIndex((text, index) => index >= section.line && text.trim() === mark) + 1;
  const owned = marked > 0 && marked <= section.lastLine;
  if (!owned) insertAfter(changed, section.line, [mark], end);
  const missing = set.filter(([key]) => propertyOf(key) === undefined).map(formatProperty);
  insertAfter(changed, section.properties.at(-1)?.lastLine ?? (owned ? marked : section.line), missing, end);
  return changed;
}

/** After that line, or what is left before it. Where the last line of the file has no ending, the new last one has none. */
function insertAfter(lines: string[], line: number, added: readonly string[], end: string): void {
  if (added.length === 0) return;
  const at = lines.findLastIndex((text, index) => index < line && text !== "");
  const before = lines[at] ?? "";
  const closed = before.endsWith("\n");
  lines[at] = closed ? [before, ...added.map((text) => text + end)].join("") : [before, ...added].join(end);
}

function formatProperty([key, value]: readonly [string, string]): string {
  return `${key} = ${value}`;
}

function endingOf(lines: readonly string[]): string {
  return lines[0]?.endsWith("\r\n") === true ? "\r\n" : "\n";
}

/** Read back: the profile has what it is to have, and everything else has what it had. */
function isAsMeant(before: AwsFile, after: AwsFile, { profile, set, remove = [] }: ProfileEdit): boolean {
  const others = ({ sections, lines }: AwsFile) =>
    JSON.stringify([
      lines
        .slice(0, (sections[0]?.line ?? lines.length + 1) - 1)
        .join("")
        .trimEnd(),
      ...sections.filter((section) => section.profile !== profile).map(contentOf),
    ]);
  const wanted = new Map(sectionOf(before, profile)?.properties.map((property) => [property.key, contentOf(property)]));
  for (const key of remove) wanted.delete(key);
  for (const [key, value] of set) wanted.set(key, contentOf({ key, value, nested: [] }));
  const found = sectionOf(after, profile)?.properties.map((property) => contentOf(property)) ?? [];
  return (
    after.problems.length === 0 &&
    others(before) === others(after) &&
    JSON.stringify(found.toSorted()) === JSON.stringify([...wanted.values()].toSorted())
  );
}

function contentOf(part: Pick<Property, "key" | "value" | "nested"> | Section): string {
  return "header" in part
    ? JSON.stringify([part.header, part.properties.map((property) => contentOf(property))])
    : JSON.stringify([part.key, part.value, part.nested]);
}
