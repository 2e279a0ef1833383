// Texts of each kind that patterns tell apart: not a search by examples, but all of them, from the automata of the patterns.

/** Some place of a text: the characters that may stand there (all but some, where `but` is set), once, or any number of times. */
export interface Place {
  of: string;
  but?: true;
  many?: true;
}

/** Place by place, a whole text. */
export type Shape = readonly Place[];

export const any: Place = { of: "", but: true };
export const some: Place = { ...any, many: true };

/** These very characters. */
export function exactly(text: string): Shape {
  return text.split("").map((of) => ({ of }));
}

/** What may still be spent, in steps of an automaton; ten millions take about a second. It sinks as it is used, below zero in the end. */
export interface Budget {
  steps: number;
}

/**
 * The shortest text of each kind that there is in a language. Of what kind a text is says which of the tests it passes; it passes a
 * test, and belongs to the language, if it has one of its shapes.
 *
 * @param budget where it ends before all kinds are found, those are missing whose texts are long
 */
export function kinds(language: readonly Shape[], tests: readonly (readonly Shape[])[], budget: Budget): string[] {
  const alphabet = charactersOf([language, ...tests].flat(2));
  const [words, ...others] = [language, ...tests].map((shapes) => automaton(shapes, alphabet, budget));
  if (words === undefined) return [];
  const found = new Map<string, string>();
  const first = { word: words.start, states: others.map(({ start }) => start), text: "" };
  const seen = new Set<string>();
  const queue = [first];
  for (const { word, states, text } of queue) {
    if (words.accepts(word)) {
      const kind = others.map((machine, at) => Number(machine.accepts(states[at] ?? DEAD))).join("");
      if (!found.has(kind)) found.set(kind, text);
    }
    for (const [at, character] of alphabet.entries()) {
      if (budget.steps <= 0) return [...found.values()];
      budget.steps -= others.length + 1;
      const next = words.step(word, at);
      if (next === DEAD) continue;
      const nexts = others.map((machine, index) => machine.step(states[index] ?? DEAD, at));
      const name = `${next}:${nexts.join()}`;
      if (seen.has(name)) continue;
      seen.add(name);
      queue.push({ word: next, states: nexts, text: text + character });
    }
  }
  return [...found.values()];
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Which of them stands for those that no place tells apart is the first; the last is one that hardly any policy has. */
const COMMON = `${LETTERS}0123456789-._${LETTERS.toUpperCase()}/:@ß`;

/** One character of each sort that the places tell apart. */
function charactersOf(places: readonly Place[]): string[] {
  const sets = [...new Set(places.map(({ of }) => of))];
  const sorts = new Map<string, string>();
  for (const character of new Set(COMMON + sets.join(""))) {
    for (const unit of character.split("")) {
      const sort = sets.map((of) => Number(of.includes(unit))).join("");
      if (!sorts.has(sort)) sorts.set(sort, unit);
    }
  }
  return [...sorts.values()];
}

interface Automaton {
  start: number;
  /** @param at of the character in the alphabet */
  step: (state: number, at: number) => number;
  accepts: (state: number) => boolean;
}

/** The state of which nothing comes any more. */
const DEAD = 0;
/** The rest of a text that is whole. */
const END = 0;

/** What may still come: nothing, where there is no place. */
interface Rest {
  place?: Place;
  next: number;
}

/** A deterministic automaton for texts that have one of the shapes; its states are made as they are asked for. */
function automaton(shapes: readonly Shape[], alphabet: readonly string[], budget: Budget): Automaton {
  const rests: Rest[] = [{ next: END }];
  const known = new Map<string, number>();
  /** Shapes that end alike have the same rest there, or the states would say by which of them a text has come. */
  const restOf = (shape: Shape): number =>
    shape.reduceRight((next, place) => {
      const name = JSON.stringify([place, next]);
      const rest = known.get(name) ?? rests.push({ place, next }) - 1;
      known.set(name, rest);
      return rest;
    }, END);
  const starts = shapes.map(restOf);
  const whatever = restOf([some]);
  /** Of each state, the rests that it leaves. */
  const states: (readonly number[])[] = [];
  const rows: number[][] = [];
  const numbers = new Map<string, number>();
  const numberOf = (left: Iterable<number>): number => {
    const all = new Set(left);
    // Grows as it is gone through.
    for (const rest of all) if (rests[rest]?.place?.many) all.add(rests[rest].next);
    budget.steps -= 4 * all.size;
    const sorted = all.has(whatever) ? [END, whatever] : [...all].toSorted((a, b) => a - b);
    const name = sorted.join();
    const number = numbers.get(name);
    if (number !== undefined) return number;
    numbers.set(name, states.length);
    rows.push([]);
    return states.push(sorted) - 1;
  };
  numberOf([]);
  return {
    start: numberOf(starts),
    step(state, at) {
      const row = rows[state] ?? [];
      const before = row[at];
      if (before !== undefined) return before;
      const character = alphabet[at] ?? "";
      const left = (states[state] ?? []).flatMap((rest) => {
        const { place, next = END } = rests[rest] ?? {};
        if (place === undefined || place.of.includes(character) === (place.but === true)) return [];
        return [place.many ? rest : next];
      });
      return (row[at] = numberOf(left));
    },
    accepts: (state) => (states[state] ?? []).includes(END),
  };
}
