import { encodeUtf8 } from '@dcml/core';
import { mutateBytes } from './mutate-bytes.ts';
import type { SeededChoice } from './seeded-choice.ts';

type Path = readonly (string | number)[];

interface Leaf {
  readonly path: Path;
  readonly value: Uint8Array | string | number;
}

/** Names of variants, not data: another one would be another kind of evidence, not a mutation of this one. */
const VARIANTS: readonly string[] = ['kind', 'role', 'bank'];

function* leavesOf(value: unknown, path: Path): Generator<Leaf> {
  if (typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array) {
    yield { path, value };
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* leavesOf(item, [...path, i]);
  } else if (value instanceof Map) {
    for (const [key, item] of value as ReadonlyMap<number, unknown>) yield* leavesOf(item, [...path, key]);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      if (!VARIANTS.includes(name)) yield* leavesOf(item, [...path, name]);
    }
  }
}

function withValue(holder: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(holder)) {
    return holder.map((item: unknown, i) => (i === step ? withValue(item, rest, value) : item));
  }
  if (holder instanceof Map) {
    const copy = new Map(holder as ReadonlyMap<unknown, unknown>);
    return copy.set(step, withValue(copy.get(step), rest, value));
  }
  const members = holder as Readonly<Record<string, unknown>>;
  return { ...members, [step]: withValue(members[step], rest, value) };
}

function valueAt(holder: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => {
    if (at instanceof Map) return (at as ReadonlyMap<unknown, unknown>).get(step);
    return typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[step] : undefined;
  }, holder);
}

// Mutated text may hold any character: a decoder that replaces what is no UTF-8 would hide changes.
const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

function mutateLeaf(leaf: Leaf, choose: SeededChoice, donor: unknown): Uint8Array | string | number {
  const { value } = leaf;
  if (typeof value === 'number') return choose.pick([value + 1, value - 1, 0, -1, 2 ** 32, value + 0.5]);
  if (typeof value === 'string') {
    const donorBytes = typeof donor === 'string' ? encodeUtf8(donor) : undefined;
    return latin1(mutateBytes(encodeUtf8(value), choose, donorBytes));
  }
  return mutateBytes(value, choose, donor instanceof Uint8Array ? donor : undefined);
}

export interface MutatedEvidence<Evidence> {
  readonly evidence: Evidence;
  /** For the report of a failure: which field. */
  readonly path: string;
}

/** Finds the fields of a piece of evidence once, for many mutations of it. */
export class EvidenceMutator<Evidence extends object> {
  readonly #sound: Evidence;
  readonly #leaves: readonly Leaf[];
  readonly #weights: readonly number[];
  readonly #donors: readonly Evidence[];

  /** `donors`: other sound evidence of the same kind, whose fields are swapped in. */
  constructor(sound: Evidence, donors: readonly Evidence[] = []) {
    this.#sound = sound;
    this.#leaves = [...leavesOf(sound, [])];
    this.#weights = this.#leaves.map(({ value }) =>
      typeof value === 'number' ? 1 : Math.ceil(Math.sqrt(value.length + 1)),
    );
    this.#donors = donors;
  }

  /** Long fields more often than short ones, yet no short one never. */
  #pickLeaf(choose: SeededChoice): Leaf {
    let left = choose.below(this.#weights.reduce((sum, weight) => sum + weight, 0));
    const index = this.#weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return this.#leaves[index]!;
  }

  /** One changed field, or undefined when the change happened to change nothing. */
  next(choose: SeededChoice): MutatedEvidence<Evidence> | undefined {
    const leaf = this.#pickLeaf(choose);
    const donor = this.#donors.length > 0 ? valueAt(choose.pick(this.#donors), leaf.path) : undefined;
    const swapWhole = donor !== undefined && typeof donor === typeof leaf.value && choose.below(8) === 0;
    const value = swapWhole ? donor : mutateLeaf(leaf, choose, donor);
    if (isSame(value, leaf.value)) return undefined;
    return { evidence: withValue(this.#sound, leaf.path, value) as Evidence, path: leaf.path.join('.') };
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  return a === b;
}
