import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { contextOf, isSampled, readTraceparent, traceparentOf } from './trace-context.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const id = (length: number) => hex(length).filter((text) => !/^0+$/.test(text));

describe('a W3C traceparent', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(id(32), id(16), hex(2), (traceId, spanId, flags) => {
        const traceparent = `00-${traceId}-${spanId}-${flags}`;
        expect(traceparentOf(trace.getSpan(contextOf(traceparent)))).toBe(traceparent);
        expect(isSampled(traceparent)).toBe((Number.parseInt(flags, 16) & 1) === 1);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['other text', 't-1'],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['a span id of zeros', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
    ['the version that there never is', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['capitals', '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'],
  ])('names no span: %s', (_, text) => {
    expect(readTraceparent(text)).toBeNull();
    expect(contextOf(text)).toBe(ROOT_CONTEXT);
  });

  it('is empty without a span', () => {
    expect(traceparentOf(undefined)).toBe('');
    expect(isSampled('')).toBe(false);
  });
});
