import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { allConnected, allHear, OverlayMember, until } from '../support/overlay-member.ts'

/** How long members come and go, in minutes; ten show more than one. */
const CHURN_MINUTES = Number(process.env.HEARSAY_CHURN_MINUTES ?? 1)

/** Ten processes that start take seconds on a quiet machine, and minutes on a busy one. */
const SETUP_MS = 240_000

const LISTEN = '/ip4/127.0.0.1/tcp/0'

describe('the overlay over sessions', function () {
  this.timeout(SETUP_MS)
  const members: OverlayMember[] = []

  afterEach(async () => {
    await Promise.all(members.splice(0).map((member) => member[Symbol.asyncDispose]()))
  })

  /** Each is told only of the one before it. */
  async function startLine(room: string, length: number, options = {}): Promise<void> {
    while (members.length < length) {
      const last = members.at(-1)
      const entry = last === undefined ? '' : (await last.event('ready')).addresses[0]
      members.push(await OverlayMember.start(room, entry, options))
    }
  }

  async function kill(count: number): Promise<void> {
    const killed = Array.from({ length: count }, () => {
      const [member] = members.splice(Math.floor(Math.random() * members.length), 1)
      return member ?? assert.fail('nobody is left')
    })
    await Promise.all(killed.map((member) => member[Symbol.asyncDispose]()))
  }

  async function ridesOnSessions(member: OverlayMember): Promise<boolean> {
    const links = await member.links()
    return links.length > 0 && links.every((link) => link.startsWith('/hearsay/overlay/'))
  }

  it('keeps members together whose listeners are all closed, while they come and go', async function () {
    const churnMs = CHURN_MINUTES * 60_000
    this.timeout(churnMs + SETUP_MS)
    const options = { lifetimeMs: churnMs + SETUP_MS }
    await startLine('closed', 6, options)
    await allConnected(members)
    for (const member of members) await member.unlisten()
    const end = performance.now() + churnMs
    let newcomers = 0
    do {
      await until(async () => (await Promise.all(members.map(ridesOnSessions))).every(Boolean))
      await allHear(members)
      await kill(1)
      const door = members[Math.floor(Math.random() * members.length)] ?? assert.fail()
      const address = await door.listen(LISTEN)
      members.push(await OverlayMember.start('closed', address, options))
      newcomers++
      await allConnected(members)
      await allHear(members)
      await Promise.all(members.map((member) => member.unlisten()))
    } while (performance.now() < end)
    assert.ok(newcomers > 0)
  })

  it('is one mesh again after three of ten members die at once', async () => {
    await startLine('killed', 10, { lifetimeMs: SETUP_MS })
    await allConnected(members)
    for (const member of members) await member.unlisten()
    await allHear(members)
    await kill(3)
    const killedAt = performance.now()
    await allHear(members)
    console.log(`      one mesh again after ${((performance.now() - killedAt) / 1000).toFixed(1)} s`)
  })
})
