/** Where something stands in a JSON document: names and indices from the top. */
export type Path = readonly (string | number)[];

/** As JSONPath writes it (RFC 9535): `$.Statement[0].Condition.StringEquals["accounts.google.com:sub"]`. */
export function formatPath(path: Path): string {
  const step = (part: string | number) =>
    typeof part === "number" ? `[${part}]` : /^\w+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  return `$${path.map(step).join("")}`;
}

/** The same place in a document that writes one value where others write a list of one. */
export function pathIn(document: unknown, path: Path): Path {
  const found: (string | number)[] = [];
  let value = document;
  for (const part of path) {
    if (typeof part === "number" && !Array.isArray(value)) continue;
    found.push(part);
    value = typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined;
  }
  return found;
}
