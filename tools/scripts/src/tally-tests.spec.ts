import { addTallies, tallyPackage } from './tally-tests.ts';

const file = (status: string, ...statuses: string[]) => ({
  name: '/a.spec.ts',
  status,
  message: 'SyntaxError: what\nat line 3',
  assertionResults: statuses.map((each, index) => ({ fullName: `test ${index}`, status: each })),
});
const report = (...testResults: ReturnType<typeof file>[]) => ({ testResults });

test('passed and failed tests are counted, and failed ones named', () => {
  expect(tallyPackage('x', report(file('passed', 'passed', 'passed'), file('failed', 'failed', 'passed')))).toEqual({
    passed: 3,
    failed: 1,
    problems: ['x: failed: test 0'],
  });
});

test.each(['pending', 'todo', 'skipped', 'disabled'])('a test that is %s counts as failed', (status) => {
  expect(tallyPackage('x', report(file('passed', 'passed', status)))).toMatchObject({ passed: 1, failed: 1 });
});

test('a file that fails before or after its tests counts once, with the first line of its message', () => {
  expect(tallyPackage('x', report(file('failed'), file('failed', 'passed')))).toEqual({
    passed: 1,
    failed: 2,
    problems: Array(2).fill('x: /a.spec.ts failed outside its tests: SyntaxError: what'),
  });
});

test('no report, or one without tests, is a failure', () => {
  expect(tallyPackage('x', undefined)).toMatchObject({ passed: 0, failed: 1 });
  expect(tallyPackage('x', report())).toMatchObject({ passed: 0, failed: 1 });
});

test('packages add up', () => {
  const tallies = [tallyPackage('x', report(file('passed', 'passed'))), tallyPackage('y', undefined)];
  expect(addTallies(tallies)).toEqual({ passed: 1, failed: 1, problems: ['y: no test results'] });
});
