import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'mocha'
import { HearsayCommand, LOOPBACK } from '../support/hearsay-command.ts'
import { ChildProgram } from '../support/processes.ts'

const member = (args: readonly string[], env: Readonly<Record<string, string>> = {}): HearsayCommand =>
  new HearsayCommand(['up', '--room', 'kitchen', '--json', ...LOOPBACK, ...args], env)

const dhtNode = (entries: readonly string[]): HearsayCommand =>
  new HearsayCommand(['dht', '--json', ...LOOPBACK, ...entries.flatMap((entry) => ['--dht', entry])])

async function peerOf(command: HearsayCommand): Promise<unknown> {
  return (await command.event({ event: 'ready' })).peer
}

describe('members who were told of DHT nodes only', function () {
  this.timeout(100_000)

  it('find each other, and stay together when the DHT is gone', async () => {
    await using first = dhtNode([])
    const entries = [await first.address()]
    await using second = dhtNode(entries)
    entries.push(await second.address())
    await using third = dhtNode(entries)
    entries.push(await third.address())

    await using one = member(['--dht', entries[0]])
    await one.address()
    await using other = member([], { HEARSAY_DHT: entries[2] })
    await one.event({ event: 'connected', peer: await peerOf(other) })
    await other.event({ event: 'connected', peer: await peerOf(one) })

    for (const node of [first, second, third]) node.kill('SIGKILL')
    await Promise.all([first.end(), second.end(), third.end()])
    await using newcomer = member(['--bootstrap', await other.address()])
    await newcomer.event({ event: 'connected', peer: await peerOf(one) })
    await newcomer.event({ event: 'connected', peer: await peerOf(other) })
    assert.ok(![one, other].some(({ stdout }) => stdout.includes('"disconnected"')))
    await Promise.all([one, other, newcomer].map((command) => command.terminate()))
  })
})

describe('members who start at once and were told of a DHT node only', function () {
  this.timeout(100_000)

  it('become one mesh', async () => {
    await using node = dhtNode([])
    const dht = ['--dht', await node.address()]
    await using running = new AsyncDisposableStack()
    const members = Array.from({ length: 4 }, () => running.use(member(dht)))
    const peers = await Promise.all(members.map(peerOf))
    for (const [index, each] of members.entries()) {
      const others = peers.filter((_, other) => other !== index)
      await Promise.all(others.map((peer) => each.event({ event: 'connected', peer })))
    }
    await Promise.all(members.map((each) => each.terminate()))
  })
})

describe('a DHT node', function () {
  this.timeout(60_000)

  it('tells a person how members use it, and closes on SIGTERM', async () => {
    await using node = new HearsayCommand(['dht', ...LOOPBACK])
    await node.line((text) => text.includes('--dht'))
    await node.line((text) => text.startsWith('/ip4/127.0.0.1/tcp/'))
    await node.terminate()
    assert.equal(node.lines.at(-1), 'closed')
  })
})

describe('a mesh without DHT and mDNS', function () {
  this.timeout(60_000)

  it('does not wait for their libraries', async () => {
    await using program = new ChildProgram([
      join(import.meta.dirname, '../support/fixtures/loads-what-it-uses.ts')
    ])
    const { code, stderr } = await program.end()
    assert.equal(code, 0, stderr)
    const loaded = program.lines.map((line) => (JSON.parse(line) as { loaded: string[] }).loaded)
    assert.deepEqual(loaded, [[], ['@libp2p/kad-dht']])
  })
})
