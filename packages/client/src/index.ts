export type { BufferedAnswer, RefusedAnswer, StreamedAnswer, VerifiedAnswer } from './answers.ts';
export { createBrowserPlatform } from './browser-platform.ts';
export { decodeChannelRecord, encodeChannelRecord } from './channel-record-codec.ts';
export { ClientError, type ClientErrorCode, clientErrors } from './client-error.ts';
export type * from './client-store.ts';
export { type CloseMeans, type CloseOutcome, closeChannel } from './close-channel.ts';
export {
  type ConnectOptions,
  connectEnclave,
  describeFaults,
  type EnclaveConnection,
  type EnclaveVerification,
  verifyEnclave,
} from './connect-enclave.ts';
export { createDcmlFetch, fetchModels, toReadableStream, verificationHeaders } from './dcml-fetch.ts';
export { type DiscoveredHost, type DiscoveredModel, discover } from './discover.ts';
export type * from './enclave-transport.ts';
export { createFetchTransport } from './fetch-transport.ts';
export * from './host-calls.ts';
export type { HostDescription, HostEnclave, HostOfferTerms } from './host-description.ts';
export { createMemoryClientStore } from './memory-client-store.ts';
export { activateChannel, type ChannelPorts, type OpenChannelOptions, openChannel } from './open-channel.ts';
export type { ClientPlatform } from './platform.ts';
export { exportArchive } from './receipt-archive.ts';
export { type InferenceEndpoint, inferenceEndpoints } from './request-cost.ts';
export { reconcileChannel, resumeChannel } from './resume-channel.ts';
export { openSession, Session } from './session.ts';
export type { SessionOptions, SessionStatus } from './session-options.ts';
export type { ReceiptSummary } from './verified-exchange.ts';
