/** Of several candidates the first that is valid at the moment, else the first. */
export function chooseValid<Item>(
  items: readonly Item[],
  isValid: (item: Item) => boolean,
): Item | undefined {
  return items.find(isValid) ?? items[0];
}

export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

export function isWithin({ fromMs, untilMs }: Validity, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs <= untilMs;
}
