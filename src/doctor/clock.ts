import { duration } from "../duration.ts";
import { TOLERATED_MS, WORTH_SAYING_MS } from "../sts/clock.ts";
import { type Check, failure, ok, skipped, warning } from "./check.ts";

/** This machine's clock beside those of the metadata server and of STS, by the header Date. */
export const clockCheck: Check = {
  id: "clock",
  title: "clock",
  needs: [],
  run: ({ offsets }) => {
    if (offsets.length === 0) return skipped("nobody said what time it is");
    const lines = offsets.map(({ origin, aheadMs }) =>
      Math.abs(aheadMs) < 2_000
        ? `as that of ${origin}`
        : `${duration(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} ${origin}`,
    );
    const worst = Math.max(...offsets.map(({ aheadMs }) => Math.abs(aheadMs)));
    const remedy = {
      text: "set the clock of this machine; AWS rejects what is signed 15 minutes off",
      commands: ["chronyc makestep"],
    };
    if (worst > TOLERATED_MS) return failure("LOCAL_CLOCK", lines, remedy);
    if (worst > WORTH_SAYING_MS) return warning("LOCAL_CLOCK", lines, remedy);
    return ok(...lines);
  },
};
