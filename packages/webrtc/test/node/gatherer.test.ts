import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Gatherer } from '../../src/node/ice/gatherer.ts'
import { MAX_HOST_ADDRESSES } from '../../src/node/ice/host-addresses.ts'
import { InterfaceWatch } from '../../src/node/ice/interface-watch.ts'
import { UdpSocket } from '../../src/node/ice/udp-socket.ts'
import { closeBase, type IceBase } from '../../src/node/ice/werift.ts'
import { assertNoLeaks } from './support/leaks.ts'

describe('InterfaceWatch', () => {
  it('gives what is new, within the bound on host addresses', () => {
    const watch = new InterfaceWatch()
    assert.deepEqual(watch.look(['127.0.0.1']), ['127.0.0.1'])
    assert.deepEqual(watch.look(['192.0.2.1', '127.0.0.1']), ['192.0.2.1'])
    assert.deepEqual(watch.look(['127.0.0.1']), [])
    const many = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`)
    assert.deepEqual(watch.look(many), many.slice(0, MAX_HOST_ADDRESSES - 2))
    assert.deepEqual(watch.look(['192.0.2.2']), [])
    watch.forget('192.0.2.1')
    assert.deepEqual(watch.look(['127.0.0.1', '192.0.2.1']), ['192.0.2.1'])
  })

  it('looks less and less often, and never stops', () => {
    const watch = new InterfaceWatch()
    const waits = Array.from({ length: 40 }, () => {
      watch.look([])
      return watch.waitMs
    })
    assert.deepEqual(waits.slice(0, 5), [100, 200, 400, 800, 1600])
    assert.equal(waits.at(-1), 30_000)
  })

  it('is early for four looks while there is nothing but loopback, and never with more', () => {
    for (const loopback of [[], ['127.0.0.1', '::1']]) {
      const watch = new InterfaceWatch()
      const early = Array.from({ length: 6 }, () => {
        watch.look(loopback)
        return watch.isEarly
      })
      assert.deepEqual(early, [true, true, true, true, false, false])
    }
    const watch = new InterfaceWatch()
    watch.look(['127.0.0.1', '192.0.2.1'])
    assert.equal(watch.isEarly, false)
  })
})

describe('Gatherer', () => {
  let addresses: string[]
  let log: string[]
  let bases: IceBase[]
  let abort: AbortController
  let gatherer: Gatherer

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    addresses = []
    log = []
    bases = []
    abort = new AbortController()
    gatherer = new Gatherer({
      hostAddresses: () => addresses,
      iceServers: [],
      relayOnly: false,
      signal: abort.signal,
      onBaseCreated: (base) => bases.push(base),
      onBase: (base) => log.push(`base ${base.localCandidate?.host}`),
      onCandidate: ({ address }) => log.push(`candidate ${address}`),
      onError: () => log.push('error'),
      onComplete: () => log.push('complete')
    })
  })

  afterEach(() => {
    abort.abort()
    gatherer.stopWatching()
    for (const base of bases) closeBase(base)
    mock.timers.reset()
    mock.restoreAll()
  })

  async function logged(entry: string): Promise<void> {
    while (!log.includes(entry)) await turn()
  }

  it('takes interfaces that come up later, and waits for them with the end where there is only loopback', async () => {
    gatherer.start()
    mock.timers.tick(100)
    addresses = ['127.0.0.1']
    mock.timers.tick(200)
    await logged('candidate 127.0.0.1')
    addresses = ['127.0.0.1', '127.0.0.2']
    mock.timers.tick(400)
    await logged('candidate 127.0.0.2')
    assert.ok(!log.includes('complete'))
    mock.timers.tick(800)
    assert.equal(log.at(-1), 'complete')
    // The peer has been told that these were all: it learns of another by a check from there.
    addresses = ['127.0.0.3']
    mock.timers.tick(1600)
    await logged('base 127.0.0.3')
    await turn()
    assert.equal(log.at(-1), 'base 127.0.0.3')
  })

  it('does not wait where there is more than loopback', async () => {
    const bind = UdpSocket.bind.bind(UdpSocket)
    mock.method(UdpSocket, 'bind', () => bind('127.0.0.1'))
    addresses = ['127.0.0.1', '192.0.2.1']
    gatherer.start()
    await logged('complete')
    assert.deepEqual(log.slice(0, -1).sort(), [
      'base 127.0.0.1',
      'base 192.0.2.1',
      'candidate 127.0.0.1',
      'candidate 192.0.2.1'
    ])
  })

  it('tries again an address that could not be used yet', async () => {
    const bind = UdpSocket.bind.bind(UdpSocket)
    let attempts = 0
    mock.method(UdpSocket, 'bind', () =>
      ++attempts < 3 ? Promise.reject(new Error('EADDRNOTAVAIL')) : bind('127.0.0.1')
    )
    addresses = ['2001:db8::1']
    gatherer.start()
    for (const waitMs of [100, 200]) {
      await turn()
      mock.timers.tick(waitMs)
    }
    await logged('complete')
    assert.deepEqual([attempts, log], [3, ['base 2001:db8::1', 'candidate 2001:db8::1', 'complete']])
  })

  it('ends as soon as it is told that no more is needed', async () => {
    addresses = ['127.0.0.1']
    gatherer.start()
    await logged('candidate 127.0.0.1')
    await turn()
    assert.ok(!log.includes('complete'))
    gatherer.stopWatching()
    gatherer.stopWatching()
    assert.deepEqual(log.slice(-2), ['candidate 127.0.0.1', 'complete'])
    addresses.push('127.0.0.2')
    mock.timers.tick(100_000)
    await turn()
    assert.equal(bases.length, 1)
  })

  it('says nothing more once it is aborted, and leaves no socket', () =>
    assertNoLeaks(async () => {
      addresses = ['127.0.0.1']
      gatherer.start()
      abort.abort()
      gatherer.stopWatching()
      for (let count = 0; count < 5; count++) await turn()
      assert.deepEqual(log, [])
    }))
})
