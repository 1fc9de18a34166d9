import { type IntelCollateral, parseIntelCollateral } from '@dcml/attest';
import type { JsonValue } from '@dcml/core';
import { readAs } from './receipt-error.ts';

export { encodeIntelCollateral as encodeCollateral } from '@dcml/attest';

/** Shape only; the verifier checks every signature in it. Throws `RECEIPT_COLLATERAL`. */
export function collateralFromJson(value: JsonValue): IntelCollateral {
  return readAs('RECEIPT_COLLATERAL', () => parseIntelCollateral(value));
}
