// Ends a test run with one line, `N passed, N failed`. With CI=true a skipped test or suite is a failure: what is not
// run proves nothing. A suite that could not even be loaded counts as one failure.
const { writeFileSync } = require('node:fs');

module.exports = class SummaryReporter {
  #problem;

  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests + results.numPendingTestSuites;
    let failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    if (process.env.CI === 'true' && skipped > 0) {
      this.#problem = new Error(`${skipped} tests or suites were skipped, which CI does not allow.`);
      process.stderr.write(`${this.#problem.message}\n${skippedNames(results)}\n`);
      failed += skipped;
    }
    const summary = `${results.numPassedTests} passed, ${failed} failed`;
    // .ci/run repeats the line after whatever npm has to say.
    if (process.env.TEST_SUMMARY_FILE) writeFileSync(process.env.TEST_SUMMARY_FILE, `${summary}\n`);
    process.stderr.write(`${summary}\n`);
  }

  /** Jest fails the run when a reporter reports an error. */
  getLastError() {
    return this.#problem;
  }
};

function skippedNames({ testResults }) {
  return testResults
    .flatMap(({ testFilePath, testResults: tests, skipped }) => [
      ...(skipped ? [testFilePath] : []),
      ...tests.filter(({ status }) => status === 'pending' || status === 'todo').map(({ fullName }) => fullName),
    ])
    .map((name) => `  skipped: ${name}`)
    .join('\n');
}
