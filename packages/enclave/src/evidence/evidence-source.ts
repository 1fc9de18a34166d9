import type { JsonObject } from '@dcml/core';

/** What the platform says about the guest. Nothing here is trusted by clients: they check it against the quote. */
export interface PlatformInfo {
  /** The application compose whose hash the platform measured; our measured configuration is inside. */
  readonly appCompose: string;
  /** The platform says of itself that it is no hardware. */
  readonly simulated: boolean;
}

export interface PlatformQuote {
  readonly teeType: 'tdx';
  /** The `evidence` object of an ACI report (aci/1 section 4.2, dstack policy). */
  readonly evidence: JsonObject;
}

/** The TEE as the enclave sees it. */
export interface EvidenceSource {
  info(signal: AbortSignal): Promise<PlatformInfo>;
  /** Evidence over 64 bytes of report data. */
  quote(reportData: Uint8Array, signal: AbortSignal): Promise<PlatformQuote>;
}
