import { type Claim, concludeVerdict, type Verdict } from '@dcml/attest';
import {
  type Address,
  type ChannelId,
  type DigestText,
  digestText,
  fromHex,
  type ModelHash,
  sha256,
} from '@dcml/core';
import { chargeClaims } from './charge-claims.ts';
import { claim, compared, comparedIf, optional } from './claims.ts';
import { verifyEd25519 } from './ed25519.ts';
import { keysetDigest, receiptKeyAlgorithm, type WorkloadKeyset } from './keyset.ts';
import { findEvent, type Receipt, receiptSigningBytes } from './receipt-document.ts';
import type { ReceiptPrice } from './receipt-events.ts';

/** What the client knows itself and the receipt must repeat. What is left out stays `unknown`. */
export interface ReceiptExpectations {
  readonly model?: ModelHash;
  readonly chainId?: number;
  readonly contract?: Address;
  readonly channelId?: ChannelId;
  readonly price?: ReceiptPrice;
  /** The highest voucher that the payer ever signed for the channel. */
  readonly maxAuthorizedWei?: bigint;
  /** What the verified report said. */
  readonly simulated?: boolean;
}

export interface VerifyReceiptOptions {
  /** Established by `verifyReport`: a receipt is worth no more than it. */
  readonly keyset: WorkloadKeyset;
  /** The exact bytes: of a sealed request, its plaintext. */
  readonly requestBody?: Uint8Array;
  /** The exact bytes before the receipt comment: of a sealed answer, its plaintext. */
  readonly responseBody?: Uint8Array;
  /** Instead of `responseBody`, where it was hashed as it streamed by. */
  readonly responseHash?: DigestText;
  readonly expected?: ReceiptExpectations;
}

async function signatureClaims(receipt: Receipt, keyset: WorkloadKeyset): Promise<Claim[]> {
  const key = keyset.receiptSigningKeys.find((entry) => entry.keyId === receipt.keyId);
  if (key === undefined) {
    return [
      claim('receipt_key', 'fail', `the keyset lists no receipt key ${receipt.keyId}`),
      claim('receipt_signature', 'fail', 'there is no key to check the signature with'),
    ];
  }
  // aci/1 appendix B: the attested entry decides the algorithm; an unknown one is refused, never guessed.
  if (key.algo !== receiptKeyAlgorithm) {
    return [
      claim('receipt_key', 'fail', `receipt key ${receipt.keyId} is of the unknown algorithm ${key.algo}`),
      claim('receipt_signature', 'fail', 'there is no key to check the signature with'),
    ];
  }
  const known = claim('receipt_key', 'pass', `receipt key ${receipt.keyId} is in the keyset`);
  let valid: boolean | null;
  try {
    const signature = fromHex(receipt.signature, 'signature', 64);
    valid = await verifyEd25519(fromHex(key.publicKey), receiptSigningBytes(receipt.document), signature);
  } catch {
    valid = false;
  }
  if (valid === null) return [known, claim('receipt_signature', 'unknown', 'this platform has no Ed25519')];
  return [
    known,
    compared('receipt_signature', valid, 'ed25519 over the canonical document', 'it does not verify'),
  ];
}

function bodyClaims(receipt: Receipt, options: VerifyReceiptOptions): Claim[] {
  const hashOf = (body: Uint8Array | undefined): DigestText | undefined => body && digestText(sha256(body));
  const received = findEvent(receipt, 'request.received')?.bodyHash;
  const forwarded = findEvent(receipt, 'request.forwarded')?.bodyHash;
  const returned = findEvent(receipt, 'response.returned')?.bodyHash;
  const rewritten =
    forwarded === undefined
      ? claim('request_unchanged', 'unknown', 'the request did not reach inference')
      : forwarded === received
        ? claim('request_unchanged', 'pass', 'inference ran on the request as it was received')
        : claim('request_unchanged', 'unknown', 'the enclave added to the request before inference');
  return [
    comparedIf('request_bytes', hashOf(options.requestBody), received, 'the hash of the request'),
    optional(rewritten),
    comparedIf(
      'response_bytes',
      options.responseHash ?? hashOf(options.responseBody),
      returned,
      'the hash of the answer',
    ),
  ];
}

function samePrice(a: ReceiptPrice, b: ReceiptPrice): boolean {
  return (
    a.ownerPromptPerMTok === b.ownerPromptPerMTok &&
    a.ownerCompletionPerMTok === b.ownerCompletionPerMTok &&
    a.hostPromptPerMTok === b.hostPromptPerMTok &&
    a.hostCompletionPerMTok === b.hostCompletionPerMTok
  );
}

function channelClaims(receipt: Receipt, expected: ReceiptExpectations): Claim[] {
  const charge = findEvent(receipt, 'dcml.charge');
  const { price, maxAuthorizedWei } = expected;
  return [
    comparedIf('charge_chain', expected.chainId, charge?.chainId, 'the chain'),
    comparedIf('charge_contract', expected.contract, charge?.contract, 'the channels contract'),
    comparedIf('charge_channel', expected.channelId, charge?.channelId, 'the channel'),
    price === undefined || charge === undefined
      ? claim('charge_price', 'unknown', 'nothing to compare the price with')
      : compared(
          'charge_price',
          samePrice(price, charge.price),
          'the price is the agreed one',
          'the price differs',
        ),
    maxAuthorizedWei === undefined || charge === undefined
      ? claim('charge_voucher', 'unknown', 'nothing to compare the authorization with')
      : compared(
          'charge_voucher',
          charge.authorizedWei <= maxAuthorizedWei,
          `the authorization of ${charge.authorizedWei} was signed`,
          `an authorization of ${charge.authorizedWei} is stated, at most ${maxAuthorizedWei} was signed`,
        ),
  ];
}

function completionClaim(receipt: Receipt): Claim {
  const finish = findEvent(receipt, 'dcml.completion')?.finish;
  if (finish === 'complete') return claim('answer_complete', 'pass', 'the enclave finished the answer');
  return claim(
    'answer_complete',
    'unknown',
    finish === undefined ? 'the receipt does not say' : `the answer is ${finish}`,
  );
}

/**
 * Checks a receipt against an established keyset and the bytes of its exchange (aci/1 section 9.3, and our events).
 * Every check is listed; one whose input is absent is `unknown`. Never throws on what the receipt says.
 */
export async function verifyReceipt(receipt: Receipt, options: VerifyReceiptOptions): Promise<Verdict> {
  const { keyset, expected = {} } = options;
  const platform = findEvent(receipt, 'dcml.platform');
  const digest = keysetDigest(keyset);
  const claims = [
    ...(await signatureClaims(receipt, keyset)),
    compared(
      'receipt_keyset',
      receipt.keysetDigest === digest,
      'the receipt names the established keyset',
      `the receipt names keyset ${receipt.keysetDigest}, established is ${digest}`,
    ),
    compared(
      'receipt_served_before_expiry',
      receipt.servedAt < keyset.notAfter,
      'served while the keyset was valid',
      'served after the keyset expired',
    ),
    ...bodyClaims(receipt, options),
    comparedIf('model', expected.model, findEvent(receipt, 'dcml.model')?.model, 'the model'),
    ...chargeClaims(findEvent(receipt, 'dcml.charge'), findEvent(receipt, 'dcml.usage')),
    ...channelClaims(receipt, expected),
    comparedIf('platform', expected.simulated, platform?.simulated, 'simulated'),
    completionClaim(receipt),
  ];
  return concludeVerdict(claims, platform?.simulated === true || expected.simulated === true);
}
