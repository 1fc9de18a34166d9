import type { PcrBank, TpmQuote } from '@dcml/attest';
import type { JsonObject, JsonValue } from '@dcml/core';
import { readHclReport } from '../binary/azure-report.ts';
import { readTpmMessage } from '../binary/tpm.ts';
import { readDer } from '../der/read-der.ts';
import { brokenFile } from '../evidence-files-error.ts';
import { type FileContents, oneSubject, type Part } from '../part.ts';
import { readPemBlocks } from '../text/pem.ts';
import { quoteMember } from './dstack.ts';
import { arrayOf, bytesMember, bytesOf, objectWith } from './members.ts';

const WHAT = 'TPM quote';
const MAX_REGISTERS = 24;
const banks: ReadonlyMap<number, PcrBank> = new Map([
  [20, 'sha1'],
  [32, 'sha256'],
  [48, 'sha384'],
]);

/** A quote as Azure's guest library writes it: message, signature, and the values of all registers in order. */
function readQuote(quote: JsonObject): TpmQuote {
  const message = readTpmMessage(bytesMember(quote, 'message', WHAT));
  if (message === undefined) throw brokenFile(WHAT, 'message is no TPMS_ATTEST of a quote');
  const values = arrayOf(quote['pcrs']);
  if (values === undefined || values.length > MAX_REGISTERS) {
    throw brokenFile(WHAT, `pcrs is no list of ${MAX_REGISTERS} values at most`);
  }
  const pcrs = new Map(values.map((value, i) => [i, bytesOf(value, `pcrs[${i}]`, WHAT)]));
  const sizes = new Set([...pcrs.values()].map((value) => value.length));
  const bank = banks.get([...sizes][0] ?? 0);
  if (sizes.size !== 1 || bank === undefined) throw brokenFile(WHAT, 'pcrs are not values of one bank');
  return { message, signature: bytesMember(quote, 'signature', WHAT), bank, pcrs };
}

function certificateParts(value: JsonValue | undefined): Part[] {
  if (value === undefined || value === null) return [];
  const isPem = typeof value === 'string' && value.startsWith('-----');
  const ders = isPem
    ? readPemBlocks(value).map((block) => block.bytes)
    : [bytesOf(value, 'certificate', 'Azure evidence')];
  return ders.map((der) => {
    const part = readDer(der);
    if (part === undefined) throw brokenFile('Azure evidence', 'the VCEK is no certificate');
    return part;
  });
}

/** Evidence of an Azure confidential VM, in both versions of the form that Confidential Containers uses. */
function readAzure(object: JsonObject): FileContents | undefined {
  const reportName = Object.hasOwn(object, 'hcl_report') ? 'hcl_report' : 'report';
  const quote = objectWith(object['tpm_quote'] ?? object['quote'], 'message', 'pcrs', 'signature');
  if (quote === undefined || !Object.hasOwn(object, reportName)) return undefined;
  const hcl = readHclReport(bytesMember(object, reportName, 'Azure evidence'));
  if (hcl === undefined) throw brokenFile('Azure evidence', `${reportName} is no HCL report`);
  const hardware = Object.hasOwn(object, 'td_quote')
    ? [quoteMember(object, 'td_quote', 'Azure evidence')]
    : [];
  return oneSubject(
    `Azure vTPM evidence over ${hcl.hardware.toUpperCase()}`,
    hcl,
    { type: 'tpm-quote', quote: readQuote(quote) },
    ...hardware,
    ...certificateParts(object['vcek']),
  );
}

/** TPM quotes with their register values, alone or inside Azure's evidence. */
export function readTpm(value: JsonValue): FileContents | undefined {
  const object = objectWith(value);
  if (object === undefined) return undefined;
  const azure = readAzure(object);
  if (azure !== undefined) return azure;
  const quote = objectWith(object['tpm_quote'] ?? object, 'message', 'pcrs', 'signature');
  return (
    quote && oneSubject('TPM 2.0 quote with register values', { type: 'tpm-quote', quote: readQuote(quote) })
  );
}
