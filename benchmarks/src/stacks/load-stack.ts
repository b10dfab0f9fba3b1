import type { ContenderName, Stack } from './stack.ts'

/** Each process loads the one stack that it runs: native ones start threads as soon as they are loaded. */
export async function loadStack(name: ContenderName): Promise<Stack> {
  switch (name) {
    case 'hearsay':
      return (await import('./hearsay.ts')).stack
    case 'werift':
      return (await import('./werift.ts')).stack
    case 'node-datachannel':
      return (await import('./node-datachannel.ts')).stack
    case 'wrtc':
      return (await import('./wrtc.ts')).stack
  }
}
