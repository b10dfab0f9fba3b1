import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { OverlayMember, until } from '../support/overlay-member.ts'

const SIZE = 7
const LIMIT = 3

/** How long what was said has to arrive before it is taken for lost while the overlay mends itself, in milliseconds. */
const ROUND_MS = 1_000

describe('broadcast among processes beyond the connection limit', function () {
  this.timeout(180_000)
  const members: OverlayMember[] = []
  let said = 0

  afterEach(async () => {
    await Promise.all(members.splice(0).map((member) => member[Symbol.asyncDispose]()))
  })

  const hasArrived = (texts: readonly string[]): boolean =>
    members.every((member, index) => texts.every((text, from) => from === index || member.messages.has(text)))

  /** Each says something. */
  async function sayAll(): Promise<string[]> {
    const texts = members.map(({ peerId }) => `${peerId} ${said++}`)
    await Promise.all(members.map((member, index) => member.ask('broadcast', texts[index])))
    return texts
  }

  /** Resolves once everything that each says arrives everywhere. */
  async function allHear(): Promise<void> {
    for (;;) {
      const texts = await sayAll()
      const deadline = performance.now() + ROUND_MS
      await until(() => hasArrived(texts) || performance.now() > deadline)
      if (hasArrived(texts)) return
    }
  }

  async function eachReachesEachOnce(): Promise<void> {
    await allHear()
    const texts = await sayAll()
    await until(() => hasArrived(texts))
    await allHear()
    for (const member of members) {
      const heard = member.lines.map((line) => JSON.parse(line) as { event: string; message: string })
      const messages = heard.filter(({ event }) => event === 'message').map(({ message }) => message)
      assert.equal(messages.length, new Set(messages).size)
    }
  }

  it('reaches every process once, and every one that is left when two are killed', async () => {
    while (members.length < SIZE) {
      const last = members.at(-1)
      const entry = last === undefined ? '' : (await last.event('ready')).addresses[0]
      members.push(await OverlayMember.start('broadcast', entry, { maxConnections: LIMIT }))
    }
    await eachReachesEachOnce()
    assert.ok(members.every(({ connected }) => connected.size <= LIMIT))
    await Promise.all(members.splice(2, 2).map((member) => member[Symbol.asyncDispose]()))
    await eachReachesEachOnce()
  })
})
