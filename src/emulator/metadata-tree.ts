import type { EmulatorResponse } from "./http.ts";

/** A value that is made for each request, such as a token. It is listed, but left out of recursive output. */
export type Endpoint = (query: URLSearchParams) => Promise<EmulatorResponse>;

/** Numbers are bigints: an instance ID does not fit a double, and stands as a bare number in recursive output. */
export type MetadataValue = string | bigint | readonly string[];

/** Maps, so that no path reaches an object's prototype. */
export type Directory = ReadonlyMap<string, MetadataNode>;

export type MetadataNode = MetadataValue | Endpoint | Directory;

export function directory(entries: Record<string, MetadataNode>): Directory {
  return new Map(Object.entries(entries));
}

export function isDirectory(node: MetadataNode | undefined): node is Directory {
  return node instanceof Map;
}

export function isEndpoint(node: MetadataNode | undefined): node is Endpoint {
  return typeof node === "function";
}

/** The node under a path of decoded names; `undefined` where there is none. */
export function lookup(root: Directory, names: readonly string[]): MetadataNode | undefined {
  return names.reduce<MetadataNode | undefined>((node, name) => (isDirectory(node) ? node.get(name) : undefined), root);
}

/** A directory as the server lists it: one name a line, directories with a slash. */
export function listing(node: Directory): string {
  return [...node].map(([name, child]) => `${name}${isDirectory(child) ? "/" : ""}\n`).join("");
}

export function valueText(value: MetadataValue): string {
  return typeof value === "object" ? value.map((line) => `${line}\n`).join("") : String(value);
}

/** `recursive=true`: names in camel case, except those that are not the server's own, such as an email address. */
export function recursiveJson(node: MetadataNode): string {
  if (typeof node === "bigint") return String(node);
  if (!isDirectory(node)) return JSON.stringify(node);
  const members = [...node]
    .filter(([, child]) => !isEndpoint(child))
    .map(([name, child]) => `${JSON.stringify(camelCase(name))}:${recursiveJson(child)}`);
  return `{${members.join(",")}}`;
}

function camelCase(name: string): string {
  if (!/^[a-z-]+$/.test(name)) return name;
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
