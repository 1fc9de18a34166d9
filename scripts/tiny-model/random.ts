/** A repeatable stream of numbers in [0, 1): the same seed gives the same model. Not for secrets. */
export interface RandomStream {
  next(): number;
  /** One standard normal value. */
  normal(): number;
}

/** Weyl sequence through a 32-bit mixing function (the finalizer of MurmurHash3). */
export function createRandomStream(seed: number): RandomStream {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => {
    // Box-Muller; 1 - next() is never zero.
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    return radius * Math.cos(2 * Math.PI * next());
  };
  return { next, normal };
}

/** Fisher-Yates in place. */
export function shuffle<Item>(items: Item[], random: RandomStream): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    const held = items[i]!;
    items[i] = items[j]!;
    items[j] = held;
  }
}
