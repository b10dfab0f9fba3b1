import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PeerHost, Stack } from './peer-host.ts'
import type { PeerOutput } from './plan.ts'

export type ProcessStackName = 'node-datachannel' | '@roamhq/wrtc' | '@hearsay/webrtc'

/**
 * A stack with each peer in a process of its own, which is killed in the end: what a native addon leaves running, or
 * crashes on its way out, is none of the test's business.
 */
export class ProcessStack implements Stack {
  readonly name: ProcessStackName

  constructor(name: ProcessStackName) {
    this.name = name
  }

  async open(): Promise<PeerHost> {
    const child = fork(fileURLToPath(new URL('./process-peer.ts', import.meta.url)), [this.name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
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
