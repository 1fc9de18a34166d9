import { parseTdxCollateral, type TdxCollateral } from '@dcml/attest';
import type { JsonValue } from '@dcml/core';
import { readAs } from './receipt-error.ts';

export { encodeTdxCollateral as encodeCollateral } from '@dcml/attest';

/** Shape only; the verifier checks every signature in it. Throws `RECEIPT_COLLATERAL`. */
export function collateralFromJson(value: JsonValue): TdxCollateral {
  return readAs('RECEIPT_COLLATERAL', () => parseTdxCollateral(value));
}
