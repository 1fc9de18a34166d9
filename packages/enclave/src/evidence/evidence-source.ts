import type { JsonObject } from '@dcml/core';
import type { DeviceEvidence, TeeType } from '@dcml/receipt';

/** What the platform says about the guest. Nothing here is trusted by clients: they check it against the quote. */
export interface PlatformInfo {
  readonly teeType: TeeType;
  /** The application compose whose hash the platform measured; our measured configuration is inside. */
  readonly appCompose: string;
  /** The platform says of itself that it is no hardware. */
  readonly simulated: boolean;
}

export interface PlatformQuote {
  readonly teeType: TeeType;
  /** The `evidence` object of an ACI report (aci/1 section 4.2), without the compose. */
  readonly evidence: JsonObject;
}

/** Something that happened at run time and that later evidence must show. */
export interface RuntimeEvent {
  /** Without a colon: only then is the split of name and payload in the digest unique. */
  readonly name: string;
  readonly payload: Uint8Array;
}

/**
 * The TEE as the enclave sees it. Every method has a deadline of its own, ends early on `signal`, and throws
 * `ENCLAVE_PLATFORM` and nothing else; its message and details tell nothing of the environment.
 */
export interface EvidenceSource {
  info(signal: AbortSignal): Promise<PlatformInfo>;
  /** Evidence over exactly 64 bytes of report data; calls may overlap. */
  quote(reportData: Uint8Array, signal: AbortSignal): Promise<PlatformQuote>;
  /** Extends the register of run-time events; absent where the platform has none. */
  readonly extend?: (event: RuntimeEvent, signal: AbortSignal) => Promise<void>;
  /** Evidence of every GPU and switch over 32 bytes of nonce; absent where the platform collects none. */
  readonly devices?: (nonce: Uint8Array, signal: AbortSignal) => Promise<readonly DeviceEvidence[]>;
}
