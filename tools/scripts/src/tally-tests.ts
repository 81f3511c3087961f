/** The part of Jest's `--json` output that is read here. */
export interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** How many tests passed and failed, and a line about each that did not pass. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly problems: readonly string[];
}

/**
 * Counts the tests of one package. A skipped or unwritten test counts as failed, so does a file that fails outside its
 * tests, a report without any test, and a missing report.
 */
export function tallyPackage(name: string, report: JestReport | undefined): Tally {
  if (report === undefined) return { passed: 0, failed: 1, problems: [`${name}: no test results`] };
  const problems: string[] = [];
  let passed = 0;
  for (const file of report.testResults) {
    const before = problems.length;
    for (const { fullName, status } of file.assertionResults) {
      if (status === 'passed') passed += 1;
      else problems.push(`${name}: ${status}: ${fullName}`);
    }
    if (file.status !== 'passed' && problems.length === before) {
      problems.push(`${name}: ${file.name} failed outside its tests: ${file.message.trim().split('\n', 1)[0] ?? ''}`);
    }
  }
  if (passed === 0 && problems.length === 0) problems.push(`${name}: no test ran`);
  return { passed, failed: problems.length, problems };
}

/** The sum over packages. */
export function addTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
    failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
    problems: tallies.flatMap(({ problems }) => problems),
  };
}
