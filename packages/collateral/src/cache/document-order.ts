/** How new a document is, by its own authentic words: compared from left to right, the larger is the newer. */
export type DocumentOrder = readonly number[];

const DIGITS = 16;

/** Below zero if `a` is older than `b`. A missing number counts as zero. */
export function compareOrder(a: DocumentOrder, b: DocumentOrder): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** An order as the name of a file. */
export function encodeOrder(order: DocumentOrder): string {
  if (
    order.length === 0 ||
    order.length > 3 ||
    !order.every((part) => Number.isSafeInteger(part) && part >= 0)
  ) {
    throw new TypeError('an order is one to three whole numbers');
  }
  return order.map((part) => String(part).padStart(DIGITS, '0')).join('-');
}

/** The order that such a name states, or undefined if it is none. */
export function decodeOrder(text: string): DocumentOrder | undefined {
  if (!/^\d{16}(?:-\d{16}){0,2}$/.test(text)) return undefined;
  const order = text.split('-').map(Number);
  return order.every((part) => Number.isSafeInteger(part)) ? order : undefined;
}
