/** A character by its number in Unicode, as `U+FEFF`: what cannot be seen, or would not be told from another. */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
