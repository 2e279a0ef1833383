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

/** Places of shapes, those that begin alike joined. */
interface Node {
  /** What may stand here any number of times. */
  loop: Place | undefined;
  /** A shape ends here. */
  isEnd: boolean;
  next: Map<string, { place: Place; node: Node }>;
}

function treeOf(shapes: readonly Shape[]): Node {
  const newNode = (loop?: Place): Node => ({ loop, isEnd: false, next: new Map() });
  const root = newNode();
  for (const shape of shapes) {
    let node = root;
    for (const place of shape) {
      const name = JSON.stringify(place);
      const edge = node.next.get(name) ?? { place, node: newNode(place.many ? place : undefined) };
      node.next.set(name, edge);
      node = edge.node;
    }
    node.isEnd = true;
  }
  return root;
}

const holds = ({ of, but }: Place, character: string): boolean => of.includes(character) !== (but === true);

/** A deterministic automaton for texts that have one of the shapes; its states are made as they are asked for. */
function automaton(shapes: readonly Shape[], alphabet: readonly string[], budget: Budget): Automaton {
  const ids = new Map<Node, number>();
  const idOf = (node: Node) => ids.get(node) ?? ids.set(node, ids.size).size - 1;
  /** Of each state, the nodes at which a text may be. */
  const states: (readonly Node[])[] = [];
  const rows: number[][] = [];
  const numbers = new Map<string, number>();
  const numberOf = (nodes: Iterable<Node>): number => {
    const all = new Set(nodes);
    // Grows as it is gone through.
    for (const node of all) for (const { place, node: next } of node.next.values()) if (place.many) all.add(next);
    const sorted = [...all].toSorted((a, b) => idOf(a) - idOf(b));
    budget.steps -= 4 * sorted.length;
    // Whatever comes then, it has one of the shapes.
    const last = sorted.find(({ isEnd, loop }) => isEnd && loop?.of === "" && loop.but);
    const members = last === undefined ? sorted : [last];
    const name = members.map(idOf).join();
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, states.length);
    rows.push([]);
    return states.push(members) - 1;
  };
  numberOf([]);
  return {
    start: numberOf([treeOf(shapes)]),
    step(state, at) {
      const row = rows[state] ?? [];
      const known = row[at];
      if (known !== undefined) return known;
      const character = alphabet[at] ?? "";
      const next = (states[state] ?? []).flatMap((node) => {
        const edges = [...node.next.values()].filter(({ place }) => !place.many && holds(place, character));
        const own = node.loop !== undefined && holds(node.loop, character) ? [node] : [];
        return own.concat(edges.map((edge) => edge.node));
      });
      return (row[at] = numberOf(next));
    },
    accepts: (state) => (states[state] ?? []).some(({ isEnd }) => isEnd),
  };
}
