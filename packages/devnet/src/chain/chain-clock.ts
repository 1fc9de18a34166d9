/** What of the chain's time must survive a restart. */
export interface ClockState {
  /** How far the chain's time runs ahead of the wall clock, in seconds. */
  readonly offsetSeconds: number;
  /** Unix seconds that the next block must have, or null. */
  readonly nextTimestamp: number | null;
}

export const wallTime: ClockState = { offsetSeconds: 0, nextTimestamp: null };

/** Unix seconds of a block that is mined now: never before `newest`, the time of the block under it. */
export function blockTime(state: ClockState, newest: number, nowMs: number): number {
  const natural = Math.floor(nowMs / 1000) + state.offsetSeconds;
  return Math.max(state.nextTimestamp ?? natural, newest);
}

/** The state after a block: a timestamp that was asked for shifts all later time with it, as anvil does. */
export function afterBlock(state: ClockState, time: number, nowMs: number): ClockState {
  if (state.nextTimestamp === null) return state;
  return { offsetSeconds: time - Math.floor(nowMs / 1000), nextTimestamp: null };
}

/** Seconds or a timestamp as clients write them: a number, or hex or decimal text. Null when it is none of them. */
export function readSeconds(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
