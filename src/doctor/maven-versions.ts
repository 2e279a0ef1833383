// How builds of Maven and Gradle tell the version of the modules of a group: by what is written there alone, nothing is run.
import { agreed } from "./sdk-versions.ts";

/** A pom.xml: its dependencies, those that it manages or imports a BOM by too, with properties of the same file. */
export function pomVersion(text: string, group: string): string | undefined {
  const pom = withoutComments(text);
  const versions = pom
    .split("<dependency>")
    .slice(1)
    .map((piece) => until(until(piece, "</dependency>"), "<exclusions>"))
    .filter((dependency) => element(dependency, "groupId") === group)
    // Without one, it is told elsewhere.
    .flatMap((dependency) => element(dependency, "version") ?? []);
  const version = agreed(versions);
  return version === undefined ? undefined : resolved(version, pom);
}

/** A gradle.lockfile (https://docs.gradle.org/current/userguide/dependency_locking.html). */
export function gradleLockVersion(text: string, group: string, module: string): string | undefined {
  const coordinates = text.split("\n").map((line) => until(line, "=").split(":"));
  return agreed(coordinates.filter((one) => one[0] === group && one[1] === module).map((one) => one[2]));
}

/** A version catalog, libs.versions.toml (https://docs.gradle.org/current/userguide/version_catalogs.html). */
export function catalogVersion(text: string, group: string): string | undefined {
  const named = new Map<string, string>();
  const libraries: string[] = [];
  let table = "";
  for (const whole of text.split("\n")) {
    const line = until(whole, " #").trim();
    table = /^\[([^\]]*)\]/.exec(line)?.[1] ?? table;
    const [, key, value] = /^([\w.-]+)\s*=\s*["']([^"']*)["']/.exec(line) ?? [];
    if (table === "versions" && key !== undefined && value !== undefined) named.set(key, value);
    if (table === "libraries" && !line.startsWith("#")) libraries.push(line);
  }
  const versions = libraries.flatMap((library) => {
    const [ofModule, , version] = /["']([^"']*)["']/.exec(until(library, "{"))?.[1]?.split(":") ?? [];
    if (ofModule === group) return [version];
    const [, ofTable] = /\b(?:module|group)\s*=\s*["']([^"':]*)/.exec(library) ?? [];
    if (ofTable !== group || !/\bversion\b/.test(library)) return [];
    const [, name] = /\bversion\s*(?:\.|=\s*\{)\s*ref\s*=\s*["']([^"']*)["']/.exec(library) ?? [];
    return [name === undefined ? /\bversion\s*=\s*["']([^"']*)["']/.exec(library)?.[1] : named.get(name)];
  });
  return agreed(versions);
}

/** A build.gradle or build.gradle.kts, where it has `group:module:version` in so many words: what is computed is not known. */
export function gradleVersion(text: string, group: string): string | undefined {
  let inComment = false;
  const code = text.split("\n").filter((line) => {
    const isComment = inComment || /^\s*\/[/*]/.test(line);
    inComment = (inComment || /^\s*\/\*/.test(line)) && !line.includes("*/");
    return !isComment;
  });
  const strings = [...code.join("\n").matchAll(/["']([\w.-]+):[\w.-]+:([^"'@:\n]*)/g)];
  return agreed(strings.filter((found) => found[1] === group).map((found) => found[2]));
}

/** A version as it is, or the one property of the same file that it names. */
function resolved(version: string, pom: string): string | undefined {
  const name = /^\$\{([\w.-]+)\}$/.exec(version)?.[1];
  if (name === undefined) return version;
  // A profile may set it again.
  const isOne = pom.split(`<${name}>`).length === 2;
  return isOne ? element(pom, name) : undefined;
}

function element(text: string, name: string): string | undefined {
  const [, after] = text.split(`<${name}>`);
  return after === undefined ? undefined : until(after, `</${name}>`).trim();
}

function withoutComments(text: string): string {
  const [first = "", ...others] = text.split("<!--");
  return [first, ...others.map((piece) => piece.split("-->").slice(1).join("-->"))].join("");
}

function until(text: string, end: string): string {
  const at = text.indexOf(end);
  return at === -1 ? text : text.slice(0, at);
}
