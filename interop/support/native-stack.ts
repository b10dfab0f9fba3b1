import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PeerHost, Stack } from './peer-host.ts'
import type { PeerOutput } from './plan.ts'

/**
 * A stack with a native addon, each peer in a process of its own: what such an addon leaves running, or crashes on
 * its way out, is none of the test's business.
 */
export class NativeStack implements Stack {
  readonly name: 'node-datachannel' | '@roamhq/wrtc'

  constructor(name: 'node-datachannel' | '@roamhq/wrtc') {
    this.name = name
  }

  async open(configuration: RTCConfiguration = {}): Promise<PeerHost> {
    const child = fork(
      fileURLToPath(new URL('./native-peer.ts', import.meta.url)),
      [this.name, JSON.stringify(configuration)],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }
    )
    const exited = once(child, 'exit')
    const host: PeerHost = {
      send: (input) => {
        child.send(input)
      },
      onoutput: () => {},
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGKILL')
        await exited
      }
    }
    child.on('message', (output: PeerOutput) => host.onoutput(output))
    return host
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
