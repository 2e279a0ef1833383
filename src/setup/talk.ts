import { Gcp2awsError } from "../errors.ts";
import type { Terminal } from "../host.ts";

/** How a command speaks with whoever runs it. */
export interface Talk {
  /** A line, or several. */
  say: (text: string) => void;
  /** Whether nobody can be asked. */
  isAlone: boolean;
  /** Whether everything was agreed to beforehand, by a flag. */
  hasConsented: boolean;
  /** Whether something may be done: as the person answers, or has answered for all by a flag. */
  consent: (question: string) => Promise<boolean>;
  /**
   * A value: what is typed, or `initial` where nothing is. It is asked for again until `check` takes it.
   * @param check what is wrong with it, undefined for nothing
   */
  ask: (question: string, initial: string, check: (text: string) => string | undefined) => Promise<string>;
}

/**
 * With a person at the terminal.
 * @throws Gcp2awsError LOCAL_COMMAND from each, where the person gives up
 */
export function talkAt(terminal: Terminal, say: Talk["say"], hasConsented: boolean): Talk {
  const line = async (question: string) => {
    const answer = await terminal.ask(question);
    if (answer === undefined) throw stopped();
    return answer;
  };
  return {
    say,
    isAlone: false,
    hasConsented,
    consent: async (question) => hasConsented || /^y(es)?$/i.test(await line(`${question} [y/N] `)),
    ask: async (question, initial, check) => {
      for (;;) {
        const typed = await line(initial === "" ? `${question}: ` : `${question} [${initial}]: `);
        const text = typed === "" ? initial : typed;
        const wrong = check(text);
        if (wrong === undefined) return text;
        say(`  ${wrong}`);
      }
    },
  };
}

/** Where nobody can be asked: what has a usual value takes it, and what has none was to be given by a flag. */
export function talkAlone(say: Talk["say"], hasConsented: boolean): Talk {
  return {
    say,
    isAlone: true,
    hasConsented,
    consent: () => Promise.resolve(hasConsented),
    ask: (_, initial) => Promise.resolve(initial),
  };
}

function stopped(): Gcp2awsError {
  return new Gcp2awsError("LOCAL_COMMAND", "setup: stopped before its end", {
    hint: "run it again: what is done already is found, and not done twice",
  });
}
