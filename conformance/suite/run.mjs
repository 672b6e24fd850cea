// Runs the public HTTP cache test suite against the gateway, and compares with what is expected of it.
// The suite's own origin, client and tests do the work; here they are started, fed and read.

import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseExpectations } from './expectations.mjs'
import { VERSION, install } from './install.mjs'
import { judge } from './judge.mjs'
import { Restarts } from './restarts.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const TARGET = join(HERE, '..', 'target')
const CANNOT_RUN = 3
const AT_ONCE = 100
// As many requests as the suite makes are answered long before that.
const LONGEST_RUN = 10 * 60 * 1000
// More surprises than this are no accident of timing.
const MOST_ASKED_AGAIN = 5
// It lives for seconds, for which the second compiler costs more than it gives.
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

const USAGE = `usage: conformance/run [--client jdk|jdk-async|okhttp|apache|apache-async|spring|webclient]
                       [--mode private|shared] [--storage memory:|file:|sqlite:|SPEC] [--careful] [--restart | --crash] [--id TEST-ID] [--suite DIRECTORY] [--expected FILE]
  --letter-of-rfc  also what the standard allows and Larder leaves off by default; this is the default here
  --careful        Larder's defaults instead
  --restart        the gateway's process is stopped and started again before each test's second request
  --crash          the same, without a chance to close the storage
  --id             one test, with everything that was sent and answered
  --suite          a checkout of the suite instead of the package
  --expected       what is expected not to pass (default: expected-VERSION.txt beside this script)`

function fail (message, code = 2) {
  console.error(`conformance: ${message}`)
  process.exit(code)
}

function parse (args) {
  const options = {
    client: 'jdk',
    mode: 'private',
    storage: 'memory:',
    letter: true,
    restart: null,
    id: null,
    suite: null,
    expected: null,
    java: null,
    classpath: null
  }
  const value = () => args.shift() ?? fail(USAGE)
  while (args.length > 0) {
    const option = args.shift()
    switch (option) {
      case '--client': options.client = value(); break
      case '--mode': options.mode = value(); break
      case '--storage': options.storage = value(); break
      case '--letter-of-rfc': options.letter = true; break
      case '--careful': options.letter = false; break
      case '--restart': options.restart = 'SIGTERM'; break
      case '--crash': options.restart = 'SIGKILL'; break
      case '--id': options.id = value(); break
      case '--suite': options.suite = resolve(value()); break
      case '--expected': options.expected = resolve(value()); break
      case '--java': options.java = value(); break
      case '--classpath': options.classpath = value(); break
      default: fail(`unknown option ${option}\n${USAGE}`)
    }
  }
  if (!['private', 'shared'].includes(options.mode)) fail('--mode is private or shared')
  if (options.restart && options.storage === 'memory:') options.storage = 'file:'
  return options
}

/** A process of ours, ready once it has printed the line that says where it listens. */
class Served {
  constructor (command, args, options, logFile) {
    this.exited = false
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.end = new Promise(resolve => this.child.once('exit', () => {
      this.exited = true
      resolve()
    }))
    const log = createWriteStream(logFile, { flags: 'a' })
    this.ready = new Promise((resolve, reject) => {
      let printed = ''
      this.child.stdout.on('data', data => {
        log.write(data)
        printed += data
        const found = /listening on http:\/\/\S*:(\d+)/i.exec(printed)
        if (found) resolve(parseInt(found[1]))
      })
      this.child.once('error', reject)
      this.child.once('exit', code => reject(new Error(`${command} ended with ${code}; see ${logFile}`)))
    })
    this.child.stderr.on('data', data => log.write(data))
    // Whoever waits for it hears of it; nobody has to.
    this.ready.catch(() => {})
  }

  async stop (signal = 'SIGTERM') {
    if (!this.exited) this.child.kill(signal)
    await this.end
  }
}

/** The suite's parts, which moved once between its releases. */
async function load (directory) {
  const engine = existsSync(join(directory, 'test-engine')) ? join(directory, 'test-engine') : directory
  const cli = readFileSync(join(engine, 'cli.mjs'), 'utf8')
  const use = file => import(pathToFileURL(file).href)
  const tests = [...(await use(join(directory, 'tests', 'index.mjs'))).default]
  if (cli.includes('surrogate-control.mjs')) {
    tests.push((await use(join(directory, 'tests', 'surrogate-control.mjs'))).default)
  }
  // The client is written for the fetch that its own command line uses.
  const fetchName = /import fetch from '([^']+)'/.exec(cli)
  const fetch = fetchName
    ? (await use(createRequire(join(engine, 'cli.mjs')).resolve(fetchName[1]))).default
    : globalThis.fetch
  const { runTests, getResults } = await use(join(engine, 'client', 'runner.mjs'))
  // Newer clients take no fetch, and use the one of node.
  const run = /^[^(]*\(\s*tests\s*,\s*myFetch/.test(runTests.toString())
    ? (chosen, fetch, base, atOnce) => runTests(chosen, fetch, false, base, atOnce)
    : (chosen, fetch, base, atOnce) => {
        globalThis.fetch = fetch
        return runTests(chosen, false, base, atOnce)
      }
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  return { engine, tests, fetch, run, getResults, version }
}

async function main () {
  const options = parse(process.argv.slice(2))
  const name = [options.client, options.mode, options.storage.split(':')[0]]
    .concat(options.restart ? [options.restart === 'SIGKILL' ? 'crash' : 'restart'] : [])
    .concat(options.letter ? [] : ['careful'])
  const results = join(TARGET, 'results')
  mkdirSync(results, { recursive: true })
  const logFile = join(results, name.join('-') + '.log')
  rmSync(logFile, { force: true })

  let directory
  try {
    directory = options.suite ?? await install(TARGET)
  } catch (e) {
    // A code of its own, so that a build can tell "cannot be run here" from "does not pass".
    fail(`the suite cannot be installed: ${e.message}`, CANNOT_RUN)
  }
  const suite = await load(directory)
  const work = mkdtempSync(join(TARGET, 'run-'))
  const own = { 'file:': 'cache', 'sqlite:': 'cache.db' }[options.storage]
  const storage = own ? options.storage + join(work, own) : options.storage
  const running = new Set()
  const start = (...args) => {
    const served = new Served(...args)
    running.add(served)
    return served
  }
  const stopAll = () => Promise.all([...running].map(served => served.stop()))
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => stopAll().then(() => process.exit(130)))
  }

  const ofVersion = version => join(HERE, '..', `expected-${version}.txt`)
  // Another version has mostly the same tests.
  const expectedFile = options.expected ?? [ofVersion(suite.version), ofVersion(VERSION)].find(existsSync)
  const conditions = new Set(name.concat(options.letter ? ['letter'] : [], options.restart ? ['restart'] : []))
  const expected = options.id ? new Map() : parseExpectations(expectedFile, conditions)
  let states
  let askedAgain = []
  let restarts
  try {
    const origin = start(process.execPath, ['--no-warnings', join(suite.engine, 'server', 'server.mjs')], {
      cwd: directory,
      env: {
        ...process.env,
        npm_config_protocol: 'http',
        npm_config_port: '0',
        npm_config_pidfile: join(work, 'origin.pid')
      }
    }, logFile)
    const originPort = await origin.ready
    const gatewayArgs = port => [
      ...SHORT_LIVED, ...options.classpath ? ['-cp', options.classpath, 'dev.larder.conformance.Gateway'] : ['-jar', join(TARGET, 'gateway.jar')],
      '--listen', `127.0.0.1:${port}`, '--origin', `http://localhost:${originPort}`, '--client', options.client,
      '--mode', options.mode, '--storage', storage, '--log', ...options.letter ? ['--letter-of-rfc'] : []
    ]
    const java = options.java ?? 'java'
    let gateway = start(java, gatewayArgs(0), {}, logFile)
    const port = await gateway.ready

    let fetch = suite.fetch
    if (options.restart) {
      restarts = new Restarts(fetch, async () => {
        await gateway.stop(options.restart)
        running.delete(gateway)
        gateway = start(java, gatewayArgs(port), {}, logFile)
        await gateway.ready
      })
      fetch = (url, init) => restarts.fetch(url, init)
    }
    const chosen = options.id ? only(suite.tests, options.id) : suite.tests
    const run = some => Promise.race([
      suite.run(some, fetch, `http://127.0.0.1:${port}`, AT_ONCE),
      new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error('the suite does not end')), LONGEST_RUN).unref()
      })
    ])
    await run(chosen)
    states = judge(chosen, suite.getResults(), options.id === null)
    if (!options.id) {
      // The suite's tests have pauses and clocks of their own, which a busy machine can spoil: what surprises is asked
      // once more, by itself, and both answers are told of.
      askedAgain = surprises(states, expected)
      if (askedAgain.length > 0 && askedAgain.length <= MOST_ASKED_AGAIN) {
        await run(suite.tests.map(part => ({ ...part, tests: part.tests.filter(test => askedAgain.includes(test.id)) }))
          .filter(part => part.tests.length > 0))
        states = judge(chosen, suite.getResults(), true)
      } else {
        askedAgain = []
      }
    }
  } finally {
    await stopAll()
    rmSync(work, { recursive: true, force: true })
  }

  if (options.id) {
    for (const [id, test] of states) console.log(`${test.state}: ${id}: ${test.name}${test.message ? `: ${test.message}` : ''}`)
    console.log(`log: ${logFile}`)
    process.exitCode = states.get(options.id)?.state === 'pass' ? 0 : 1
    return
  }
  writeFileSync(join(results, name.join('-') + '.json'), JSON.stringify(Object.fromEntries(states), null, 2) + '\n')
  const title = `${name.join(' ')}${restarts ? ` (${restarts.count} times)` : ''}`
  // The list is written against the package: a checkout may have other tests, and other opinions on them.
  process.exitCode = report(title, suite.version, states, expected, askedAgain, logFile, options.suite === null)
}

/** What does not pass although nothing says why; what waits for another test is that one's matter. */
function surprises (states, expected) {
  return [...states].filter(([id, { state }]) => !['pass', 'not judged'].includes(state) && !expected.has(id)).map(([id]) => id)
}

function only (suites, id) {
  for (const suite of suites) {
    for (const test of suite.tests) {
      if (test.id === id) return [{ ...suite, tests: [{ ...test, dump: true }] }]
    }
  }
  fail(`there is no test ${id}`)
}

function report (title, version, states, expected, askedAgain, logFile, listed) {
  console.log(`http-cache-tests ${version} against ${title}`)
  for (const kind of ['required', 'optimal', 'check']) {
    const ofKind = [...states].filter(([, test]) => test.kind === kind)
    const passed = ofKind.filter(([, test]) => test.state === 'pass').length
    const inapplicable = ofKind
      .filter(([id, test]) => test.state !== 'pass' && expected.get(id)?.group === 'not-applicable').length
    console.log(`  ${kind.padEnd(8)} ${String(passed).padStart(3)} of ${ofKind.length} pass` +
      (inapplicable > 0 ? `, ${inapplicable} do not apply` : ''))
  }
  for (const id of askedAgain) {
    console.log(`asked again, since its first answer was a surprise: ${id} (now ${states.get(id).state})`)
  }
  const changes = []
  for (const kind of ['required', 'optimal', 'check']) {
    const failing = [...states].filter(([, test]) => test.kind === kind && test.state !== 'pass')
    if (failing.length > 0) console.log(`${kind}, not passing:`)
    for (const [id, test] of failing) {
      console.log(`  ${id} (${test.state}): ${test.name}`)
      if (test.message) console.log(`      ${test.message}`)
      const reason = expected.get(id)
      if (reason) console.log(`      expected: ${reason.group}: ${reason.text}`)
      else changes.push(`${id} does not pass (${test.state}), and nothing says why`)
    }
  }
  for (const [id, { group }] of expected) {
    const state = states.get(id)?.state
    if (state === undefined && listed) changes.push(`${id} is expected not to pass, and is no test of this suite`)
    if (state === 'pass' && listed && group !== 'timing') changes.push(`${id} passes now; take it out of the list of exceptions`)
  }
  if (changes.length === 0) {
    console.log('as expected')
    return 0
  }
  console.log('not as expected:')
  for (const change of changes) console.log(`  ${change}`)
  console.log(`what the gateway did: ${logFile}`)
  return 1
}

// The suite's client leaves connections and timers behind, which would keep this process alive.
main().then(() => process.exit(), e => fail(e.stack, 1))
