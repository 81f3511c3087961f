import { readFileSync } from 'node:fs';
import { invalidFields, leaseLost, Refusal, type RefusalReason } from '@orrery/core';
import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { Status as Code } from 'nice-grpc-common';
import * as errorv1 from './error-v1.ts';
import { refusalFromRpc, refusalFromStatus, refusalToRpc, refusalToStatus, statusCodeOf } from './map-refusal.ts';
import { BadRequest, ErrorInfo, type Status } from './rpc.ts';

const proto = readFileSync(new URL('../../../proto/orrery/error/v1/error_reason.proto', import.meta.url), 'utf8');
const core = readFileSync(new URL('../../core/src/refusal.ts', import.meta.url), 'utf8');

/** Reason → the status code its comment begins with. */
const documented = new Map(
  Array.from(
    proto.matchAll(/ {2}\/\/ ([A-Z_]+)\. (?:.*\n {2}\/\/)*.*\n {2}ERROR_REASON_(\w+) = \d+;/g),
    ([, code, name]) => [name ?? '', code ?? ''],
  ),
);

describe('reasons', () => {
  test('are those of the protocol, in core and in the proto files', () => {
    const inProto = Object.keys(errorv1.ErrorReason).filter(
      (name) => name !== 'UNSPECIFIED' && name !== 'UNRECOGNIZED',
    );
    const union = /export type RefusalReason =([^;]+);/.exec(core)?.[1] ?? '';
    const inCore = Array.from(union.matchAll(/'(\w+)'/g), ([, name]) => name);
    expect(inProto.length).toBeGreaterThan(10);
    expect(inCore).toEqual(inProto);
    expect([...documented.keys()]).toEqual(inProto);
  });

  test.each([...documented])('%s is %s', (reason, code) => {
    expect(Code[statusCodeOf(reason as RefusalReason)]).toBe(code);
  });
});

describe('a refusal on the wire', () => {
  const reasons = fc.constantFrom(...([...documented.keys()] as RefusalReason[]));
  const text = fc.string({ unit: 'grapheme', maxLength: 30 });
  const violations = fc.array(fc.record({ field: text, description: text }), { maxLength: 5 });
  const delays = fc.option(fc.nat().map((millis) => Duration.ofMillis(millis)));
  const metadata = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}_id$/), text, { noNullPrototype: true });

  test('comes back as it was', () => {
    fc.assert(
      fc.property(reasons, text, metadata, violations, delays, (reason, message, facts, wrong, retryAfter) => {
        const status = refusalToStatus(new Refusal(reason, message, facts, wrong, retryAfter));
        expect(status).toMatchObject({ code: statusCodeOf(reason), message });
        const back = refusalFromStatus(status.details);
        expect(back).toBeInstanceOf(Refusal);
        expect({ ...back, message: back?.message }).toEqual({
          name: 'Refusal',
          reason,
          message,
          metadata: facts,
          violations: wrong,
          retryAfter: retryAfter ?? (Code[status.code] === 'UNAVAILABLE' ? Duration.ofSeconds(1) : null),
        });
      }),
    );
  });

  test('carries exactly one ErrorInfo, and a BadRequest where fields are wrong', () => {
    const { details } = refusalToRpc(invalidFields([{ field: 'task.queue', description: 'must not be empty' }]));
    expect(details.map((any) => any.typeUrl)).toEqual([
      'type.googleapis.com/google.rpc.ErrorInfo',
      'type.googleapis.com/google.rpc.BadRequest',
    ]);
    expect(ErrorInfo.decode(details[0]?.value ?? new Uint8Array())).toEqual({
      reason: 'INVALID_FIELD',
      domain: 'orrery.dev',
      metadata: { field: 'task.queue' },
    });
    expect(BadRequest.decode(details[1]?.value ?? new Uint8Array()).fieldViolations).toMatchObject([
      { field: 'task.queue', description: 'must not be empty' },
    ]);
    expect(refusalToRpc(leaseLost('x')).details).toHaveLength(1);
  });

  test('says when to try again if the reason is an UNAVAILABLE one, or if it knows', () => {
    const down = new Refusal('STORE_UNAVAILABLE', 'down');
    const delay = Duration.ofMillis(250);
    const retryAfter = (refusal: Refusal, otherwise?: Duration) =>
      refusalFromStatus(refusalToStatus(refusal, otherwise).details)?.retryAfter;
    expect(retryAfter(down)).toEqual(Duration.ofSeconds(1));
    expect(retryAfter(down, delay)).toEqual(delay);
    expect(retryAfter(leaseLost('x'))).toBeNull();
    expect(retryAfter(new Refusal('QUOTA_EXCEEDED', 'full', {}, [], delay))).toEqual(delay);
    expect(retryAfter(new Refusal('QUOTA_EXCEEDED', 'never'))).toBeNull();
  });

  test('stays below what trailers may hold, however much is wrong', () => {
    const wrong = Array.from({ length: 1_000 }, (_, index) => ({
      field: `tasks[${index}].type`,
      description: 'is required',
    }));
    const status = refusalToStatus(invalidFields(wrong));
    expect(status.details.length).toBeLessThan(5_000);
    expect(refusalFromStatus(status.details)?.violations.length).toBeGreaterThan(50);
  });

  test('is well-formed text', () => {
    expect(refusalToStatus(new Refusal('INVALID_FIELD', 'half a \ud83d')).message.isWellFormed()).toBe(true);
  });
});

describe('a status of another kind', () => {
  test('is not taken for a refusal', () => {
    expect(refusalFromStatus(undefined)).toBeNull();
    expect(refusalFromStatus(new Uint8Array([255, 255]))).toBeNull();
    expect(refusalFromRpc({ code: 5, message: 'x', details: [] })).toBeNull();
    expect(refusalFromRpc(withInfo('LEASE_LOST', 'googleapis.com'))).toBeNull();
    expect(refusalFromRpc(withInfo('FROM_THE_FUTURE', 'orrery.dev'))).toBeNull();
    expect(refusalFromRpc(withInfo('LEASE_LOST', 'orrery.dev'))).toMatchObject({ reason: 'LEASE_LOST' });
  });

  function withInfo(reason: string, domain: string): Status {
    const value = ErrorInfo.encode({ reason, domain, metadata: {} }).finish();
    return { code: 9, message: 'x', details: [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value }] };
  }
});
