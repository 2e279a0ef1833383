// How lock files and installed packages tell the version of an SDK. What they do not say so, or not as expected, is not known.
import { type Json, objectOf, parseJson } from "../json.ts";

/** What all of them say; undefined where they differ, or where there are none. */
export function agreed(versions: readonly (string | undefined)[]): string | undefined {
  return versions.every((version) => version === versions[0]) ? versions[0] : undefined;
}

/** A package.json in node_modules. */
export function npmVersion(text: string, name: string): string | undefined {
  const content = jsonObject(text);
  return content?.["name"] === name ? stringOf(content["version"]) : undefined;
}

/** What go.mod requires, but for what only other modules use (https://go.dev/ref/mod#go-mod-file). */
export function goVersion(text: string, name: string): string | undefined {
  let block: string | undefined;
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[1] === "(") block = words[0];
    else if (words[0] === ")") block = undefined;
    const [path, version, ...comment] = block === undefined && words[0] === "require" ? words.slice(1) : words;
    const isRequired = (block ?? words[0]) === "require" && path === name;
    if (isRequired && !/^\/\/ indirect\b/.test(comment.join(" "))) return version?.replace(/^v/, "");
  }
  return undefined;
}

/** Gemfile.lock. Indented by more it is what another gem asks for. */
export function gemVersion(text: string, name: string): string | undefined {
  return text
    .split("\n")
    .map((line) => /^ {4}(\S+) \(([^)\s]+)\)/.exec(line))
    .find((found) => found?.[1] === name)?.[2];
}

/** Composer's composer.lock (https://getcomposer.org/doc/01-basic-usage.md). */
export function composerVersion(text: string, name: string): string | undefined {
  const content = jsonObject(text);
  const found = ["packages", "packages-dev"]
    .flatMap((key) => arrayOf(content?.[key]))
    .map(objectOf)
    .find((one) => one?.["name"] === name);
  return stringOf(found?.["version"])?.replace(/^v/, "");
}

/** Cargo.lock, which may have several versions of a crate. */
export function cargoVersion(text: string, name: string): string | undefined {
  const crates = text.split("[[package]]").slice(1);
  const valueIn = (crate: string, key: string) =>
    crate
      .split("\n")
      .map((line) => /^(\w+) = "([^"]*)"/.exec(line))
      .find((found) => found?.[1] === key)?.[2];
  return agreed(crates.filter((crate) => valueIn(crate, "name") === name).map((crate) => valueIn(crate, "version")));
}

/** NuGet's packages.lock.json, by target frameworks (https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files). */
export function nugetLockVersion(text: string, name: string): string | undefined {
  const frameworks = Object.values(objectOf(jsonObject(text)?.["dependencies"]) ?? {});
  const found = frameworks.map((framework) => objectOf(objectOf(framework)?.[name]));
  return agreed(found.filter((one) => one !== undefined).map((one) => stringOf(one["resolved"])));
}

/** NuGet's project.assets.json, which each restore writes. */
export function nugetAssetsVersion(text: string, name: string): string | undefined {
  const libraries = Object.keys(objectOf(jsonObject(text)?.["libraries"]) ?? {}).map((library) => library.split("/"));
  return agreed(libraries.filter(([id]) => id === name).map(([, version]) => version));
}

function jsonObject(text: string): ReturnType<typeof objectOf> {
  try {
    return objectOf(parseJson(text));
  } catch {
    return undefined;
  }
}

function arrayOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function stringOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
