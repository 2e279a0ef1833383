/** Reads an option that may be given many times. It has no default: help would show that as `[]`. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
