import { readFileSync } from 'node:fs'

const GROUPS = new Set(['not-applicable', 'resolved', 'suite', 'timing'])

/**
 * Reads the tests that are not expected to pass: one a line, as "id | when | group | reason".
 *
 * "when" is a list of conditions that all have to hold for the line to count, or "always"; one with "!" must not hold.
 */
export function parseExpectations (file, conditions) {
  const expected = new Map()
  readFileSync(file, 'utf8').split('\n').forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return
    const [id, when, group, text] = line.split('|').map(part => part.trim())
    if (!text || !GROUPS.has(group)) throw new Error(`${file}:${index + 1}: not "id | when | group | reason"`)
    const holds = when === 'always' || when.split(/\s+/).every(condition =>
      condition.startsWith('!') ? !conditions.has(condition.slice(1)) : conditions.has(condition))
    if (!holds) return
    if (expected.has(id)) throw new Error(`${file}:${index + 1}: ${id} is there twice`)
    expected.set(id, { group, text })
  })
  return expected
}
