import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { HearsayCommand } from '../support/hearsay-command.ts'
import { LocalNetwork } from '../support/local-network.ts'
import { ChildProgram } from '../support/processes.ts'
import { requirement } from '../support/requirements.ts'

const LISTENER = join(import.meta.dirname, '../support/fixtures/hears-multicast.ts')

describe('members on one local network', function () {
  this.timeout(60_000)
  let network: LocalNetwork

  before(function () {
    network = new LocalNetwork(requirement(this, 'iproute2'))
  })

  after(() => {
    // Absent where the suite was skipped.
    ;(network as LocalNetwork | undefined)?.[Symbol.dispose]()
  })

  function member(host: string, args: readonly string[]): HearsayCommand {
    const options = ['--json', '--listen', '/ip4/0.0.0.0/tcp/0', ...args]
    return new HearsayCommand(['up', ...options], {}, undefined, host)
  }

  it('find each other with no address, and tell nobody the name of their room', async () => {
    await using listener = new ChildProgram([LISTENER], { namespace: await network.addHost() })
    await listener.line((line) => line === 'listening')
    await using one = member(await network.addHost(), ['--room', 'kitchen', '--mdns'])
    const { peer } = await one.event({ event: 'ready' })
    await using neighbour = member(await network.addHost(), ['--room', 'cellar', '--mdns'])
    await using silent = member(await network.addHost(), ['--room', 'kitchen'])
    await Promise.all([neighbour.address(), silent.address()])
    await using other = member(await network.addHost(), ['--room', 'kitchen', '--mdns'])
    await other.event({ event: 'connected', peer })
    await one.event({ event: 'connected', peer: (await other.event({ event: 'ready' })).peer })
    for (const { stdout } of [neighbour, silent]) assert.ok(!stdout.includes('"connected"'), stdout)
    const heard = await listener.line((line) => line.includes(String(peer)))
    assert.match(heard, /_h[a-z2-7]{14}[^a-z2-7]+_udp[^a-z]+local/)
    assert.doesNotMatch(listener.stdout, /kitchen|cellar/i)
    await Promise.all([one, other, neighbour, silent].map((command) => command.terminate()))
  })
})
