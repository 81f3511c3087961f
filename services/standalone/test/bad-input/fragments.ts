import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { makePageToken } from '@orrery/service';
import type { Loose } from './write-message.ts';

/** A request that must be refused, and how. */
export interface BadRequest {
  /** What is wrong with it. */
  readonly why: string;
  /** The messages that are sent; most methods take one. */
  readonly messages: readonly Loose[];
  /** The reason it is refused with. Default: INVALID_FIELD. */
  readonly reason: string;
  /** A field that must be named as wrong. */
  readonly field?: string;
}

/** Requests are plain objects, never bytes: their fields are put together. */
export type Fields = { readonly [field: string]: unknown };

/** A request that is refused because of a field. */
export function wrong(field: string, why: string, message: Loose): BadRequest {
  return { why: `${field}: ${why}`, messages: [message], reason: 'INVALID_FIELD', field };
}

/** A request that is refused for another reason. */
export function refused(reason: string, why: string, message: Loose): BadRequest {
  return { why, messages: [message], reason };
}

/** The same for a stream of messages. */
export function refusedStream(reason: string, why: string, messages: readonly Loose[], field?: string): BadRequest {
  return { why, messages, reason, ...(field !== undefined && { field }) };
}

/** Bytes that are no UTF-8. */
export const NOT_UTF8 = new Uint8Array([0x61, 0xff, 0xfe, 0xc0, 0x80]);

/** A lone surrogate as some encoders write it. */
const LONE_SURROGATE = new Uint8Array([0xed, 0xa0, 0x80]);

const BAD_NAMES: readonly (readonly [string, unknown])[] = [
  ['a space', 'two words'],
  ['not ASCII', 'größe'],
  ['an emoji', 'fire-🔥'],
  ['a NUL character', 'a\0b'],
  ['a line break', 'a\nb'],
  ['a quote', `'; DROP TABLE task; --`],
  ['a backslash', 'a\\b'],
  ['a wildcard', '%'],
  ['far too long', 'x'.repeat(5000)],
  ['no UTF-8', NOT_UTF8],
  ['a lone surrogate', LONE_SURROGATE],
];

/** Requests in which one name is none; `build` puts it where it belongs. */
export function badNames(field: string, build: (name: unknown) => Loose): readonly BadRequest[] {
  return BAD_NAMES.map(([why, name]) => wrong(field, why, build(name)));
}

/** The same for a name that there must be. */
export function requiredName(field: string, build: (name: unknown) => Loose): readonly BadRequest[] {
  return [wrong(field, 'is empty', build('')), ...badNames(field, build)];
}

/** Requests in which a free text is too long or holds what no database keeps. */
export function badTexts(field: string, build: (text: unknown) => Loose): readonly BadRequest[] {
  return [
    wrong(field, 'far too long', build('x'.repeat(100_000))),
    wrong(field, 'one character too long', build('x'.repeat(256))),
    wrong(field, 'a NUL character', build('a\0b')),
  ];
}

/** Requests for pages that there are not. `boundTo` is what tokens of this request are bound to: anybody can make them up. */
export function badPages(
  build: (page: Fields) => Loose,
  boundTo: unknown,
  lastIds: readonly string[] = [],
): readonly BadRequest[] {
  const tokens = [
    'x',
    '💥',
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '../../etc/passwd',
    'x'.repeat(100_000),
    makePageToken('a', 'else'),
  ];
  const forged = lastIds.map((id) => makePageToken(id, boundTo));
  return [
    wrong('page_size', 'negative', build({ page_size: -1 })),
    wrong('page_size', 'as negative as can be', build({ page_size: -2_147_483_648 })),
    ...[...tokens, ...forged].map((token) =>
      refused('INVALID_PAGE_TOKEN', `the page token ${token.slice(0, 60)}`, build({ page_token: token })),
    ),
  ];
}

const BAD_TIMES: readonly (readonly [string, Loose])[] = [
  ['before year 1', { seconds: -62_135_596_801n }],
  ['after year 9999', { seconds: 253_402_300_800n }],
  ['as early as can be', { seconds: -(2n ** 63n) }],
  ['as late as can be', { seconds: 2n ** 63n - 1n }],
  ['beyond what a number can say', { seconds: 2n ** 53n + 1n }],
];

/** Requests in which a time is none. */
export function badTimes(field: string, build: (time: Loose) => Loose): readonly BadRequest[] {
  return BAD_TIMES.map(([why, time]) => wrong(field, why, build(time)));
}

const BAD_DURATIONS: readonly (readonly [string, Loose])[] = [
  ['negative', { seconds: -1n }],
  ['a little negative', { nanos: -1 }],
  ['longer than ten thousand years', { seconds: 315_576_000_001n }],
  ['as long as can be', { seconds: 2n ** 63n - 1n }],
  ['as negative as can be', { seconds: -(2n ** 63n) }],
  ['a billion nanoseconds', { nanos: 1_000_000_000 }],
  ['signs that differ', { seconds: 1n, nanos: -1 }],
  ['nanoseconds out of range', { seconds: 1n, nanos: 2_147_483_647 }],
];

/** Requests in which a duration is none, or negative. */
export function badDurations(field: string, build: (duration: Loose) => Loose): readonly BadRequest[] {
  return BAD_DURATIONS.map(([why, duration]) => wrong(field, why, build(duration)));
}

/** Requests whose labels cannot be kept. */
export function badLabels(field: string, build: (labels: readonly unknown[]) => Loose): readonly BadRequest[] {
  const many = Array.from({ length: 65 }, (_, i) => [`key-${i}`, 'value']);
  const far = Array.from({ length: 20_000 }, (_, i) => [`key-${i}`, 'value']);
  const pairs: readonly (readonly [string, readonly unknown[]])[] = [
    ['one too many', many],
    ['far too many', far],
    ['an empty key', [['', 'x']]],
    ['a key with a space', [['a b', 'x']]],
    ['a key with a NUL character', [['a\0', 'x']]],
    ['a key with a quote', [[`a"b`, 'x']]],
    ['a long key', [['k'.repeat(64), 'x']]],
    ['a very long key', [['k'.repeat(100_000), 'x']]],
    ['a long value', [['k', 'x'.repeat(256)]]],
    ['a value with a NUL character', [['k', 'a\0b']]],
    ['a key that is no UTF-8', [[NOT_UTF8, 'x']]],
  ];
  return pairs.map(([why, labels]) => refused('INVALID_FIELD', `${field}: ${why}`, build(labels)));
}

/** Messages within messages as deep as is said: fields of the numbers in `way` from the outside, then of those in `cycle` in turn. */
export function nested(way: readonly number[], cycle: readonly number[], levels: number): Uint8Array {
  const heads: Uint8Array[] = [];
  let size = 0;
  for (let level = levels - 1; level >= 0; level -= 1) {
    const number = way[level] ?? cycle[(level - way.length) % cycle.length] ?? 1;
    const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(size).finish();
    heads.push(head);
    size += head.length;
  }
  return Buffer.concat(heads.reverse());
}
