import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { z } from 'zod';
import { addressList, ConfigError, durationText, portNumber, readEnv } from './read-env.ts';

const schema = z
  .object({
    ORRERY_PORT: portNumber().default(7001),
    ORRERY_LEASE: durationText().default(Duration.ofSeconds(30)),
    ORRERY_NATS: addressList().optional(),
    ORRERY_DATABASE: z.string(),
  })
  .transform((env) => ({
    port: env.ORRERY_PORT,
    lease: env.ORRERY_LEASE,
    events: { servers: env.ORRERY_NATS },
    url: env.ORRERY_DATABASE,
  }));

test('reads what is set and takes the default for the rest', () => {
  expect(readEnv(schema, { ORRERY_DATABASE: 'sqlite:x', ORRERY_NATS: 'a:4222, [::1]:4223', PATH: '/bin' })).toEqual({
    port: 7001,
    lease: Duration.ofSeconds(30),
    events: { servers: ['a:4222', '[::1]:4223'] },
    url: 'sqlite:x',
  });
  const set = { ORRERY_DATABASE: 'x', ORRERY_PORT: '0', ORRERY_LEASE: '1m30s' };
  expect(readEnv(schema, set)).toMatchObject({ port: 0, lease: Duration.ofSeconds(90) });
});

test('takes an empty variable for unset', () => {
  expect(readEnv(schema, { ORRERY_DATABASE: 'x', ORRERY_PORT: '' }).port).toBe(7001);
  expect(() => readEnv(schema, { ORRERY_DATABASE: '' })).toThrow(ConfigError);
});

test('freezes what it read, all the way down', () => {
  const config = readEnv(schema, { ORRERY_DATABASE: 'x', ORRERY_NATS: 'a:1' });
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.events)).toBe(true);
  expect(Object.isFrozen(config.events.servers)).toBe(true);
});

test('names all problems at once', () => {
  const wrong = { ORRERY_PORT: '70000', ORRERY_LEASE: 'soon', ORRERY_NATS: 'a:1,b,c:0' };
  expect(() => readEnv(schema, wrong)).toThrow(
    new ConfigError(
      [
        'the configuration is wrong:',
        '  ORRERY_PORT: "70000" is not a port from 0 to 65535',
        '  ORRERY_LEASE: "soon" is not a length of time such as "30s", "1h30m" or "PT30S"',
        '  ORRERY_NATS: "b" is not an address such as "localhost:7001"',
        '  ORRERY_NATS: "c:0" is not an address such as "localhost:7001"',
        '  ORRERY_DATABASE: Invalid input: expected string, received undefined',
      ].join('\n'),
    ),
  );
});

test.each(['0s', '-1s', '1', 'P'])('%s is no length of time to configure', (text) => {
  expect(durationText().safeParse(text).success).toBe(false);
});

test('every port is read, and nothing else', () => {
  fc.assert(fc.property(fc.nat(65_535), (port) => expect(portNumber().parse(String(port))).toBe(port)));
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!/^\d{1,5}$/.test(text));
      expect(portNumber().safeParse(text).success).toBe(false);
    }),
  );
});
