import type { SessionTag } from "../session-config.ts";

/** AssumeRole API reference, for the number, the characters and their number. */
const MAX_TAGS = 50;
const TAG = /^([\p{L}\p{Z}\p{N}_.:/+@-]{1,128})=([\p{L}\p{Z}\p{N}_.:/=+@-]{0,256})$/u;

/**
 * Reads `KEY=VALUE,KEY=VALUE`; undefined where AWS would not take it. Neither can have a comma, and a key no `=`. Keys are compared without
 * case, as AWS does, which keeps those that begin with `aws:` for itself.
 */
export function parseSessionTags(text: string): SessionTag[] | undefined {
  const tags: SessionTag[] = [];
  const keys = new Set<string>();
  for (const part of text.split(",")) {
    const match = TAG.exec(part);
    const key = match?.[1] ?? "";
    const lower = key.toLowerCase();
    if (match === null || keys.has(lower) || lower.startsWith("aws:")) return undefined;
    keys.add(lower);
    tags.push({ key, value: match[2] ?? "" });
  }
  return tags.length <= MAX_TAGS ? tags : undefined;
}
