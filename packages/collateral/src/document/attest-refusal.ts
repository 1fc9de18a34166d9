import { isDcmlError } from '@dcml/core';
import { CollateralError, unauthentic } from '../collateral-error.ts';

function isRefusal(error: unknown): error is Error {
  return isDcmlError(error) && /^(?:ATTEST|CORE)_/.test(error.code);
}

/** Runs a parser over bytes that should be a vendor's. Its refusal becomes `COLLATERAL_UNAUTHENTIC`. */
export function readDocument<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (isRefusal(cause)) throw unauthentic(what, cause.message, cause);
    throw cause;
  }
}

/** Runs a reader of a service's answer. Its refusal becomes `COLLATERAL_ANSWER`. */
export function readAnswer<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (isRefusal(cause))
      throw new CollateralError('COLLATERAL_ANSWER', `${what}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Runs a reader of what the caller gave. Its refusal becomes `COLLATERAL_INPUT`. */
export function readInput<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (isRefusal(cause))
      throw new CollateralError('COLLATERAL_INPUT', `${what}: ${cause.message}`, { cause });
    throw cause;
  }
}
