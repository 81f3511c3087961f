import fc from 'fast-check';
import { decodePayload, encodePayload, PayloadError } from './payload-codec.ts';

describe('the payload codec', () => {
  it('brings every JSON value back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(decodePayload(encodePayload(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves a Payload as it is, both ways', () => {
    const payload = { data: new Uint8Array([0, 255]), contentType: 'image/png' };
    expect(encodePayload(payload)).toBe(payload);
    expect(decodePayload(payload)).toBe(payload);
  });

  it('keeps nothing and null apart', () => {
    expect(encodePayload(undefined)).toBeNull();
    expect(decodePayload(null)).toBeUndefined();
    expect(decodePayload(encodePayload(null))).toBeNull();
  });

  it.each([1n, () => 1, Symbol('x')])('refuses what has no JSON form: %p', (value) => {
    expect(() => encodePayload(value)).toThrow(PayloadError);
  });

  it('refuses JSON that is broken or not UTF-8', () => {
    for (const data of [new TextEncoder().encode('{"a":'), new Uint8Array([0x22, 0xff, 0x22])]) {
      expect(() => decodePayload({ data, contentType: 'application/json; charset=utf-8' })).toThrow(PayloadError);
    }
  });
});
