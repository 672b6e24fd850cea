// A moment without any request under way, in which what the cache still has to write is written.
const QUIET = 300

/**
 * Holds each test's second request until the gateway has been started anew. So whatever that request reuses was stored
 * by a process that is gone. Once for each test, because many count on a lifetime of two seconds later on.
 */
export class Restarts {
  constructor (fetch, restart) {
    this.plainFetch = fetch
    this.restart = restart
    this.count = 0
    this.underway = 0
    this.waiting = []
    this.restarting = false
    this.timer = null
  }

  async fetch (url, init) {
    // The suite numbers a test's requests, and only those.
    const number = new Map(init?.headers ?? []).get('Req-Num')
    if (this.restarting || number === '2') {
      await new Promise(resolve => {
        this.waiting.push(resolve)
        this.settle()
      })
    }
    this.underway++
    clearTimeout(this.timer)
    try {
      const response = await this.plainFetch(url, init)
      // The body has to be here before the process may go.
      const text = await response.text()
      response.text = async () => text
      return response
    } finally {
      this.underway--
      this.settle()
    }
  }

  settle () {
    clearTimeout(this.timer)
    if (this.underway === 0 && this.waiting.length > 0 && !this.restarting) {
      this.timer = setTimeout(() => this.now(), QUIET)
    }
  }

  async now () {
    this.restarting = true
    try {
      await this.restart()
      this.count++
    } finally {
      this.restarting = false
    }
    // Also what came meanwhile: nothing was under way when the process ended, so its test's last response is older.
    const released = this.waiting
    this.waiting = []
    for (const resolve of released) resolve()
  }
}
