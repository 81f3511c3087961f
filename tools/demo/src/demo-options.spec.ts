import { jest } from '@jest/globals';
import { Duration } from '@orrery/duration';
import { exitCodeOf, readDemoOptions } from './demo-options.ts';

const PLACES = { cwd: '/home/ada', repository: '/repository' };

beforeEach(() => {
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(() => jest.restoreAllMocks());

test('without arguments, this repository in a temporary data folder', () => {
  expect(readDemoOptions([], PLACES)).toMatchObject({
    ...{ folder: '/repository', dataDir: null, workers: 2, keep: false },
    lease: Duration.ofSeconds(30),
  });
});

test('paths are relative to where the caller is', () => {
  const args = ['docs', '--keep', '--data-dir', 'd', '--max-size', '3', '--json'];
  expect(readDemoOptions(args, PLACES)).toMatchObject({
    folder: '/home/ada/docs',
    dataDir: '/home/ada/d',
    maxBytes: 3 * 1024 * 1024,
    keep: true,
    json: true,
  });
});

test('what is kept has a place of its own', () => {
  expect(readDemoOptions(['--keep'], PLACES).dataDir).toBe('/repository/.orrery/demo');
});

test.each([
  [['--workers', '0']],
  [['--workers', '2.5']],
  [['--concurrency', 'many']],
  [['--port', '70000']],
  [['--no-such-option']],
  [['a', 'b']],
])('%j is refused with exit code 2', (args) => {
  expect(exitCodeOf(thrownBy(() => readDemoOptions(args, PLACES)))).toBe(2);
});

test('--help is no error', () => {
  expect(exitCodeOf(thrownBy(() => readDemoOptions(['--help'], PLACES)))).toBe(0);
});

test('other errors are not about the arguments', () => {
  expect(exitCodeOf(new Error('x'))).toBeUndefined();
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
