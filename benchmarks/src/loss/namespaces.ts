import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What the kernel's token bucket may send at once, in bytes: it must hold one packet, and a timer's worth of them. */
const burstBytes = 16 * 1024

const senderAddress = '10.99.0.1'
const receiverAddress = '10.99.0.2'

export interface Bottleneck {
  readonly bytesPerSecond: number
  readonly queueBytes: number
}

/** Two network namespaces with a cable between them whose one direction is slow. Needs root, iproute2 and tbf. */
export class Namespaces implements AsyncDisposable {
  readonly sender = `hearsay-bench-${process.pid}-a`
  readonly receiver = `hearsay-bench-${process.pid}-b`
  readonly receiverAddress = receiverAddress
  /** The name of the cable's end in either. */
  readonly device = 'cable'

  /** @throws {Error} where the machine cannot */
  static async create({ bytesPerSecond, queueBytes }: Bottleneck): Promise<Namespaces> {
    const namespaces = new Namespaces()
    const { sender, receiver, device } = namespaces
    try {
      await run('ip', ['netns', 'add', sender])
      await run('ip', ['netns', 'add', receiver])
      const ends = [
        'name',
        device,
        'netns',
        sender,
        'type',
        'veth',
        'peer',
        'name',
        device,
        'netns',
        receiver
      ]
      await run('ip', ['link', 'add', ...ends])
      for (const [namespace, address] of [
        [sender, senderAddress],
        [receiver, receiverAddress]
      ]) {
        const inside = (...args: string[]): Promise<unknown> => run('ip', ['-n', namespace, ...args])
        await inside('link', 'set', 'lo', 'up')
        await inside('link', 'set', device, 'addrgenmode', 'none')
        await inside('address', 'add', `${address}/24`, 'dev', device)
        await inside('link', 'set', device, 'up')
      }
      const limits = [
        'rate',
        `${bytesPerSecond * 8}bit`,
        'burst',
        String(burstBytes),
        'limit',
        String(queueBytes)
      ]
      for (const namespace of [sender, receiver]) await isUp(namespace, device)
      await run('tc', ['-n', sender, 'qdisc', 'add', 'dev', device, 'root', 'tbf', ...limits])
      return namespaces
    } catch (error) {
      await namespaces[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.sender, this.receiver]) {
      // One that was never made cannot be removed.
      await run('ip', ['netns', 'delete', name]).catch(() => undefined)
    }
  }
}

/** The kernel tells of a new cable a moment after it was plugged in; until then programs do not see its address. */
async function isUp(namespace: string, device: string): Promise<void> {
  for (;;) {
    const { stdout } = await run('ip', ['-n', namespace, 'link', 'show', 'dev', device])
    if (stdout.includes('state UP')) return
    await setTimeout(20)
  }
}
