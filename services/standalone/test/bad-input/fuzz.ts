import { type DescField, type DescMessage, type DescMethod, ScalarType } from '@bufbuild/protobuf';
import fc, { type Arbitrary } from 'fast-check';
import { NOT_UTF8 } from './fragments.ts';
import { type Loose, writeMessage } from './write-message.ts';

/** How deep generated messages go. */
const MAX_DEPTH = 4;

/** What fields of these names may well hold, so that what is generated gets beyond the first check. */
const LIKELY: Readonly<Record<string, readonly unknown[]>> = {
  namespace: ['', 'default', 'other'],
  task_id: ['done-1', 'failed-1', 'pending-1', 'running-1'],
  task_ids: ['done-1', 'failed-1', 'pending-1', 'running-1'],
  schedule_id: ['schedule-1'],
  worker_id: ['worker-1'],
  name: ['typed.work', 'limit-1', 'relay'],
  type: ['work', 'typed.work', 'old.work'],
  types: ['work', 'typed.*', 'orrery.task.v1.*'],
  queue: ['', 'default', 'nobody'],
  queues: ['default', 'nobody'],
  expression: ['0 0 1 1 *', '*/5 * * * *', '@daily'],
  time_zone: ['', 'UTC', 'Europe/Berlin'],
  lease_token: ['a7a9b6d4-94a7-4a1b-9e5b-2d0a4f9c7e11'],
  paths: ['task', 'cron', 'jitter', '*'],
  param_schema: ['{"type": "object"}', 'true', '{"pattern": "a"}'],
};

const HOSTILE: readonly unknown[] = [
  '\0',
  'a\0b',
  `' OR ''='`,
  '%s%n',
  '__proto__',
  'constructor',
  'toString',
  '${7*7}',
  '../..',
  '\u202E',
  '💥',
  'x'.repeat(300),
  'x'.repeat(20_000),
  '.*',
  '-',
  'null',
  NOT_UTF8,
];

const TEXTS = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 2, arbitrary: fc.stringMatching(/^[a-z.]{1,12}$/) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) },
);
const WHOLE = fc.oneof(
  fc.constantFrom(0, 1, -1, 100, 101, 1000, 1001, 2_147_483_647, -2_147_483_648),
  fc.integer({ min: -5, max: 5 }),
  fc.integer(),
);
const LONG = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt(-5n, 400_000_000n),
);

/** What may be sent to a method: one message, or several for one that takes a stream. */
export function hostileMessages(method: DescMethod): Arbitrary<readonly Uint8Array[]> {
  const message = hostileBytes(method.input);
  if (method.methodKind === 'unary' || method.methodKind === 'server_streaming') return message.map((one) => [one]);
  // One that cannot be read ends the stream, and what came before it is done all the same.
  if (method.name === 'StreamCreateTasks') return message.map((one) => [one]);
  const several = fc.array(message, { maxLength: 3 });
  if (method.name !== 'Work') return several;
  const hello = writeMessage(method.input, { hello: { options: { worker_id: 'worker-1', queues: ['nobody'] } } });
  return fc.oneof(
    several,
    several.map((rest) => [hello, ...rest]),
  );
}

/** A message as bytes: mostly such a message, sometimes a damaged one, sometimes any bytes. */
function hostileBytes(type: DescMessage): Arbitrary<Uint8Array> {
  const written = looseMessage(type, 0).map((message) => writeMessage(type, message));
  const damaged = fc.tuple(written, fc.nat(), fc.nat({ max: 255 }), fc.boolean()).map(([bytes, at, value, cuts]) => {
    if (bytes.length === 0) return bytes;
    if (cuts) return bytes.subarray(0, at % bytes.length);
    return bytes.with(at % bytes.length, value);
  });
  return fc.oneof(
    { weight: 8, arbitrary: written },
    { weight: 2, arbitrary: damaged },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  );
}

function looseMessage(type: DescMessage, depth: number): Arbitrary<Loose> {
  const fields = type.fields.filter(({ message }) => !message || depth < MAX_DEPTH);
  const chosen = Object.fromEntries(fields.map((field) => [field.name, fieldValue(field, depth)]));
  return fc.record(chosen, { requiredKeys: [] });
}

function fieldValue(field: DescField, depth: number): Arbitrary<unknown> {
  if (field.fieldKind === 'map') return fc.array(fc.tuple(TEXTS, TEXTS), { maxLength: 3 });
  const { message } = field;
  const single = message ? fc.oneof(looseMessage(message, depth + 1), likelyMessage(message)) : scalarValue(field);
  return field.fieldKind === 'list' ? fc.array(single, { maxLength: 3 }) : single;
}

/** Times and durations that are legal are rare otherwise. */
function likelyMessage(type: DescMessage): Arbitrary<Loose> {
  const isTime = type.typeName === 'google.protobuf.Timestamp';
  const isDuration = type.typeName === 'google.protobuf.Duration';
  if (!isTime && !isDuration) return fc.constant({});
  const base = isTime ? BigInt(Math.floor(Date.now() / 1000)) : 0n;
  return fc.bigInt(0n, 100_000n).map((seconds) => ({ seconds: base + seconds }));
}

function scalarValue(field: DescField): Arbitrary<unknown> {
  const likely = LIKELY[field.name];
  if (field.enum) return fc.oneof(fc.constantFrom(...field.enum.values.map(({ number }) => number)), WHOLE);
  switch (field.scalar) {
    case ScalarType.STRING:
      return likely ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...likely) }, TEXTS) : TEXTS;
    case ScalarType.BYTES:
      return fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.json({ maxDepth: 3 }),
        fc.constantFrom('{}', '{"a": 1}', '['),
      );
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.INT64:
      return LONG;
    case ScalarType.UINT64:
      return LONG.map((value) => BigInt.asUintN(64, value));
    case ScalarType.UINT32:
      return WHOLE.map((value) => value >>> 0);
    default:
      return WHOLE;
  }
}
