import { DEFAULT_CONTENT_TYPE, type Payload } from '@orrery/core';
import type * as taskv1 from './task-v1.ts';

/** A payload as the wire carries it; the bytes are shared, not copied. */
export function payloadToProto(payload: Payload): taskv1.Payload {
  return payload;
}

/** Reads a payload, null where there is none; the bytes are shared, not copied. */
export function payloadFromProto(payload: taskv1.Payload): Payload;
export function payloadFromProto(payload: taskv1.Payload | undefined): Payload | null;
export function payloadFromProto(payload: taskv1.Payload | undefined): Payload | null {
  if (payload === undefined) return null;
  if (payload.contentType !== '') return payload;
  return { data: payload.data, contentType: DEFAULT_CONTENT_TYPE };
}
