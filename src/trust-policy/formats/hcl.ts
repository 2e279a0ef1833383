/** What the configuration language of Terraform can say, as far as it is needed here. */
export type Hcl = string | Reference | readonly Hcl[] | { readonly [key: string]: Hcl };

/** An expression that stands as it is. */
export interface Reference {
  reference: string;
}

export interface Block {
  /** Type and labels. */
  head: readonly [string, ...string[]];
  body: readonly (readonly [string, Hcl] | Block)[];
}

/** Blocks as `terraform fmt` lays them out. */
export function formatHcl(blocks: readonly Block[]): string {
  return blocks.map((block) => `${formatBlock(block, "").join("\n")}\n`).join("\n");
}

function formatBlock({ head: [type, ...labels], body }: Block, indent: string): string[] {
  const inner = `${indent}  `;
  const attributes: string[] = [];
  const blocks: string[] = [];
  const entries = body.filter((entry): entry is readonly [string, Hcl] => !("head" in entry));
  attributes.push(...formatEntries(entries, inner));
  for (const entry of body) {
    if (!("head" in entry)) continue;
    if (attributes.length + blocks.length > 0) blocks.push("");
    blocks.push(...formatBlock(entry, inner));
  }
  const opening = [type, ...labels.map(quote)].join(" ");
  return [`${indent}${opening} {`, ...attributes, ...blocks, `${indent}}`];
}

/** Neighbours that take one line each have their `=` below each other. */
function formatEntries(entries: readonly (readonly [string, Hcl])[], indent: string): string[] {
  const formatted = entries.map(([key, value]) => ({ key, value: formatValue(value, indent) }));
  return formatted.flatMap(({ key, value }, at) => {
    const isShort = (entry: { value: string } | undefined) => entry !== undefined && !entry.value.includes("\n");
    if (!isShort({ value })) return [`${indent}${key} = ${value}`];
    let [first, last] = [at, at];
    while (isShort(formatted[first - 1])) first--;
    while (isShort(formatted[last + 1])) last++;
    const width = Math.max(...formatted.slice(first, last + 1).map((entry) => entry.key.length));
    return [`${indent}${key.padEnd(width)} = ${value}`];
  });
}

function formatValue(value: Hcl, indent: string): string {
  if (typeof value === "string") return quote(value);
  if (isReference(value)) return value.reference.replaceAll("\n", `\n${indent}`);
  const inner = `${indent}  `;
  if (isList(value)) {
    const items = value.map((item) => formatValue(item, inner));
    const line = `[${items.join(", ")}]`;
    return line.length <= 80 && !line.includes("\n")
      ? line
      : ["[", ...items.map((item) => `${inner}${item},`), `${indent}]`].join("\n");
  }
  const entries = Object.entries(value).map(([key, item]) => [isName(key) ? key : quote(key), item] as const);
  return ["{", ...formatEntries(entries, inner), `${indent}}`].join("\n");
}

const isList = (value: Hcl): value is readonly Hcl[] => Array.isArray(value);
const isReference = (value: Exclude<Hcl, string>): value is Reference =>
  "reference" in value && typeof value.reference === "string";
const isName = (key: string) => /^[A-Za-z_]\w*$/.test(key);

/** A string in which nothing is a template. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[$%](?=\{)/g, "$&$&");
}

/** A call of a function, as an expression. */
export function call(name: string, argument: Hcl): Reference {
  return { reference: `${name}(${formatValue(argument, "")})` };
}
