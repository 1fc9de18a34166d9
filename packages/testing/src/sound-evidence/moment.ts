/** When all synthetic evidence of the catalogue is valid. */
export const soundNowMs: number = Date.parse('2026-11-01T12:00:00Z');

/** What it binds: 64 bytes; kinds with a shorter slot bind the first ones. */
export const soundReportData: Uint8Array = Uint8Array.from({ length: 64 }, (_, i) => i + 1);

/** The first half of it, for slots of 32 bytes. */
export const soundNonce: Uint8Array = soundReportData.slice(0, 32);
