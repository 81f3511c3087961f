import { Duration } from '@orrery/duration';
import { createLogger, type LoggerOptions } from './logger.ts';

function capture(options: Pick<LoggerOptions, 'level' | 'format'>) {
  const lines: string[] = [];
  return { logger: createLogger({ ...options, write: (line) => void lines.push(line) }), lines };
}

test('writes a line of JSON for each message', () => {
  const { logger, lines } = capture({ level: 'info', format: 'json' });
  logger.info('listening', { port: 7001, grace: Duration.ofSeconds(5), since: new Date(0), count: 2n });
  expect(lines).toHaveLength(1);
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, string>;
  expect(rest).toEqual({
    level: 'info',
    message: 'listening',
    port: 7001,
    grace: '5s',
    since: '1970-01-01T00:00:00.000Z',
    count: '2',
  });
  expect(Math.abs(Date.now() - Date.parse(time ?? ''))).toBeLessThan(60_000);
});

test('leaves out what is below its level', () => {
  const { logger, lines } = capture({ level: 'warn', format: 'json' });
  logger.debug('a');
  logger.info('b');
  logger.warn('c');
  logger.error('d');
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['c', 'd']);
});

test('writes text for people', () => {
  const { logger, lines } = capture({ level: 'debug', format: 'text' });
  logger.warn('slow', { ms: 12, name: 'x' });
  logger.error('broken', { error: new Error('no') });
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow ms=12 name=x\n$/);
  expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} ERROR broken\n {2}Error: no\n {2,}at /);
});

test('tells of errors and their causes, but not what they carry along', () => {
  const { logger, lines } = capture({ level: 'info', format: 'json' });
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (params)=(secret)',
    rows: ['secret'],
  });
  logger.error('failed', { error: new Error('insert failed', { cause }), body: new TextEncoder().encode('secret') });
  expect(lines[0]).not.toContain('secret');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    error: { name: 'Error', message: 'insert failed', cause: { message: 'duplicate key', code: '23505' } },
    body: '6 bytes',
  });
});

test('survives what cannot be printed', () => {
  const { logger, lines } = capture({ level: 'info', format: 'json' });
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  logger.info('odd', { loop, long: 'x'.repeat(100_000), when: new Date(NaN), nothing: undefined, none: null });
  expect(lines[0]?.length).toBeLessThan(5_000);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ when: 'Invalid Date', none: null });
});
