import { readDer } from '../der/read-der.ts';
import { EvidenceFileError, noEvidence } from '../evidence-files-error.ts';
import { type FileContents, oneSubject, type Part } from '../part.ts';
import { readHclReport } from './azure-report.ts';
import { readDstackAttestation } from './dstack-attestation.ts';
import { readIntelQuote } from './intel-quote.ts';
import { hasBytes } from './little-endian.ts';
import { readNitroDocument } from './nitro.ts';
import { readNvidiaReport } from './nvidia-report.ts';
import { isCertificateTable, readCertificateTable, readSnpReport } from './snp-report.ts';
import { isMeasuredLog, readTpmMessage } from './tpm.ts';

const TPMT_PUBLIC_RSA_SHA256: readonly number[] = [0x00, 0x01, 0x00, 0x0b];
const CCEL: readonly number[] = [0x43, 0x43, 0x45, 0x4c];

const collateralNames: Partial<Record<Part['type'], string>> = {
  certificate: 'X.509 certificate (DER)',
  crl: 'certificate revocation list (DER)',
  'ocsp-response': 'OCSP response (DER)',
};

/** Forms that people take for evidence. Throws for them. */
function refuseKnown(bytes: Uint8Array): void {
  if (hasBytes(bytes, 0, CCEL) && bytes.length < 128) {
    throw noEvidence('this is the ACPI table CCEL; the log itself is in /sys/firmware/acpi/tables/data/CCEL');
  }
  if (bytes[0] === 0x0a && hasBytes(bytes, 3, TPMT_PUBLIC_RSA_SHA256)) {
    const why = 'take the quote, its signature, the PCRs and the event log out of it';
    throw new EvidenceFileError('EVIDENCE_FILE_UNKNOWN', `a protobuf of go-tpm-tools is not read: ${why}`);
  }
  if (bytes.length === 1024 && bytes[0] === 0x81) {
    throw noEvidence('this is a TDREPORT, which only the processor that made it can check; ask for a quote');
  }
}

/** A binary form of evidence or collateral; undefined for anything else. Throws `EVIDENCE_FILE_*`. */
export function readBinary(bytes: Uint8Array): FileContents | undefined {
  const quote = readIntelQuote(bytes);
  if (quote !== undefined)
    return oneSubject(`Intel ${quote.tee.toUpperCase()} quote v${quote.version}`, quote);
  const snp = readSnpReport(bytes);
  if (snp !== undefined) {
    const table = snp.length > 1 ? ` with ${snp.length - 1} certificates` : '';
    return oneSubject(`AMD SEV-SNP report v${bytes[0] === 0 ? bytes[32] : bytes[0]}${table}`, ...snp);
  }
  const nitro = readNitroDocument(bytes);
  if (nitro !== undefined) return oneSubject('AWS Nitro Enclaves attestation document', nitro);
  const hcl = readHclReport(bytes);
  if (hcl !== undefined) return oneSubject(`Azure vTPM report (HCL) over ${hcl.hardware.toUpperCase()}`, hcl);
  const nvidia = readNvidiaReport(bytes);
  if (nvidia !== undefined) return oneSubject('NVIDIA SPDM measurement report', nvidia);
  const message = readTpmMessage(bytes);
  if (message !== undefined) {
    return oneSubject('TPM 2.0 quote (TPMS_ATTEST)', { type: 'tpm-message', message });
  }
  const dstack = readDstackAttestation(bytes);
  if (dstack !== undefined) return oneSubject('dstack attestation', ...dstack);
  if (isMeasuredLog(bytes)) {
    return oneSubject('TCG event log', { type: 'measured-log', log: bytes });
  }
  if (isCertificateTable(bytes)) {
    return oneSubject('SEV-SNP certificate table', ...readCertificateTable(bytes));
  }
  const der = readDer(bytes);
  if (der !== undefined) return oneSubject(collateralNames[der.type] ?? der.type, der);
  refuseKnown(bytes);
  return undefined;
}
