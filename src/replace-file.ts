import { FileError, type Host } from "./host.ts";

/**
 * Puts a whole file of mode 0600 in place of what was there, or leaves that alone: whoever reads at any moment, or after
 * the machine has gone down, finds the one or the other.
 * @throws FileError
 */
export function replaceFile(path: string, text: string, host: Pick<Host, "files" | "random">): void {
  const { files } = host;
  // In the same directory, as a rename does not leave its file system.
  const temporary = `${path}.${uniqueId(host)}.tmp`;
  try {
    files.write(temporary, text);
    files.rename(temporary, path);
  } catch (error) {
    attempt(() => files.unlink(temporary));
    throw error;
  }
}

/** Two draws: as a name for a process it must not come twice. */
export function uniqueId(host: Pick<Host, "random">): string {
  const part = () => String(Math.floor(host.random() * 1e8)).padStart(8, "0");
  return part() + part();
}

/** For clearing up: what cannot be removed stays. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
  }
}
