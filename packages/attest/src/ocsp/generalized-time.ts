import { type DerReader, derTags } from '../x509/der-reader.ts';

const FORM = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/**
 * A GeneralizedTime of whole seconds in UTC, in milliseconds since 1970. OCSP uses this form in every year
 * (RFC 6960 section 4.2.2.1), unlike certificates.
 */
export function readGeneralizedTime(reader: DerReader, field: string): number {
  const start = reader.offset;
  const text = String.fromCharCode(...reader.read(derTags.generalizedTime, field).rest().subarray(0, 16));
  const match = FORM.exec(text);
  if (match === null) return reader.fail(`${field} is not a time of whole seconds in UTC`, start);
  const iso = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}.000Z`;
  const ms = Date.parse(iso);
  // Date.parse rolls over, or refuses, what the calendar does not have.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== iso) {
    return reader.fail(`${field} is no moment of the calendar`, start);
  }
  return ms;
}
