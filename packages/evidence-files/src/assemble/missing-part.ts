/** Something that the evidence needs and nobody gave. */
export interface MissingPart {
  /** For people, for example `CRL of the PCK CA`. */
  readonly what: string;
  /** Claims that fail only because of this: they are open, not refuted. */
  readonly claims: readonly string[];
  /** True if a vendor publishes it, so that it can be fetched for this evidence. */
  readonly isPublished: boolean;
  /** Where a person finds it. */
  readonly from: string;
}
