import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

// Pinned: the list of exceptions is written against these tests.
const NAME = 'http-cache-tests'
export const VERSION = '0.4.5'

/** Where the package is, after installing it if needed. */
export async function install (target) {
  const home = join(target, `${NAME}-${VERSION}`)
  const installed = join(home, 'node_modules', NAME)
  if (existsSync(installed)) return installed
  // Beside its place first: an installation that was broken off is not taken for a whole one.
  const fresh = join(target, `${NAME}-${process.pid}`)
  mkdirSync(fresh, { recursive: true })
  try {
    const npm = spawnSync('npm', [
      'install', '--prefix', fresh, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error',
      '--fetch-retries=1', '--prefer-offline',
      `${NAME}@${VERSION}`
    ], { encoding: 'utf8', timeout: 120_000, shell: process.platform === 'win32' })
    if (npm.error?.code === 'ENOENT') throw new Error('npm is not on this machine')
    if (npm.error) throw npm.error
    // Its last lines only say where its own log is.
    if (npm.status !== 0) throw new Error(npm.stderr.trim().split('\n').slice(0, 3).join('; ') || `npm ended with ${npm.status}`)
    try {
      if (!existsSync(home)) renameSync(fresh, home)
    } catch (e) {
      // Another run may have been quicker.
      if (!existsSync(installed)) throw e
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return installed
}
