export type { ByteSource } from './abortable.ts';
export * from './ehbp-constants.ts';
export * from './frames.ts';
export * from './key-config.ts';
export * from './open-request.ts';
export {
  createReceiptStreamReader,
  encodeReceiptComment,
  type ReceiptStreamEnd,
  type ReceiptStreamReader,
  type ReceiptStreamReaderOptions,
} from './receipt-stream-reader.ts';
export { createReplayGuard, type ReplayGuard, type ReplayGuardOptions } from './replay-guard.ts';
export * from './response-keys.ts';
export type { ResponseSealer } from './response-sealer.ts';
export * from './seal-request.ts';
export * from './transport-crypto.ts';
export * from './transport-error.ts';
export * from './uniform-refusal.ts';
export { createWebTransportCrypto } from './web/web-transport-crypto.ts';
export * from './x402/payment-required.ts';
export * from './x402/payment-response.ts';
export * from './x402/payment-signature.ts';
export { type PaymentTerms, paymentScheme } from './x402/payment-terms.ts';
