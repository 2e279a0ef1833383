/** The known name that a mistyped one was most likely meant to be: at most a third of its characters differ. */
export function suggest(text: string, known: readonly string[]): string | undefined {
  const most = (name: string) => Math.max(1, Math.floor(name.length / 3));
  const close = known
    // Spares the distance of what is far too long.
    .filter((name) => Math.abs(name.length - text.length) <= most(name))
    .map((name) => ({ name, distance: distance(text.toLowerCase(), name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= most(candidate.name));
  return close.toSorted((a, b) => a.distance - b.distance)[0]?.name;
}

/** Of Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
