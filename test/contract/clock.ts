// A clock that tests move, for this process's emulators and for every program started with its variables: libfaketime
// (https://github.com/wolfcw/libfaketime) stands between a program and its clock. Programs that do not ask by way of libc,
// as Go's do, keep the real time.
import { mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface MovedClock {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** From now on it is this much later. */
  advance: (seconds: number) => void;
  /** For programs that live by this clock. */
  env: Record<string, string>;
}

export function moveClock(): MovedClock {
  const file = join(mkdtempSync(join(tmpdir(), "gcp2aws-clock-")), "offset");
  let seconds = 0;
  const advance = (more: number) => {
    seconds += more;
    // In one piece: programs read it at any time.
    writeFileSync(`${file}.new`, `+${seconds}\n`);
    renameSync(`${file}.new`, file);
  };
  advance(0);
  return {
    now: () => Date.now() + seconds * 1000,
    advance,
    env: {
      // As Debian's `faketime` sets it; the dynamic linker knows what $LIB is.
      LD_PRELOAD: "/usr/$LIB/faketime/libfaketime.so.1",
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    },
  };
}
