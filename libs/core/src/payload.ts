/** Bytes, and what they are. Orrery never looks inside. */
export interface Payload {
  readonly data: Uint8Array;
  /** A media type, e.g. "application/json". */
  readonly contentType: string;
}

/** The media type of a payload that does not name one. */
export const DEFAULT_CONTENT_TYPE = 'application/json';
