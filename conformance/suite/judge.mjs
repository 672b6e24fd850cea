/**
 * The state of every test by the suite's own rules: pass, fail, setup (the test could not be set up), retry, or
 * not judged, when a test that it depends on did not pass.
 */
export function judge (suites, results, honourDependencies) {
  const tests = new Map()
  for (const suite of suites) {
    for (const test of suite.tests) tests.set(test.id, test)
  }
  const states = new Map()
  const stateOf = id => {
    const test = tests.get(id)
    const result = results[id]
    if (test === undefined || result === undefined) return 'not run'
    if (honourDependencies && test.depends_on?.some(other => stateOf(other) !== 'pass')) return 'not judged'
    if (result === true) return 'pass'
    if (result[0] === 'Setup') return result[1] === 'retry' ? 'retry' : 'setup'
    return 'fail'
  }
  for (const [id, test] of tests) {
    if (results[id] === undefined) continue
    const message = results[id] === true ? '' : results[id].filter(part => part).join(': ')
    states.set(id, { kind: test.kind ?? 'required', state: stateOf(id), name: test.name, message })
  }
  return states
}
